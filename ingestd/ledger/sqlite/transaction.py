"""
One write: explicit, fenced by the epoch, whole or undone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ingestd.errors import StateLocked
from ingestd.ledger.sqlite.connection import QUERIES, translated


class Transaction:
    """
    The named statements, on the connection of a write that is under way.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, name: str, **values: object) -> int:
        """
        Run a statement that changes rows; return the id of the last one inserted.
        """
        return self._connection.execute(QUERIES[name], values).lastrowid or 0

    def many(self, name: str, rows: Iterable[tuple[object, ...]]) -> None:
        """
        Run a statement once for each row.
        """
        self._connection.executemany(QUERIES[name], rows)

    def each(self, name: str, **values: object) -> Iterator[Any]:
        """
        Yield the rows of a question.
        """
        return iter(self._connection.execute(QUERIES[name], values))

    def one(self, name: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - row
        """
        Return the first row of a question, or None.
        """
        return self._connection.execute(QUERIES[name], values).fetchone()


@contextmanager
def transaction(
    connection: sqlite3.Connection, epoch: int | None, what: str
) -> Iterator[Transaction]:
    """
    Open a write transaction, commit it at the end, undo it on any exception.

    Raises StateLocked when the ledger's epoch is no longer *epoch*; None asks nothing.
    """
    with translated(what):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # After BEGIN IMMEDIATE nobody else can bump it before our COMMIT.
            if epoch is not None:
                _check_epoch(connection, epoch)
            yield Transaction(connection)
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled the transaction back already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _check_epoch(connection: sqlite3.Connection, epoch: int) -> None:
    (found,) = connection.execute(QUERIES["epoch"]).fetchone()
    if found != epoch:
        raise StateLocked(
            f"another daemon has taken over: the ledger is at epoch {found}, "
            f"this process opened it at {epoch}",
            hint="Nothing was written; end this process",
        )
