"""
Comparing a listing with the ledger, chunk by chunk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from ingestd.ledger.ledger import Entry
from ingestd.ledger.sqlite.connection import QUERIES, signed

CHUNK = 5000


def chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """
    Cut *entries* into lists of at most CHUNK.
    """
    source = iter(entries)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def unknown(
    connection: sqlite3.Connection, pipeline: str, chunk: list[Entry]
) -> list[Entry]:
    """
    Return the entries of *chunk* whose path or stat the ledger does not have, in order.
    """
    connection.execute(QUERIES["create_listed"])
    connection.execute("BEGIN")
    try:
        connection.executemany(QUERIES["insert_listed"], _rows(chunk))
        found = connection.execute(QUERIES["unknown"], {"pipeline": pipeline})
        return [chunk[position] for (position,) in found]
    finally:
        # Undoing empties the temporary table, and ends the view of the ledger.
        connection.execute("ROLLBACK")


def _rows(chunk: list[Entry]) -> Iterator[tuple[object, ...]]:
    for position, entry in enumerate(chunk):
        mark = entry.fingerprint
        yield (
            position,
            entry.path,
            mark.size,
            mark.mtime_ns,
            mark.ctime_ns,
            signed(mark.inode),
            mark.etag,
        )
