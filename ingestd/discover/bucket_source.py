"""
A bucket as the pipeline sees it: what listings show, and what notices tell of sooner.
"""

from __future__ import annotations

import os

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover.arrivals import Arrivals
from ingestd.discover.bucket import Bucket
from ingestd.discover.cursor import WHOLE
from ingestd.discover.known import Unknown
from ingestd.discover.notices import Notices
from ingestd.discover.scanner import ScanEnded, Scanner
from ingestd.discover.source import LOOKS, Found
from ingestd.errors import said_of
from ingestd.ledger.ledger import Entry
from ingestd.observe.events import Event, ScanFailed, ScanFinished


class BucketSource:
    """
    A service: a scanner in a thread of its own, the rest by ``advance``.

    All methods but start and stop belong to one thread, the pipeline's. *away* says why
    the last listing failed, "" when it did not.
    """

    def __init__(
        self, pipeline: str, source: Source, unknown: Unknown, waker: Waker
    ) -> None:
        """
        Build the parts; *unknown* is the ledger's filter, *waker* the loop's.
        """
        self.pipeline = pipeline
        self._unknown = unknown
        self.folder = Bucket(source)
        self.sweeper = self.folder.sweeper()
        self.settle = Arrivals(self._hinted, self.sweeper)
        self.scanner = Scanner(
            self.folder.scan,
            unknown,
            waker.wake,
            every_seconds=source.scan_seconds,
            sweeper=self.sweeper,
        )
        self.notices: Notices | None = None
        if source.notices is not None:
            self.notices = Notices(
                pipeline,
                source,
                self.folder.store,
                unknown,
                waker.wake,
                self.scanner.scan_now,
            )
        self.away = ""
        self.behind = 0  # nothing here grows
        self._more = False
        self._only_listed = 0
        self._listed_for: float | None = None

    @property
    def notes(self) -> list[str]:
        """
        What goes on without, one sentence each: notices cost no more than latency.
        """
        if self.notices is None or not self.notices.away:
            return []
        return [f"no notices come, listings go on: {self.notices.away}"]

    def start(self) -> None:
        """
        List at once, and then every ``scan_seconds``; take notices meanwhile.
        """
        self.scanner.start()
        if self.notices is not None:
            self.notices.start()

    def stop(self) -> None:
        """
        End the threads.
        """
        if self.notices is not None:
            self.notices.stop()
        self.scanner.stop()

    def advance(self, now: float, limit: int = LOOKS) -> Found:
        """
        Return what notices and listings brought, at most about *limit* objects; the
        rest waits, and with it the listing.
        """
        if (due := self._settles_at()) is not None and due <= now:
            self._listed_for = due
            self.scanner.scan_now("settling")
        entries, events = self.settle.due(now), list[Event]()
        if self.notices is not None:
            entries += self.notices.noticed.advance(now, limit)
        self._more = True
        while len(entries) < limit:
            found = self.scanner.take()
            if found is None:
                self._more = False
                break
            if isinstance(found, ScanEnded):
                events.append(self._ended(found, now))
            else:
                entries += self._listed(found)
        # One version at a time: a page may come twice where a listing begins anew.
        return Found(list({e.path: e for e in entries}.values()), events)

    def next_due(self, now: float) -> float:
        """
        Return when to advance again, unless woken before.
        """
        if self._more:
            return now
        noticed = self.notices.noticed.next_due() if self.notices else None
        dues = (self.settle.next_due(), self._settles_at(), noticed)
        due = [at for at in dues if at is not None]
        return max(now, min(due)) if due else float("inf")

    def _settles_at(self) -> float | None:
        """
        Return when a listing may show that something has settled, unless it is asked
        for already.
        """
        due = self.sweeper.due
        return None if due == self._listed_for else due

    def why(self, path: bytes, now: float) -> str:
        """
        Return what holds *path* and when it is looked at next, or "".
        """
        if not self.folder.rules.takes(path):
            return "its name is not taken by include and exclude of this source"
        noticed = self.notices.noticed.holding(path) if self.notices else ""
        return self.settle.holding(path, now) or noticed

    def _hinted(self, path: bytes) -> None:
        """
        Look at *path*, which is not what the ledger has; without notices the next
        listing brings it, from wherever that has to begin.
        """
        if self.folder.cursor is not None:
            self.folder.cursor.lower(self.folder.prefix + os.fsdecode(path))
        if self.notices is not None:
            self.notices.noticed.offer([path], _nothing)

    def _listed(self, found: list[Entry]) -> list[Entry]:
        """
        Return what the ledger lacks still: a notice may have brought it since.
        """
        if self.notices is None:
            return found
        lacking = list(self._unknown(found))
        knows = self.notices.noticed.knows
        self._only_listed += sum(not knows(entry.path) for entry in lacking)
        return lacking

    def _ended(self, ended: ScanEnded, now: float) -> Event:
        error, only = ended.error, self._only_listed
        self._only_listed = 0
        if error is None:
            self.away = ""
            if self.notices is not None and ended.after == WHOLE:
                self.notices.noticed.listed(now - ended.seconds)
            if self.folder.cursor is not None and self.folder.cursor.unswept():
                self.scanner.scan_now("full sweep")
            return ScanFinished(
                pipeline=self.pipeline,
                files=ended.files,
                unknown=ended.unknown,
                found_by_scan_only=only,
                irregular=ended.irregular,
                seconds=ended.seconds,
                after=ended.after,
            )
        self.away, hint = said_of(error)
        return ScanFailed(self.pipeline, self.away, ended.retry_seconds, hint)


def _nothing() -> None:
    return None
