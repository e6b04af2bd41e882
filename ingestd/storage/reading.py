"""
All of one version of an object, range by range.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingestd.storage.store import Item, Store

RANGE_BYTES: Final = 8 << 20


def ranges(store: Store, item: Item) -> Iterator[bytes]:
    """
    Yield the bytes of *item*. Raises what ``Store.read`` raises.
    """
    for start in range(0, item.size, RANGE_BYTES):
        yield store.read(item, start, min(item.size, start + RANGE_BYTES))


def fetched(store: Store, item: Item, path: Path) -> str:
    """
    Write all of *item* to *path*, durably; return its SHA-256.
    """
    found = hashlib.sha256()
    with path.open("wb") as file:
        for data in ranges(store, item):
            found.update(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return found.hexdigest()
