"""
A server's process on loopback, from the moment it answers until the test ends.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.stores import CannotStart

PATIENCE_SECONDS = 60.0
_END_SECONDS = 5.0
_HOST = "127.0.0.1"


def free_port() -> int:
    """
    Return a port that nobody listens on.
    """
    with socket.create_server((_HOST, 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serving(
    command: list[str],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """
    Run *command* in *log*'s folder while it is served on *port*; raises CannotStart.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=log.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:  # it waits for clients that are still there
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection((_HOST, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise CannotStart(f"{log.stem} did not answer: {log.read_text()[-500:]}")
