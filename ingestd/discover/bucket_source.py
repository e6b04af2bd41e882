"""
A bucket as the pipeline sees it: what listings show.
"""

from __future__ import annotations

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover.arrivals import Arrivals
from ingestd.discover.bucket import Bucket
from ingestd.discover.known import Unknown
from ingestd.discover.scanner import ScanEnded, Scanner
from ingestd.discover.source import LOOKS, Found
from ingestd.errors import IngestdError
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
        self.folder = Bucket(source)
        self.sweeper = self.folder.sweeper()
        self.settle = Arrivals(self.sweeper)
        self.scanner = Scanner(
            self.folder.scan,
            unknown,
            waker.wake,
            every_seconds=source.scan_seconds,
            sweeper=self.sweeper,
        )
        self.away = ""
        self.behind = 0  # nothing here grows
        self._more = False
        self._listed_for: float | None = None

    def start(self) -> None:
        """
        List at once, and then every ``scan_seconds``.
        """
        self.scanner.start()

    def stop(self) -> None:
        """
        End the thread.
        """
        self.scanner.stop()

    def advance(self, now: float, limit: int = LOOKS) -> Found:
        """
        Return what listings brought, at most about *limit* objects; the rest waits, and
        with it the listing.
        """
        if (due := self._settles_at()) is not None and due <= now:
            self._listed_for = due
            self.scanner.scan_now("settling")
        entries, events = self.settle.due(now), list[Event]()
        self._more = True
        while len(entries) < limit:
            found = self.scanner.take()
            if found is None:
                self._more = False
                break
            if isinstance(found, ScanEnded):
                events.append(self._ended(found))
            else:
                entries += found
        # One version at a time: a page may come twice where a listing begins anew.
        return Found(list({e.path: e for e in entries}.values()), events)

    def next_due(self, now: float) -> float:
        """
        Return when to advance again, unless woken before.
        """
        if self._more:
            return now
        dues = (self.settle.next_due(), self._settles_at())
        due = min((each for each in dues if each is not None), default=None)
        return float("inf") if due is None else max(now, due)

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
        return self.settle.holding(path, now)

    def _ended(self, ended: ScanEnded) -> Event:
        error = ended.error
        if error is None:
            self.away = ""
            return ScanFinished(
                pipeline=self.pipeline,
                files=ended.files,
                unknown=ended.unknown,
                found_by_scan_only=0,
                irregular=ended.irregular,
                seconds=ended.seconds,
            )
        known = isinstance(error, IngestdError)
        self.away = str(error.args[0]) if known else repr(error)
        hint = error.hint if isinstance(error, IngestdError) else ""
        return ScanFailed(self.pipeline, self.away, ended.retry_seconds, hint)
