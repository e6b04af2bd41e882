"""
The recount of a dataset in an object store.

A part is compared by its size and its digest with what the ledger has: the digest was
taken of the file whose rows were counted, so equal bytes are equal rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingestd.commit.bucket_landing import BucketLanding
from ingestd.commit.finding import Finding, Kind
from ingestd.commit.recount import BatchRecount
from ingestd.errors import ComponentAway, Unreachable
from ingestd.ledger.reader import PartRow, Reader
from ingestd.model import BatchState, PartKind
from ingestd.storage import Forbidden, Item, Missing, Place, Replaced

_PART = re.compile(r"(?P<batch>.+)-\d+\.parquet")
_RESTORE = "restore the object from a backup; nothing else has these rows"
_MANIFEST = "restore the manifest from a backup; the rows themselves are not affected"
_LOST = "the ledger was lost or rolled back: restore its newest copy"
_FOREIGN = (
    "readers count these rows: move the object out of the sink if ingestd did not "
    "write it; if it did, the ledger was rolled back: restore its newest copy"
)
_FOREIGN_REJECTS = (
    "move the object away if ingestd did not write it; if it did, the ledger was "
    "rolled back: restore its newest copy"
)


@dataclass(slots=True)
class BucketRecount:
    """
    Compares what one pipeline has in *landing*, parts of *kind* and perhaps
    *manifests*, with the ledger; changes neither. With *deep* every byte is read, else
    the digest is believed that the writer noted.

    Raises Unreachable when the store does not answer.
    """

    pipeline: str
    landing: BucketLanding
    kind: PartKind
    manifests: Place | None
    reader: Reader
    deep: bool = False

    def batch(self, recount: BatchRecount) -> Iterator[Finding]:
        """
        Yield what is wrong with the objects of one batch.
        """
        try:
            for part in recount.parts:
                if part.kind is self.kind:
                    yield from self._part(recount, part)
            if self.manifests is not None:
                yield from self._manifest(recount, self.manifests)
        except ComponentAway as err:
            raise Unreachable(str(err.args[0]), hint=err.hint) from err

    def orphans(self) -> Iterator[Finding]:
        """
        Yield each part and each manifest that no batch of the ledger owns.
        """
        try:
            yield from self._foreign_parts()
            for item in self._items(self.manifests):
                batch = item.key.rsplit("/", 1)[1].removesuffix(".json")
                if self._state(batch) not in (BatchState.STAGED, BatchState.COMMITTED):
                    what = "was published, but the ledger does not have its batch so"
                    where = self._url(item.key)
                    kind = Kind.ORPHAN_MANIFEST
                    yield Finding(kind, self.pipeline, batch, where, what, _LOST)
        except ComponentAway as err:
            raise Unreachable(str(err.args[0]), hint=err.hint) from err

    def _part(self, recount: BatchRecount, part: PartRow) -> Iterator[Finding]:
        key, store = self.landing.root.below(part.name), self.landing.store
        where, there = self._url(key), store.head(key)
        if there is None:
            what = f"is gone; the ledger has {part.rows} rows there"
            yield recount.found(Kind.MISSING_PART, where, what, _RESTORE)
            return
        if there.size != part.size:
            what = f"has {there.size} bytes, the ledger says {part.size}"
            yield recount.found(Kind.WRONG_SIZE, where, what, _RESTORE)
            return
        noted = "" if self.deep else there.sha256
        if (noted or store.digest(Item(key, there.size, there.etag))) != part.sha256:
            what = "has another SHA-256 than the ledger"
            yield recount.found(Kind.WRONG_HASH, where, what, _RESTORE)

    def _manifest(self, recount: BatchRecount, place: Place) -> Iterator[Finding]:
        key, store = place.below(f"{recount.batch.id}.json"), self.landing.store
        there = store.head(key)
        if there is None:
            what = "is gone; without it a lost ledger cannot be rebuilt"
            kind = Kind.MISSING_MANIFEST
            yield recount.found(kind, self._url(key), what, _MANIFEST)
            return
        item = Item(key, there.size, there.etag)
        try:
            data = store.read(item, 0, there.size)
        except (Missing, Replaced, Forbidden) as err:
            # Removed or written anew since it was looked at.
            raise Unreachable(f"{self._url(key)}: {err}", hint="Verify again") from err
        yield from recount.compared(data, self._url(key))

    def _foreign_parts(self) -> Iterator[Finding]:
        prefix = self.landing.root.below("")
        owned: tuple[str, frozenset[str]] = ("", frozenset())
        data = self.kind is PartKind.DATA
        kind = Kind.ORPHAN_PART if data else Kind.ORPHAN_REJECTS
        do = _FOREIGN if data else _FOREIGN_REJECTS
        for item in self._items(self.landing.root):
            name = item.key[len(prefix) :]
            match = _PART.fullmatch(name.rsplit("/", 1)[-1])
            batch = match["batch"] if match else ""
            if not name.endswith(".parquet"):
                continue
            if batch and owned[0] != batch:
                parts = self.reader.parts(batch)
                names = frozenset(p.name for p in parts if p.kind is self.kind)
                owned = (batch, names)
            if not batch or name not in owned[1]:
                what = "belongs to no batch of the ledger"
                yield Finding(kind, self.pipeline, batch, self._url(item.key), what, do)

    def _items(self, place: Place | None) -> Iterator[Item]:
        if place is not None:
            for page in self.landing.store.pages(place.below(""), deep=True):
                yield from page

    def _state(self, batch: str) -> BatchState | None:
        return next((b.state for b in self.reader.batches(batch_id=batch)), None)

    def _url(self, key: str) -> str:
        place = self.landing.root
        return f"{place.scheme}://{place.bucket}/{key}"
