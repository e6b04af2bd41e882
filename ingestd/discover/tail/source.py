"""
A folder of growing files as the pipeline sees it: what was taken of them, on demand.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover.candidate import Hint
from ingestd.discover.tail.follow import Past
from ingestd.discover.tail.tail import Listed, Tail
from ingestd.errors import said_of
from ingestd.growing import Borders, Growing, Grown, Unpack
from ingestd.observe.events import (
    Event,
    ScanFailed,
    ScanFinished,
    TailGivenUp,
)
from ingestd.retry import Backoff

LOOK_SECONDS = 0.1
LIST_SECONDS = 1.0
_LIST_SHARE = 20
"""A listing may take one part in so many of the time."""


@dataclass(slots=True)
class Waiting:
    """
    What is there and not taken, for those who ask a source what settles.
    """

    files: int = 0

    def hint(self, path: bytes, kind: Hint, now: float) -> None:
        """
        Do nothing: what was taken is never looked at again.
        """

    def pending(self) -> int:
        """
        Return how many files have something to take.
        """
        return self.files

    def settling(self) -> int:
        """
        Return how many files have something to take.
        """
        return self.files


class TailSource:
    """
    A service: one thread looks, lists and cuts; it takes only what it is asked for.

    All methods but start and stop belong to the pipeline's thread. *away* says why the
    last listing failed, "" when it did not; *behind* are the bytes that were seen and
    not taken.
    """

    def __init__(
        self,
        pipeline: str,
        source: Source,
        past: Past,
        borders: Borders,
        unpack: Unpack,
        waker: Waker,
        *,
        most: int,
    ) -> None:
        """
        Build the parts; a cut takes about *most* bytes.
        """
        self.pipeline = pipeline
        self.settle = Waiting()
        self.away = ""
        self.behind = 0
        self._tail = Tail(pipeline, source, past, borders, unpack)
        self._every = source.gather_seconds
        self._most = most
        self._waker = waker
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._cut: list[Grown] = []
        self._asked = threading.Event()
        self._told: queue.SimpleQueue[list[Growing]] = queue.SimpleQueue()
        self._asked_at = -float("inf")
        self._next = Waker()
        self._stopping = threading.Event()
        self._backoff = Backoff(1.0, max(1.0, source.scan_seconds))
        self._thread: threading.Thread | None = None

    def load(self, growing: Sequence[Growing]) -> None:
        """
        Go on with what the ledger has; before the start.
        """
        self._tail.load(growing)

    def start(self) -> None:
        """
        Begin, with a listing at once.
        """
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """
        End; what was not handed over is taken again by the next.
        """
        self._stopping.set()
        self._next.wake()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def news(self) -> list[Event]:
        """
        Return the events since the last call.
        """
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found

    def ask(self, now: float) -> None:
        """
        Have something taken as soon as there is something, if it is time again.
        """
        if now >= self._asked_at + self._every and not self._asked.is_set():
            self._asked_at = now
            self._asked.set()
            self._next.wake()

    def taken(self) -> list[Grown]:
        """
        Return what was taken; it stays until ``told``.
        """
        return self._cut

    def told(self, ones: list[Growing]) -> None:
        """
        Say that the ledger has what was taken, and as what.
        """
        self._cut = []
        self._told.put(ones)

    def next_due(self, now: float) -> float:
        """
        Return when to ask again, unless woken before.
        """
        due = self._asked_at + self._every
        return due if self.settle.files and due > now else float("inf")

    def why(self, path: bytes, now: float) -> str:
        """
        Return how far *path* was taken, and what the rest waits for, or "".
        """
        return self._tail.why(path, now)

    def _run(self) -> None:
        due, failures = 0.0, 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            try:
                if begun >= due or self._tail.restless:
                    failures = self._list(begun, failures)
                    took = time.monotonic() - begun
                    due = begun + max(LIST_SECONDS, _LIST_SHARE * took)
                    due = begun + self._backoff.delay(failures) if failures else due
                else:
                    self._tail.look(begun)
                self._notice(begun)
                self._hand_over(begun)
            except Exception as error:  # noqa: BLE001 - the thread's border: told, tried again
                failures += 1
                self._failed(error, failures)
                self._next.wait(self._backoff.delay(failures))
            self._next.wait(LOOK_SECONDS)

    def _list(self, now: float, failures: int) -> int:
        """
        List the folder; return how often that failed in a row.
        """
        found = self._tail.compare(now)
        for one in self._tail.lost():
            self._say(TailGivenUp(self.pipeline, one.place, one.behind, _GONE))
        if found.error is None:
            self.away = ""
            self._say(self._finished(found, time.monotonic() - now))
            return 0
        self._failed(found.error, failures + 1)
        return failures + 1

    def _finished(self, found: Listed, seconds: float) -> ScanFinished:
        return ScanFinished(
            pipeline=self.pipeline,
            files=found.files,
            unknown=found.fresh,
            found_by_scan_only=0,
            irregular=found.irregular,
            seconds=seconds,
        )

    def _failed(self, error: Exception, failures: int) -> None:
        self.away, hint = said_of(error)
        delay = self._backoff.delay(failures)
        self._say(ScanFailed(self.pipeline, self.away, delay, hint))

    def _notice(self, now: float) -> None:
        """
        Say how much there is to take, and wake the loop when there is something new.
        """
        before, self.behind = self.settle.files, self._tail.behind
        self.settle.files = self._tail.waiting(now)
        if self.settle.files and not before:
            self._waker.wake()

    def _hand_over(self, now: float) -> None:
        """
        Take what was asked for; rest until the ledger has it.

        Where files are is told unasked: what is rotated while no batch may begin must
        be known afterwards as what was followed.
        """
        asked = self._asked.is_set() and self.settle.files
        if not (asked or self._tail.untold):
            return
        if grown := self._tail.cut(now, self._most if asked else 0):
            if asked:
                self._asked.clear()
            self._cut = grown
            self._waker.wake()
            self._await_told()
        self.behind, self.settle.files = self._tail.behind, self._tail.waiting(now)

    def _await_told(self) -> None:
        while not self._stopping.is_set():
            try:
                ones = self._told.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            self._tail.told(ones)
            return

    def _say(self, event: Event) -> None:
        self._events.put(event)
        self._waker.wake()


_GONE = "no file has them any more: it was removed, or truncated without a copy"
