"""
Asking a store for single objects, a few at a time, beside the loop.
"""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from ingestd.errors import IngestdError
from ingestd.observe.events import FaultCaught, emit
from ingestd.storage import Stored

THREADS = 8
_STOP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Looked:
    """
    What the store said of *path*: None for no such object. *error* says why it said
    nothing, "" when it answered.
    """

    path: bytes
    stored: Stored | None
    error: str = ""


class Looker:
    """
    A service. ``ask`` and ``take`` belong to the loop's thread; neither blocks.
    """

    def __init__(
        self, head: Callable[[bytes], Stored | None], wake: Callable[[], None]
    ) -> None:
        """
        Ask by *head*, which raises IngestdError; call *wake* after each answer.
        """
        self._head = head
        self._wake = wake
        self._asked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Looked] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """
        Begin; what was asked before is asked now.
        """
        for _ in range(THREADS):
            thread = threading.Thread(target=self._run, name="looker", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """
        End. A thread that waits for a store is left to end with the process: it only
        reads, and nobody takes its answer.
        """
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        self._threads.clear()

    def ask(self, path: bytes) -> None:
        """
        Have *path* looked at.
        """
        self._asked.put(path)

    def take(self) -> Looked | None:
        """
        Return the next answer, None while there is none.
        """
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        while (path := self._asked.get()) is not None:
            self._answers.put(self.look(path))
            self._wake()

    def look(self, path: bytes) -> Looked:
        """
        Ask now, in this thread.
        """
        try:
            return Looked(path, self._head(path))
        except IngestdError as error:
            return Looked(path, None, str(error.args[0]))
        except Exception as error:  # noqa: BLE001 - the thread's border: told, tried again
            emit(FaultCaught("looker", repr(error), traceback.format_exc()))
            return Looked(path, None, repr(error))
