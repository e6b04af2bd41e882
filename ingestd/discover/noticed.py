"""
What became of each path that a notice told of, until the ledger has it.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ingestd.discover.known import Unknown
from ingestd.discover.looker import Looked, Looker
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint
from ingestd.retry import Backoff

CAPACITY: Final = 10_000
"""Paths at once; a listing brings a thousand objects for the price of one look."""

AGAIN_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""When an object that is not there is asked for again: a notice may be early."""

CONFIRM_SECONDS: Final = 1.0
LOOK_AGAIN_SECONDS: Final = 30.0

Done = Callable[[], None]


@dataclass(slots=True)
class _Case:
    """
    One path, told of at *told_at* for the last time. *asked* while a look is under way,
    *again* when another notice came meanwhile; *entry* is what a look found,
    *offered_at* when it went to the ledger.
    """

    dones: list[Done]
    told_at: float
    at: float = 0.0
    asked: bool = False
    again: bool = False
    misses: int = 0
    failures: int = 0
    error: str = ""
    entry: Entry | None = None
    offered_at: float | None = None


@dataclass(slots=True)
class Noticed:
    """
    Owned by the loop's thread, but for ``offer`` and ``room``.

    *looker* asks the store; *unknown* is the ledger's filter; *wake* the loop's.
    """

    looker: Looker
    unknown: Unknown
    wake: Callable[[], None]
    backoff: Backoff = field(default_factory=lambda: Backoff(1.0, 30.0))
    _offered: queue.SimpleQueue[tuple[bytes, Done]] = field(
        default_factory=queue.SimpleQueue
    )
    _cases: dict[bytes, _Case] = field(default_factory=dict)
    _due: list[tuple[float, bytes]] = field(default_factory=list)
    _held: int = 0  # paths that were offered and have not ended
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def offer(self, paths: list[bytes], done: Done) -> bool:
        """
        Have *paths* looked at; *done* is called by the loop when all have ended: the
        ledger has what is there, or nothing is. False, and nothing, when there are too
        many. Safe from every thread.
        """
        with self._lock:
            if self._held + len(paths) > CAPACITY:
                return False
            self._held += len(paths)
        left = len(paths)

        def ended() -> None:
            nonlocal left
            left -= 1
            if not left:
                done()

        for path in paths:
            self._offered.put((path, ended))
        self.wake()
        return True

    def room(self) -> bool:
        """
        Return whether more may be offered. Safe from every thread.
        """
        return self._held < CAPACITY

    def knows(self, path: bytes) -> bool:
        """
        Return whether a notice told of *path* and its case is open.
        """
        return path in self._cases

    def advance(self, now: float, limit: int) -> list[Entry]:
        """
        Take what was offered and what was seen; return what the ledger lacks, at most
        *limit* entries.
        """
        while not self._offered.empty():
            self._told(*self._offered.get(), now)
        while (looked := self.looker.take()) is not None:
            self._seen(looked, now)
        return self._settled(self._take_due(now, limit), now)

    def next_due(self) -> float | None:
        """
        Return when there is something to do, None for never.
        """
        return self._due[0][0] if self._due else None

    def holding(self, path: bytes) -> str:
        """
        Return one sentence: how it stands with *path*, or "".
        """
        case = self._cases.get(path)
        if case is None:
            return ""
        if case.error:
            return f"a notice told of it, and the store cannot be asked: {case.error}"
        if case.misses:
            return "a notice told of it, and the store has no such object yet"
        if case.entry is None:
            return "a notice told of it, and the store is being asked"
        return "a notice told of it, and the ledger is to take it"

    def listed(self, begun: float) -> None:
        """
        Take note of a complete listing that was *begun* then: what could not be asked
        for is left to it.
        """
        for path, case in list(self._cases.items()):
            if case.failures and case.told_at <= begun and not case.asked:
                self._close(path)

    def _told(self, path: bytes, done: Done, now: float) -> None:
        case = self._cases.get(path)
        if case is None:
            self._cases[path] = case = _Case([done], now)
        else:
            case.dones.append(done)
            # What was seen may be the version before the one that is told of now.
            case.again = case.asked
            case.misses, case.entry, case.offered_at = 0, None, None
            case.told_at = now
        if not case.asked:
            self._ask(path, case)

    def _ask(self, path: bytes, case: _Case) -> None:
        case.asked, case.again = True, False
        self.looker.ask(path)

    def _seen(self, looked: Looked, now: float) -> None:
        path = looked.path
        case = self._cases[path]
        case.asked, case.error = False, looked.error
        if case.again:
            self._ask(path, case)
        elif looked.error:
            case.failures += 1
            self._later(path, case, now + self.backoff.delay(case.failures))
        elif looked.stored is None:
            if case.misses == len(AGAIN_SECONDS):
                self._close(path)
                return
            self._later(path, case, now + AGAIN_SECONDS[case.misses])
            case.misses += 1
        else:
            stored = looked.stored
            case.entry = Entry(path, Fingerprint(stored.size, 0, 0, 0, stored.etag))
            self._later(path, case, now)

    def _later(self, path: bytes, case: _Case, at: float) -> None:
        case.at = at
        heapq.heappush(self._due, (at, path))

    def _take_due(self, now: float, limit: int) -> list[Entry]:
        found: dict[bytes, Entry] = {}
        while self._due and self._due[0][0] <= now and len(found) < limit:
            at, path = heapq.heappop(self._due)
            case = self._cases.get(path)
            if case is None or case.at != at or case.asked:
                continue  # of a case that has moved on
            if case.entry is None:
                self._ask(path, case)
            else:
                found[path] = case.entry
        return list(found.values())

    def _settled(self, entries: list[Entry], now: float) -> list[Entry]:
        """
        Close the cases of what the ledger has; return what it is to be offered.
        """
        if not entries:
            return []
        lacking = {entry.path: entry for entry in self.unknown(entries)}
        new = []
        for entry in entries:
            case = self._cases[entry.path]
            if entry.path not in lacking:
                self._close(entry.path)
            elif case.offered_at is None:
                new.append(entry)
                case.offered_at = now
                # The ledger is asked for it in the next turn.
                self._later(entry.path, case, now)
            elif now - case.offered_at >= LOOK_AGAIN_SECONDS:
                # Held for long, or replaced before it was taken.
                case.entry, case.offered_at = None, None
                self._ask(entry.path, case)
            else:
                self._later(entry.path, case, now + CONFIRM_SECONDS)
        return new

    def _close(self, path: bytes) -> None:
        dones = self._cases.pop(path).dones
        with self._lock:
            self._held -= len(dones)
        for done in dones:
            done()
