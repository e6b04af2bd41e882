"""
Bring a ledger file to the schema of this program: forward only, backed up before.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestd.errors import LedgerError
from ingestd.ledger.sqlite.connection import MIGRATIONS, connect
from ingestd.ledger.sqlite.version import refuse_newer, version


@dataclass(frozen=True, slots=True)
class Migration:
    """
    One step of the schema, from version - 1 to *version*.
    """

    version: int
    name: str
    script: str


def migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """
    Return the migrations of *folder* in order; their numbers have no gap.
    """
    found = [
        Migration(int(path.name.split("_")[0]), path.stem, path.read_text("utf-8"))
        for path in sorted(folder.glob("*.sql"))
    ]
    if [step.version for step in found] != list(range(1, len(found) + 1)):
        raise LedgerError(f"the migrations in {folder} are not numbered 1, 2, 3, …")
    return found


def migrate(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Migration]
) -> None:
    """
    Apply the *steps* that the file does not have yet, each in one transaction.

    An existing ledger is copied beside itself first, as
    ``ledger.sqlite.v<version>.backup``.
    """
    found = version(connection)
    refuse_newer(found, len(steps), path)
    if 0 < found < len(steps):
        _back_up(connection, path.with_name(f"{path.name}.v{found}.backup"))
    for step in steps[found:]:
        # The version changes inside the transaction: a crash leaves the step whole
        # or undone, never half.
        script = (
            f"BEGIN IMMEDIATE;\n{step.script}\n"
            f"PRAGMA user_version = {step.version};\nCOMMIT;"
        )
        try:
            connection.executescript(script)
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    copy = connect(partial, read_only=False)
    try:
        connection.backup(copy)
    finally:
        copy.close()
    # Renamed when complete: a backup that a crash cut short is never mistaken for one.
    _sync(partial)
    partial.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
