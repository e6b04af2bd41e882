"""
Whether what lies in a store is what was put there: by size and digest.
"""

from __future__ import annotations

import hashlib

from ingestd.storage.patience import Caller
from ingestd.storage.reading import ranges
from ingestd.storage.store import Forbidden, Item, Missing, Replaced, Store

Expected = tuple[str, int, str]  # key, size, SHA-256


def holds(store: Store, key: str, size: int, sha256: str) -> bool:
    """
    Tell whether *key* has that size and digest: what the writer noted, else that of
    every byte.
    """
    there = store.head(key)
    if there is None or there.size != size:
        return False
    if there.sha256:
        return there.sha256 == sha256
    return store.digest(Item(key, size, there.etag)) == sha256


def digest(store: Store, caller: Caller, item: Item) -> str:
    """
    Return the SHA-256 of all bytes of *item*. Raises ComponentAway, also when it is
    another by now.
    """
    found = hashlib.sha256()
    try:
        for data in ranges(store, item):
            found.update(data)
    except (Missing, Replaced, Forbidden) as error:
        raise caller.away(f"read {item.key!r}: {error}") from error
    return found.hexdigest()


def compare(store: Store, caller: Caller, what: str, expected: Expected) -> None:
    """
    Raise ComponentAway unless the store holds what is *expected* after *what*.
    """
    if not store.holds(*expected):
        raise caller.away(f"{what}: what is there is not what was sent")
