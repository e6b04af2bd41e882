"""
Where connections are made, statements found, and sqlite's errors turned into ours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestd.errors import ComponentAway, IngestdError, LedgerError

FILE_NAME = "ledger.sqlite"
SQL = Path(__file__).resolve().parent.parent / "sql"
MIGRATIONS = SQL / "migrations"
BUSY_SECONDS = 30.0

_UNSIGNED = 1 << 64
_SIGNED_MAX = (1 << 63) - 1


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """
    Open *path*; the one place where connections are made.

    Transactions are explicit statements, never begun behind the caller's back. A
    connection may go from thread to thread, but serves one at a time.
    """
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


@contextmanager
def translated(what: str) -> Iterator[None]:
    """
    Turn sqlite's errors inside the block into errors of ingestd.
    """
    try:
        yield
    except sqlite3.Error as err:
        raise _translate(err, what) from err


def _translate(err: sqlite3.Error, what: str) -> IngestdError:
    code = getattr(err, "sqlite_errorcode", 0)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
        return ComponentAway(
            "disk",
            f"the ledger cannot {what}: the disk is full",
            hint="Free space on the disk of state_dir; work goes on by itself then",
        )
    primary = code & 0xFF
    hint = ""
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        hint = "The file is damaged: restore it with ingestd ledger restore"
    elif primary == sqlite3.SQLITE_BUSY:
        hint = "Another process keeps the ledger locked: find it with fuser"
    elif primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        hint = "Check the owner and the mode of state_dir"
    return LedgerError(f"the ledger cannot {what}: {err}", hint=hint)


def load_queries() -> dict[str, str]:
    """
    Return the statements of the SQL files by name.
    """
    queries: dict[str, str] = {}
    for path in sorted(SQL.glob("*.sql")):
        for block in path.read_text("utf-8").split("-- name: ")[1:]:
            name, _, text = block.partition("\n")
            if name in queries:
                raise LedgerError(f"{path.name}: {name} is named twice")
            queries[name] = text.strip()
    return queries


QUERIES = load_queries()


def signed(number: int) -> int:
    """
    Return an unsigned 64-bit inode number as sqlite can hold it.
    """
    return number if number <= _SIGNED_MAX else number - _UNSIGNED


def unsigned(number: int) -> int:
    """
    Undo ``signed``.
    """
    return number if number >= 0 else number + _UNSIGNED
