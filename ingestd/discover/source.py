"""
A watched folder as the pipeline sees it: files that have settled, and what happened.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover import fingerprint
from ingestd.discover.known import Unknown
from ingestd.discover.mounts import Mount, mount_of
from ingestd.discover.rules import Rules
from ingestd.discover.scan import Scan
from ingestd.discover.scanner import ScanEnded, Scanner
from ingestd.discover.settle import Dropped, Hint, Quiet, Settle
from ingestd.discover.watcher import Watcher, WatchNews
from ingestd.errors import said_of
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint
from ingestd.observe.events import (
    Event,
    FileBlocked,
    FileIgnored,
    ScanFailed,
    ScanFinished,
    WatchLost,
    WatchOverflowed,
    WatchRestored,
)

LOOKS = 1_000
"""Looks in one ``advance``: the loop has other things to do."""


class Folder:
    """
    A source's folder: listed, looked at, read at its ends. No threads, no memory.
    """

    def __init__(self, source: Source, mount: Mount | None = None) -> None:
        """
        Read the configuration; touch nothing but the table of mounts.
        """
        self.root = source.url
        self.rules = Rules.of(source)
        self.quiet = Quiet(source.settle_seconds, source.settle_unseen_seconds)
        self.mount = mount or mount_of(source.url)

    def scan(self) -> Scan:
        """
        Return a new listing.
        """
        return Scan(self.root, self.rules)

    def look(self, path: bytes) -> fingerprint.Look | None:
        """
        Look at *path*; see ``fingerprint.look``.
        """
        return fingerprint.look(
            self.root, path, leases=self.mount.leases, marker=self.rules.marker
        )

    def digest(self, path: bytes, expected: Fingerprint) -> Fingerprint | None:
        """
        Return *expected* with digests, or None when the path shows another version.
        """
        return fingerprint.digest(self.root, path, expected)

    def grew(self, path: bytes, old: Fingerprint) -> bool:
        """
        Return whether the file only grew from *old*.
        """
        return fingerprint.grew(self.root, path, old)

    def gone(self, path: bytes, inode: int) -> bool:
        """
        Return whether the file *inode* is at *path* no more; another may be there.
        """
        look = self.look(path)
        return look is None or look.fingerprint.inode not in {0, inode}

    def settle_rule(self) -> str:
        """
        Return one sentence for the operator: when a file of this folder counts.
        """
        unseen, closed = self.quiet.unseen_seconds, self.quiet.closed_seconds
        rest = f"after {unseen:g} s without a change"
        if not self.mount.events:
            rule = f"{rest} (no events on {self.mount.kind}; found by scans alone)"
        elif not self.mount.leases:
            rule = (
                f"{closed:g} s after its close, else {rest} "
                f"(no lease proves anything on {self.mount.kind})"
            )
        else:
            rule = (
                "at once when no writer has it open (read lease); where the lease is "
                f"refused, {closed:g} s after its close, else {rest}"
            )
        if self.rules.marker:
            rule += f"; and only beside its marker *{self.rules.marker.decode()}"
        return f"a file counts {rule}"


@dataclass(frozen=True, slots=True)
class Found:
    """
    What one ``advance`` gave: settled files, each once, and events to emit.
    """

    entries: list[Entry]
    events: list[Event]


class LocalSource:
    """
    A service: watcher and scanner run in threads of their own, the rest by ``advance``.

    All methods but start and stop belong to one thread, the pipeline's. *away* says why
    the last listing failed, "" when it did not.
    """

    def __init__(
        self,
        pipeline: str,
        source: Source,
        unknown: Unknown,
        waker: Waker,
        *,
        mount: Mount | None = None,
    ) -> None:
        """
        Build the parts; *unknown* is the ledger's filter, *waker* the loop's.
        """
        self.pipeline = pipeline
        self.folder = Folder(source, mount)
        self.settle = Settle(
            self.folder.quiet, needs_marker=bool(self.folder.rules.marker)
        )
        self.scanner = Scanner(
            self.folder.scan, unknown, waker.wake, every_seconds=source.scan_seconds
        )
        self.watcher = Watcher(
            self.folder.root,
            recursive=source.recursive,
            wake=waker.wake,
            enabled=self.folder.mount.events,
        )
        self.away = ""
        self.behind = 0  # nothing here grows
        self._only_scanned = 0
        self._waiting: list[Entry] | ScanEnded | None = None

    def start(self) -> None:
        """
        Watch, then scan: what appears between is seen by both, and nothing by neither.
        """
        self.watcher.start()
        self.scanner.start()

    def stop(self) -> None:
        """
        End both threads.
        """
        self.watcher.stop()
        self.scanner.stop()

    def advance(self, now: float, limit: int = LOOKS) -> Found:
        """
        Take what hints and scans brought, look where it is time, return what settled.

        At most *limit* files; the rest waits, and with it the scan.
        """
        events = self._watched(now)
        self._hinted(now)
        ended = self._scanned(now)
        for path in self.settle.look_due(now, LOOKS):
            self.settle.looked(path, self.folder.look(path), now)
        events += [self._told(dropped) for dropped in self.settle.dropped]
        self.settle.dropped.clear()
        entries = self.settle.due(limit)
        # Last, so that a scan's own finds are counted with it.
        return Found(entries, events + [self._ended(scan) for scan in ended])

    def next_due(self, now: float) -> float:
        """
        Return when to advance again, unless woken before.
        """
        waiting = self._waiting
        if isinstance(waiting, list) and len(waiting) <= self.settle.room():
            return now
        due = self.settle.next_due()
        probe = self.watcher.probe_at(now)
        return probe if due is None else min(due, probe)

    def why(self, path: bytes, now: float) -> str:
        """
        Return what holds *path* and when it is looked at next, or "".
        """
        if not self.folder.rules.takes(path):
            return "its name is not taken by include and exclude of this source"
        return self.settle.holding(path, now)

    def _watched(self, now: float) -> list[Event]:
        news = self.watcher.probe(now)
        if self.settle.missed and self.settle.room():
            self.settle.missed = False
            self.scanner.scan_now("too many hints")
        return [self._watch_event(item) for item in news]

    def _watch_event(self, news: WatchNews) -> Event:
        self.scanner.scan_now(f"watch {news.kind}")
        if news.kind == "lost":
            return WatchLost(self.pipeline, news.error, news.hint)
        if news.kind == "overflowed":
            return WatchOverflowed(self.pipeline)
        return WatchRestored(self.pipeline, news.seconds)

    def _hinted(self, now: float) -> None:
        rules = self.folder.rules
        for path, kind in self.watcher.hints():
            marked = rules.marked(path)
            taken = path if marked is None else marked
            if rules.takes(taken):
                self.settle.hint(taken, kind if marked is None else Hint.CREATED, now)

    def _scanned(self, now: float) -> list[ScanEnded]:
        ended: list[ScanEnded] = []
        while True:
            if self._waiting is None:
                self._waiting = self.scanner.take()
            found = self._waiting
            if found is None:
                return ended
            if isinstance(found, ScanEnded):
                ended.append(found)
            elif len(found) <= self.settle.room():
                self.settle.listed(found, now)
            else:
                return ended
            self._waiting = None

    def _ended(self, ended: ScanEnded) -> Event:
        only = self.settle.found_by_scan_only - self._only_scanned
        self._only_scanned = self.settle.found_by_scan_only
        self.away = ""
        if ended.error is not None:
            self.away, hint = said_of(ended.error)
            return ScanFailed(self.pipeline, self.away, ended.retry_seconds, hint)
        return ScanFinished(
            pipeline=self.pipeline,
            files=ended.files,
            unknown=ended.unknown,
            found_by_scan_only=only,
            irregular=ended.irregular,
            seconds=ended.seconds,
        )

    def _told(self, dropped: Dropped) -> Event:
        if dropped.irregular:
            return FileIgnored(self.pipeline, dropped.path, dropped.reason)
        retry_in = self.scanner.every_seconds
        return FileBlocked(self.pipeline, dropped.path, dropped.reason, retry_in)
