"""
Which schema a ledger file has, and whether this program can read it.
"""

from __future__ import annotations

import functools
import sqlite3
from pathlib import Path

from ingestd.errors import LedgerError
from ingestd.ledger.sqlite.connection import MIGRATIONS


@functools.cache
def newest_version() -> int:
    """
    Return the schema version of this program.
    """
    return sum(1 for _ in MIGRATIONS.glob("*.sql"))


def version(connection: sqlite3.Connection) -> int:
    """
    Return the schema version of a ledger file; 0 is an empty one.
    """
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(found: int, newest: int, path: Path) -> None:
    """
    Raise LedgerError when the file was written by a newer program.
    """
    if found > newest:
        raise LedgerError(
            f"{path} has schema version {found}, this program knows {newest}",
            hint="It was written by a newer ingestd: install that one again",
        )
