"""
An object store as the pipeline sees it: the listing alone is the truth.

An object appears whole, so there is nothing to wait for, no writer and no growth. What
a version is called is its etag; together with the size that is its identity, and no
time is part of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover.candidate import Hint
from ingestd.discover.known import Unknown
from ingestd.discover.rules import Rules
from ingestd.discover.scanner import ScanEnded, Scanner
from ingestd.discover.source import LOOKS, Found
from ingestd.discover.unsettled import Unsettled
from ingestd.errors import IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint
from ingestd.observe.events import Event, ScanFailed, ScanFinished
from ingestd.storage import Place, appears_whole, open_store

if TYPE_CHECKING:
    from ingestd.storage import Item


class Bucket:
    """
    A source's bucket and prefix. No threads, no memory.
    """

    def __init__(self, source: Source) -> None:
        """
        Read the configuration; the store is not asked.
        """
        self.root = source.url
        self.rules = Rules.of(source)
        self.place = Place.of(source.url)
        self.store = open_store(self.place, source.storage, "source")
        self.settles = not appears_whole(self.place)
        self.unseen_seconds = source.settle_unseen_seconds

    def sweeper(self) -> Compared | Unsettled:
        """
        Return what compares this store's listings with the ledger.
        """
        return Unsettled(self.unseen_seconds) if self.settles else Compared()

    def scan(self) -> BucketScan:
        """
        Return a new listing.
        """
        prefix = f"{self.place.key}/" if self.place.key else ""
        pages = self.store.pages
        return BucketScan(
            self.rules, prefix, lambda: pages(prefix, deep=self.rules.recursive)
        )

    def digest(self, path: bytes, expected: Fingerprint) -> Fingerprint | None:
        """
        Return *expected*: the etag stands for the content.
        """
        del path
        return expected

    def grew(self, path: bytes, old: Fingerprint) -> bool:
        """
        Return False: another version is another object.
        """
        del path, old
        return False

    def gone(self, path: bytes, inode: int) -> bool:
        """
        Return True; nobody asks, since an object has no inode to be known by again.
        """
        del path, inode
        return True

    def settle_rule(self) -> str:
        """
        Return one sentence for the operator: when an object of this source counts.
        """
        if self.settles:
            rest = f"{self.unseen_seconds:g} s without a change"
            return f"a file counts after {rest}, as listings show it"
        return "an object counts as soon as a listing shows it"


@dataclass(slots=True)
class BucketScan:
    """
    One listing, iterated once; the counters are right at its end.

    Yields what the rules take. Where the listing breaks off, what came before is still
    yielded and the error is raised at the end. *irregular* counts folder markers.
    """

    rules: Rules
    prefix: str
    pages: Callable[[], Iterator[list[Item]]]
    files: int = 0
    irregular: int = 0
    failure: IngestdError | None = None

    def __iter__(self) -> Iterator[Entry]:
        """
        Yield the entries; see the class.
        """
        yield from self.found()
        if self.failure is not None:
            raise self.failure

    def found(self) -> Iterator[Entry]:
        """
        Yield the entries; an error waits in *failure*.
        """
        try:
            for page in self.pages():
                yield from self._taken(page)
        except IngestdError as error:
            self.failure = error

    def _taken(self, page: list[Item]) -> Iterator[Entry]:
        for item in page:
            path = os.fsencode(item.key[len(self.prefix) :])
            if not path or path.endswith(b"/"):
                self.irregular += 1
            elif self.rules.takes(path):
                self.files += 1
                mark = Fingerprint(item.size, 0, 0, 0, item.etag)
                yield Entry(path, mark)


class Compared:
    """
    Compares each object with the ledger. A second listing to be spared a comparison, as
    for folders, would cost more than it saves. It holds nothing back.
    """

    waiting: Final = 0
    due: Final = None

    def sweep(
        self, scan: BucketScan, again: object, unknown: Unknown
    ) -> Iterator[Entry]:
        """
        Yield the unknown entries of *scan*; complete, or its error at the end.
        """
        del again
        yield from unknown(scan.found())
        if scan.failure is not None:
            raise scan.failure


@dataclass(slots=True)
class Arrivals:
    """
    Objects that are offered later; what ``Settle`` is for a folder. *beside* holds
    back what listings show unfinished.
    """

    beside: Compared | Unsettled = field(default_factory=Compared)
    _held: dict[bytes, tuple[float, Entry, str]] = field(default_factory=dict)

    def hint(self, path: bytes, kind: Hint, now: float) -> None:
        """
        Do nothing: the next listing brings every version that the ledger lacks. At once
        would be in vain, since a listing may lag behind.
        """

    def defer(self, entry: Entry, reason: str, now: float, seconds: float) -> None:
        """
        Offer *entry* again after *seconds*.
        """
        self._held[entry.path] = (now + seconds, entry, reason)

    def due(self, now: float) -> list[Entry]:
        """
        Return what is to be offered again now.
        """
        due = [path for path, (at, _, _) in self._held.items() if at <= now]
        return [self._held.pop(path)[1] for path in due]

    def next_due(self) -> float | None:
        """
        Return when there is something to offer; None for never.
        """
        return min((at for at, _, _ in self._held.values()), default=None)

    def holding(self, path: bytes, now: float) -> str:
        """
        Return one sentence: what holds *path*, or "".
        """
        if path not in self._held:
            return ""
        at, _, reason = self._held[path]
        return f"{reason}; looked at again in {max(0.0, at - now):.1f} s"

    def pending(self) -> int:
        """
        Return how many there are.
        """
        return len(self._held) + self.beside.waiting

    def settling(self) -> int:
        """
        Return how many there are.
        """
        return self.pending()


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
