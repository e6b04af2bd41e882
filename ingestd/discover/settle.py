"""
When a file counts: decided without I/O, from hints, listings, looks and the time.

A candidate is looked at (stat and lease) when a hint or a listing tells of it, and
again as its state demands. It settles when its writer has finished: at once where a
lease proves it, else when it has not changed for a while. Times are monotonic and
always given; one thread owns a Settle.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from ingestd.discover.candidate import (
    FIRST_LOOK_AGAIN,
    LAST_LOOK_AGAIN,
    NEVER,
    Candidate,
    Dropped,
    Hint,
    Quiet,
    differs,
    remember,
    written,
)
from ingestd.discover.fingerprint import Look
from ingestd.discover.lease import Writers
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint

__all__ = ["CAPACITY", "Dropped", "Hint", "Quiet", "Settle"]

CAPACITY = 10_000


@dataclass(slots=True)
class Settle:
    """
    The candidates of one source; bounded.

    *found_by_scan_only* counts settled files that no hint told of. *dropped* and
    *missed* are for the owner to drain: paths given up, and whether hints were
    (a scan must make up for them).
    """

    quiet: Quiet = field(default_factory=Quiet)
    capacity: int = CAPACITY
    needs_marker: bool = False
    settled: int = 0
    found_by_scan_only: int = 0
    missed: bool = False
    dropped: list[Dropped] = field(default_factory=list)
    _candidates: dict[bytes, Candidate] = field(default_factory=dict)
    _looks: list[tuple[float, bytes]] = field(default_factory=list)
    _ready: dict[bytes, Fingerprint] = field(default_factory=dict)
    _notes: dict[bytes, str] = field(default_factory=dict)
    _recent: dict[bytes, Fingerprint] = field(default_factory=dict)
    _held: int = 0

    def hint(self, path: bytes, kind: Hint, now: float) -> None:
        """
        Take a notice of *path*: look at it at once.
        """
        candidate = self._candidates.get(path)
        if candidate is None:
            # Twice the scan's share: a flood of notices cannot fill the memory either.
            if self.pending() >= 2 * self.capacity:
                self.missed = True
                return
            candidate = self._candidates[path] = Candidate()
        candidate.hinted = True
        candidate.repeat |= kind is Hint.CHANGED
        if kind in {Hint.CLOSED, Hint.MOVED}:
            candidate.closed = candidate.fresh = True
        candidate.again = FIRST_LOOK_AGAIN
        self._ready.pop(path, None)
        self._plan(path, candidate, now)

    def listed(self, entries: Iterable[Entry], now: float) -> int:
        """
        Take rows of a listing; return how many were new here.

        The owner asks ``room`` first. What a listing shows of a known candidate is a
        look without the lease.
        """
        new = 0
        for entry in entries:
            candidate = self._candidates.get(entry.path)
            if candidate is None:
                candidate = self._candidates[entry.path] = Candidate()
                new += 1
            candidate.repeat = True
            if differs(candidate.stat, entry.fingerprint):
                self._ready.pop(entry.path, None)
                self._plan(entry.path, candidate, now)
        return new

    def look_due(self, now: float, limit: int = 1_000) -> list[bytes]:
        """
        Return the paths to look at now, oldest first; each comes back in a second
        unless ``looked`` is told.
        """
        paths: list[bytes] = []
        while self._looks and self._looks[0][0] <= now and len(paths) < limit:
            at, path = heapq.heappop(self._looks)
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.look_at == at:
                paths.append(path)
                self._plan(path, candidate, now + 1.0)
        return paths

    def looked(self, path: bytes, look: Look | None, now: float) -> None:
        """
        Take what a look at *path* saw; None when it is gone.
        """
        candidate = self._candidates.get(path)
        if candidate is None:
            return
        if look is None:
            self._forget(path)
        elif look.irregular or look.error:
            self._drop(path, look.irregular or look.error, irregular=not look.error)
        elif self.needs_marker and not look.marked:
            # Not kept: the marker's own notice, or the next scan, brings it back.
            self._forget(path)
            self._note(path, "waits for its marker")
        else:
            self._judge(path, candidate, look, now)

    def due(self, limit: int = CAPACITY) -> list[Entry]:
        """
        Return settled files, at most *limit*, each once; they are candidates no more.

        The same stat comes again only after a listing (the ledger does not have it),
        ``defer``, or a CHANGED hint.
        """
        entries = []
        for path in list(islice(self._ready, limit)):
            fingerprint = self._ready.pop(path)
            self.found_by_scan_only += not self._candidates[path].hinted
            self.settled += 1
            self._forget(path)
            remember(self._recent, path, fingerprint)
            entries.append(Entry(path, fingerprint))
        return entries

    def defer(self, entry: Entry, reason: str, now: float, seconds: float) -> None:
        """
        Take back a file that was due and cannot be admitted yet; look again later.

        Unless it changed meanwhile, it is settled then.
        """
        candidate = Candidate(hinted=True, repeat=True, reason=reason)
        candidate.stat, candidate.since = entry.fingerprint, -NEVER
        self.discard(entry.path)
        self._candidates[entry.path] = candidate
        self._plan(entry.path, candidate, now + seconds)

    def next_due(self) -> float | None:
        """
        Return when there is something to do: 0 for at once, None for never.
        """
        if self._ready:
            return 0.0
        while self._looks:
            at, path = self._looks[0]
            candidate = self._candidates.get(path)
            if candidate is not None and candidate.look_at == at:
                return at
            heapq.heappop(self._looks)
        return None

    def discard(self, path: bytes) -> None:
        """
        Forget *path*, if it is a candidate.
        """
        if path in self._candidates:
            self._forget(path)

    def holding(self, path: bytes, now: float) -> str:
        """
        Return one sentence: what holds *path* and when it is looked at next, or "".
        """
        candidate = self._candidates.get(path)
        if candidate is None:
            note = self._notes.get(path)
            return f"{note}; looked at again by the next notice or scan" if note else ""
        if path in self._ready:
            return "settled, is admitted next"
        wait = max(0.0, candidate.look_at - now)
        return f"{candidate.reason}; looked at again in {wait:.1f} s"

    def pending(self) -> int:
        """
        Return the number of candidates, settled ones included until they are due.
        """
        return len(self._candidates)

    def settling(self) -> int:
        """
        Return the number of candidates that no writer has open.
        """
        return self.pending() - self._held

    def room(self) -> int:
        """
        Return how many rows of a listing may be handed over now.

        Files that a writer has open do not count: they must not hold up the others.
        """
        return max(0, self.capacity - (self.pending() - self._held))

    def _judge(self, path: bytes, candidate: Candidate, look: Look, now: float) -> None:
        if differs(candidate.stat, look.fingerprint):
            # Written to after the close that we know of: another writer is at it.
            if not candidate.fresh and written(candidate.stat, look.fingerprint):
                candidate.closed = False
            candidate.stat, candidate.since = look.fingerprint, now
        candidate.fresh = False
        candidate.closed |= look.marked
        if look.writers is Writers.SOME:
            self._hold(path, candidate, now)
            return
        self._release(candidate)
        wait, reason = self._wait(candidate, look)
        if now - candidate.since < wait:
            candidate.reason = reason
            self._plan(path, candidate, candidate.since + wait)
        elif not candidate.repeat and self._recent.get(path) == look.fingerprint:
            # Creation and close of a small file are two hints, and one look may see
            # both; the second would bring it again.
            self._forget(path)
        else:
            self._ready[path] = look.fingerprint
            self._plan(path, candidate, NEVER)

    def _wait(self, candidate: Candidate, look: Look) -> tuple[float, str]:
        if not look.fingerprint.size and not look.marked:
            return self.quiet.unseen_seconds, "is empty: it may not be written yet"
        if look.writers is Writers.NONE:
            return 0.0, ""
        if candidate.closed:
            return self.quiet.closed_seconds, "was closed, must stay unchanged"
        return self.quiet.unseen_seconds, "no close was seen, must stay unchanged"

    def _hold(self, path: bytes, candidate: Candidate, now: float) -> None:
        # A close of another descriptor than the last proves nothing.
        candidate.closed = False
        candidate.reason = "a writer has it open"
        if not candidate.held:
            if self._held >= self.capacity:
                self._forget(path)
                self._note(path, candidate.reason)
                return
            candidate.held = True
            self._held += 1
        self._plan(path, candidate, now + candidate.again)
        candidate.again = min(LAST_LOOK_AGAIN, candidate.again * 2)

    def _release(self, candidate: Candidate) -> None:
        self._held -= candidate.held
        candidate.held = False

    def _plan(self, path: bytes, candidate: Candidate, at: float) -> None:
        if candidate.look_at != at:
            candidate.look_at = at
            if at != NEVER:
                heapq.heappush(self._looks, (at, path))

    def _drop(self, path: bytes, reason: str, *, irregular: bool) -> None:
        told = self._notes.get(path)
        self._forget(path)
        if told != reason:
            self.dropped.append(Dropped(path, reason, irregular))
        self._note(path, reason)

    def _forget(self, path: bytes) -> None:
        self._release(self._candidates.pop(path))
        self._ready.pop(path, None)
        self._notes.pop(path, None)

    def _note(self, path: bytes, reason: str) -> None:
        remember(self._notes, path, reason)
