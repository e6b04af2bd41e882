"""
What is done to one version of an object and to no other, by looking right before.

Between that look and the request is a race that only a condition of the store's own
closes; where it has one, it goes with the request.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from ingestd.storage.reading import fetched
from ingestd.storage.store import Item, Missing, Replaced, Store, Stored


def look(store: Store, item: Item) -> Stored:
    """
    Return what *store* says of *item*. Raises Missing; Replaced where another version
    is there.
    """
    there = store.head(item.key)
    if there is None:
        raise Missing(item.key)
    if (there.size, there.etag) != (item.size, item.etag):
        raise Replaced(f"{item.key}: its version is {there.etag}, not {item.etag}")
    return there


def remove(store: Store, item: Item, delete: Callable[[], object]) -> None:
    """
    Remove *item* by *delete*. Raises Missing, Replaced, Forbidden.
    """
    look(store, item)
    try:
        delete()
    except (Missing, Replaced):
        # The answer of a try before may have been lost after it had landed.
        if store.head(item.key) is not None:
            raise


def copy_within(store: Store, item: Item, target: str) -> None:
    """
    Have *store* copy *item* to *target*, and compare the content with that of the
    version. Raises Missing, Replaced, Forbidden.
    """
    there = look(store, item)
    store.copy(item.key, target, there.sha256 or store.digest(item))


def copy_through_here(store: Store, item: Item, target: str) -> None:
    """
    Read *item* and put it at *target*, for a store that copies by renaming.

    Raises Missing, Replaced, Forbidden.
    """
    look(store, item)
    through_here(store, item, target)


def through_here(store: Store, item: Item, target: str) -> None:
    """
    Read *item* and put it at *target*. Raises Missing, Replaced, Forbidden.
    """
    with NamedTemporaryFile(prefix="copied-") as file:
        store.put(target, file.name, fetched(store, item, Path(file.name)))
