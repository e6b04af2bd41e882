"""
An object store as the pipeline sees it: the listing alone is the truth.

An object appears whole, so there is nothing to wait for, no writer and no growth; where
it does not, ``unsettled`` holds it back. What a version is called is its etag; together
with the size that is its identity, and no time is part of it, unless the store knows
nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from ingestd.config import Source
from ingestd.discover.cursor import WHOLE, Cursor
from ingestd.discover.known import Unknown
from ingestd.discover.rules import Rules
from ingestd.discover.unsettled import Unsettled
from ingestd.errors import ComponentAway, IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint
from ingestd.storage import Place, appears_whole, open_store

if TYPE_CHECKING:
    from ingestd.storage import Item, Ordered

SWEEP_SECONDS = 3_600.0
_UNORDERED = "Leave source.start_after out: this store's listings have no order"


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
        self._noticed = source.notices is not None
        self.place = Place.of(source.url)
        self.store = open_store(self.place, source.storage, "source")
        self.prefix = self.place.below("")
        self.cursor: Cursor | None = None
        if source.start_after is not None:
            start = self.prefix + source.start_after
            self.cursor = Cursor(start, source.full_sweep_seconds or SWEEP_SECONDS)
        self.settles = not appears_whole(self.place)
        self.unseen_seconds = source.settle_unseen_seconds

    def sweeper(self) -> Compared | Unsettled:
        """
        Return what compares this store's listings with the ledger.
        """
        return Unsettled(self.unseen_seconds) if self.settles else Compared()

    def scan(self) -> BucketScan:
        """
        Return a new listing: of all, or in order from where the cursor stands.
        """
        prefix, deep, cursor = self.prefix, self.rules.recursive, self.cursor
        if cursor is None:
            pages = self.store.pages
            return BucketScan(self.rules, prefix, lambda: pages(prefix, deep=deep))
        after, ordered = cursor.begin(), cast("Ordered", self.store).pages_after
        return BucketScan(
            self.rules,
            prefix,
            lambda: ordered(prefix, after, deep=deep),
            after=after,
            cursor=cursor,
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
        seen = (
            "a listing, or our own look after a notice,"
            if self._noticed
            else "a listing"
        )
        return f"an object counts as soon as {seen} shows it"


@dataclass(slots=True)
class BucketScan:
    """
    One listing, iterated once; the counters are right at its end.

    Yields what the rules take. Where the listing breaks off, what came before is still
    yielded and the error is raised at the end. *irregular* counts folder markers. With
    a *cursor* it began *after* a key, is held to be in order, and tells its end.
    """

    rules: Rules
    prefix: str
    pages: Callable[[], Iterator[list[Item]]]
    after: str = WHOLE
    cursor: Cursor | None = None
    files: int = 0
    irregular: int = 0
    failure: IngestdError | None = None
    _greatest: str = ""

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
                if self.cursor is not None:
                    self._in_order(page)
                yield from self._taken(page)
        except IngestdError as error:
            self.failure = error
        else:
            if self.cursor is not None:
                self.cursor.ended(self.after, self._greatest)

    def _in_order(self, page: list[Item]) -> None:
        for item in page:
            if item.key <= max(self.after, self._greatest):
                message = f"the listing is not in order: {item.key!r} after "
                message += repr(max(self.after, self._greatest))
                raise ComponentAway("source", message, hint=_UNORDERED)
            self._greatest = item.key

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
