"""
Object stores behind one seam: listed, read by version, written, copied; no files here.
"""

from ingestd.storage.opening import appears_whole, missing_extra, open_store
from ingestd.storage.place import Place, is_remote
from ingestd.storage.store import (
    Forbidden,
    Item,
    Missing,
    Ordered,
    Replaced,
    Store,
    Stored,
)

__all__ = [
    "Forbidden",
    "Item",
    "Missing",
    "Ordered",
    "Place",
    "Replaced",
    "Store",
    "Stored",
    "appears_whole",
    "is_remote",
    "missing_extra",
    "open_store",
]
