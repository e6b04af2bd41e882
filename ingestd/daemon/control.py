"""
How ``retry`` and ``why`` reach a running daemon: a Unix socket in the state folder.

One JSON document in, one out, each a line. The folder and the socket are for the
daemon's user alone.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingestd.clock import Waker
from ingestd.errors import IngestdError

SOCKET_NAME = "control.sock"
CLIENT_SECONDS = 10.0
LONGEST_REQUEST = 16 << 20

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class _Request:
    document: dict[str, Any]
    reply: dict[str, Any] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)


class Control:
    """
    A service: takes requests in threads of its own, has the loop answer them.
    """

    def __init__(self, state_dir: str, waker: Waker, answer: Answer) -> None:
        """
        Listen in *state_dir*; *answer* is called by the loop only.
        """
        self._path = Path(state_dir, SOCKET_NAME)
        self._waker = waker
        self._answer = answer
        self._asked: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """
        Listen; a socket that a dead daemon left is replaced: we hold the lock.
        """
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A path over 107 bytes does not fit into a socket address; through the
        # folder's descriptor any state_dir does.
        folder = os.open(self._path.parent, os.O_PATH | os.O_CLOEXEC)
        try:
            old = os.umask(0o177)
            try:
                listener.bind(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
            finally:
                os.umask(old)
        finally:
            os.close(folder)
        listener.listen(8)
        self._socket = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        """
        Close; harmless twice.
        """
        if self._socket is not None:
            # Wakes the accepting thread, which a plain close would not.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)

    def serve(self) -> None:
        """
        Answer what was asked; called by the loop.
        """
        while not self._asked.empty():
            request = self._asked.get()
            try:
                request.reply = self._answer(request.document)
            except (KeyError, ValueError, TypeError) as err:
                request.reply = {"error": f"bad request: {err!r}"}
            except IngestdError as err:
                # Told to who asked; the loop meets the same at its own next step.
                request.reply = {"error": str(err)}
            request.done.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        client.settimeout(CLIENT_SECONDS)
        with client, client.makefile("rwb") as stream:
            try:
                line = stream.readline(LONGEST_REQUEST)
                request = _Request(json.loads(line))
                self._asked.put(request)
                self._waker.wake()
                request.done.wait(CLIENT_SECONDS)
                stream.write(json.dumps(request.reply).encode() + b"\n")
                stream.flush()
            except (OSError, ValueError, RecursionError):
                # The client left or sent no JSON: nobody is there to be told.
                return


def ask(state_dir: str, document: dict[str, Any]) -> dict[str, Any] | None:
    """
    Send *document* to the daemon of *state_dir*; None when none runs.
    """
    try:
        folder = os.open(state_dir, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(CLIENT_SECONDS)
    try:
        client.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    except (FileNotFoundError, ConnectionRefusedError):
        client.close()
        return None
    except OSError:
        client.close()
        raise
    finally:
        os.close(folder)
    with client, client.makefile("rwb") as stream:
        stream.write(json.dumps(document).encode() + b"\n")
        stream.flush()
        reply: dict[str, Any] = json.loads(stream.readline())
        return reply
