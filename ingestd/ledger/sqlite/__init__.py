"""
The ledger in one SQLite file: the only door to sqlite3.

Names are loaded when first asked for: ``status`` wants the reader without the writer.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestd.ledger.sqlite.reader import SqliteReader
    from ingestd.ledger.sqlite.writer import SqliteLedger

__all__ = ["SqliteLedger", "SqliteReader"]

_HOMES = {"SqliteLedger": "writer", "SqliteReader": "reader"}


def __getattr__(name: str) -> object:
    """
    Load a public name from the module that has it.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
