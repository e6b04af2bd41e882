"""
A supervised child process: started, watched, restarted with back-off, ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

from ingestd.observe.events import (
    ServiceDied,
    ServiceRestarted,
    ServiceStarted,
    emit,
)
from ingestd.retry import Backoff

LineSink = Callable[[str, str], None]

STOP_SECONDS = 5.0
STEADY_SECONDS = 60.0


class Child:
    """
    One child process with a name.

    Owned by one thread, the one that lives as long as the daemon: the kernel ends a
    tethered child when the *thread* that started it ends (prctl(2)).
    """

    def __init__(
        self,
        name: str,
        command: Callable[[], list[str]],
        environment: Callable[[], Mapping[str, str]],
        on_line: LineSink,
        folder: str,
        *,
        address: str = "",
    ) -> None:
        """
        Run *command* in *folder*; each line it writes goes to *on_line*.

        *address* is where it will answer, for the log.
        """
        self.address = address
        self.name = name
        self.restarts = 0
        self.command = command
        self._environment = environment
        self._on_line = on_line
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._backoff = Backoff(base_seconds=0.2, max_seconds=15)
        self._failures = 0
        self._started_at = 0.0
        self._not_before = 0.0

    @property
    def pid(self) -> int:
        """
        The process id, 0 while it does not run.
        """
        return self._process.pid if self._process and self.running else 0

    @property
    def running(self) -> bool:
        """
        Whether the process is alive.
        """
        return self._process is not None and self._process.poll() is None

    def start(self, now: float) -> None:
        """
        Start the process; harmless while it runs.
        """
        if self.running:
            return
        tether = [sys.executable, "-m", "ingestd.run.tether", str(os.getpid())]
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            tether + self.command(),
            env={**os.environ, **self._environment()},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A Ctrl-C in the terminal is for the daemon, which ends its children in
            # order; the whole group would get it otherwise.
            start_new_session=True,
        )
        self._started_at = now
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()
        if self.restarts:
            emit(ServiceRestarted(self.name, self._process.pid, self.restarts))
        else:
            emit(ServiceStarted(self.name, self._process.pid, self.address))

    def tick(self, now: float) -> bool:
        """
        Restart the process if it has died and its back-off is over.

        Return True when a death was found, once for each.
        """
        if self.running:
            if now - self._started_at > STEADY_SECONDS:
                self._failures = 0
            return False
        died = self._process is not None
        if self._process is not None:
            pid, error = self._process.pid, _ending(self._process.returncode)
            self._process = None
            self._back_off(error, pid, now)
        elif now >= self._not_before:
            self._restart(now)
        return died

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has to be called to restart; None while it runs.
        """
        return None if self.running else self._not_before

    def kill(self) -> None:
        """
        End the process at once; the next ticks start it again.
        """
        if self._process and self.running:
            self._process.kill()
            self._process.wait()

    def ask_to_stop(self) -> None:
        """
        Send SIGTERM and return at once, so that several children end side by side.
        """
        if self._process and self.running:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """
        End the process: SIGTERM, a few seconds, SIGKILL. Harmless twice.
        """
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader:
            self._reader.join(STOP_SECONDS)
        self._process = None

    def _restart(self, now: float) -> None:
        self.restarts += 1
        try:
            self.start(now)
        except OSError as err:
            # A machine short of processes or memory for a moment: like a death.
            self.restarts -= 1
            self._back_off(f"cannot start: {err.strerror}", 0, now)

    def _back_off(self, error: str, pid: int, now: float) -> None:
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        self._not_before = now + delay
        emit(ServiceDied(service=self.name, error=error, pid=pid, restart_in=delay))

    def _read(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        with stream:
            for line in stream:
                self._on_line(self.name, line.decode("utf-8", "backslashreplace"))


def _ending(code: int) -> str:
    """
    Say how a process ended, from its return *code* as subprocess gives it.
    """
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"
