"""
The thread that scans: at start, every few seconds, and at once when asked.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ingestd.clock import Waker
from ingestd.discover.known import Known, Unknown
from ingestd.ledger.ledger import Entry
from ingestd.retry import Backoff

CHUNK = 500
_CHUNKS = 4
_STOP_POLL = 0.1


@dataclass(frozen=True, slots=True)
class ScanEnded:
    """
    A scan ended: complete, or with its *error*.

    *unknown* entries were handed over, in chunks, before this. *after* is the key where
    an ordered listing began, "" for a whole one.
    """

    reason: str
    files: int
    irregular: int
    unknown: int
    seconds: float
    error: Exception | None = None
    retry_seconds: float = 0.0
    after: str = ""


class Listing(Protocol):
    """
    One listing of a source; the counters are right at its end.
    """

    files: int
    irregular: int
    after: str


class Sweeper(Protocol):
    """
    Compares listings with the ledger; owned by one thread.
    """

    # Each takes the listings of its own kind of source.
    def sweep(self, scan: Any, again: Any, unknown: Unknown) -> Iterator[Entry]:  # noqa: ANN401
        """
        Yield the entries of *scan* that the ledger does not have; complete, or an error
        at the end.
        """
        ...


class Scanner:
    """
    A service. Its findings wait in a bounded queue until the owner takes them: while
    that is full the scan stands still, so memory does not grow with the folder.
    """

    def __init__(
        self,
        scan: Callable[[], Listing],
        unknown: Unknown,
        wake: Callable[[], None],
        *,
        every_seconds: float,
        backoff: Backoff | None = None,
        sweeper: Sweeper | None = None,
    ) -> None:
        """
        Scan by *scan*, keep what *unknown* keeps, call *wake* for each finding.
        """
        self._scan = scan
        self._unknown = unknown
        self._wake = wake
        self._known: Sweeper = sweeper or Known()  # the thread's own
        self.every_seconds = every_seconds
        self._backoff = backoff or Backoff(1.0, max(1.0, every_seconds))
        self._found: queue.Queue[list[Entry] | ScanEnded] = queue.Queue(_CHUNKS)
        self._next = Waker()
        self._stopping = threading.Event()
        self._reason = "start"  # written by any thread; the last one asked names it
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """
        Begin, with a scan at once.
        """
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """
        End, within a scan too; what was not taken is forgotten.
        """
        self._stopping.set()
        self._next.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def scan_now(self, reason: str) -> None:
        """
        Scan at once; during a scan, once more after it. Safe from every thread.
        """
        self._reason = reason
        self._next.wake()

    def alive(self) -> bool:
        """
        Return whether the thread runs.
        """
        return self._thread is not None and self._thread.is_alive()

    def take(self) -> list[Entry] | ScanEnded | None:
        """
        Return the next chunk (at most CHUNK entries) or end of a scan, if one waits.
        """
        try:
            return self._found.get_nowait()
        except queue.Empty:
            return None

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            reason, self._reason = self._reason, "period"
            ended = self._once(reason, failures + 1)
            failures = failures + 1 if ended.error else 0
            self._give(ended)
            self._next.wait(ended.retry_seconds if ended.error else self.every_seconds)

    def _once(self, reason: str, attempt: int) -> ScanEnded:
        begin = time.monotonic()
        scan = self._scan()
        unknown = 0
        failure: Exception | None = None
        chunk: list[Entry] = []
        try:
            for entry in self._known.sweep(scan, self._scan, self._unknown):
                chunk.append(entry)
                unknown += 1
                if len(chunk) == CHUNK:
                    if not self._give(chunk):
                        break
                    chunk = []
        except Exception as error:  # noqa: BLE001 - the thread's border: told, tried again
            failure = error
        # Also after an error: what was seen is there, and a folder that can never be
        # listed must not hold up the files of the others.
        if chunk:
            self._give(chunk)
        return ScanEnded(
            reason=reason,
            files=scan.files,
            irregular=scan.irregular,
            unknown=unknown,
            seconds=time.monotonic() - begin,
            error=failure,
            retry_seconds=self._backoff.delay(attempt) if failure else 0.0,
            after=scan.after,
        )

    def _give(self, found: list[Entry] | ScanEnded) -> bool:
        while not self._stopping.is_set():
            try:
                self._found.put(found, timeout=_STOP_POLL)
            except queue.Full:
                continue
            self._wake()
            return True
        return False
