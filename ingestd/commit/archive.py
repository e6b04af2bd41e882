"""
Where objects are moved to after their commit: below a prefix, or into a folder.

A copy is complete before its original is removed, nothing is overwritten, and a copy
that a crash left is known again by its content, so doing it again makes no second one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Protocol

from ingestd.commit.durable import make_folder, sync_up
from ingestd.model import FileRef
from ingestd.storage import Item, Place, Store
from ingestd.storage.reading import fetched


class Archive(Protocol):
    """
    A place for copies of objects. Safe from many threads.
    """

    def keep(self, store: Store, item: Item, ref: FileRef) -> None:
        """
        Have a durable copy of *item* of *store*, which is *ref*'s; idempotent.

        Raises what the stores raise, and OSError.
        """
        ...


@dataclass(frozen=True, slots=True)
class BucketArchive:
    """
    A *place* in *store*. What comes from another bucket goes through the folder
    *scratch*.
    """

    store: Store
    place: Place
    scratch: Path

    def keep(self, store: Store, item: Item, ref: FileRef) -> None:
        """
        Copy *item*, on the store's side where it is in the same bucket.
        """
        for key in _names(self.place.below(os.fsdecode(ref.path))):
            there = self.store.head(key)
            if there is None:
                self._copy(store, item, key)
                return
            found = Item(key, there.size, there.etag)
            if there.size == item.size and self._same(store, item, found):
                return

    def _copy(self, store: Store, item: Item, key: str) -> None:
        if store is self.store:
            self.store.copy_version(item, key)
            return
        make_folder(self.scratch)
        with NamedTemporaryFile(prefix="moved-", dir=self.scratch) as file:
            path = Path(file.name)
            self.store.put(key, file.name, fetched(store, item, path))

    def _same(self, store: Store, item: Item, found: Item) -> bool:
        # Etags of equal content may differ, by the parts in which it was put.
        same = found.etag == item.etag
        return same or self.store.digest(found) == store.digest(item)


@dataclass(frozen=True, slots=True)
class FolderArchive:
    """
    A *folder* of this machine.
    """

    folder: Path

    def keep(self, store: Store, item: Item, ref: FileRef) -> None:
        """
        Read *item* into a file beside its final name, and rename it.
        """
        relative = os.fsdecode(ref.path)
        parent = (self.folder / relative).parent
        make_folder(parent)
        partial = parent / f".ingestd-{ref.id}.part"
        digest = fetched(store, item, partial)
        for name in _names(relative):
            final = self.folder / name
            if not final.exists():
                partial.rename(final)
                break
            if final.stat().st_size == item.size and _digest(final) == digest:
                partial.unlink()
                break
        sync_up(parent, self.folder)


def _names(wanted: str) -> Iterator[str]:
    """
    Yield names for an object, the wanted one first.
    """
    yield wanted
    path, number = PurePosixPath(wanted), 0
    while True:
        number += 1
        yield str(path.with_name(f"{path.stem}.{number}{path.suffix}"))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
