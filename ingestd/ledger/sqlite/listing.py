"""
Comparing a listing with the ledger, chunk by chunk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from ingestd.ledger.ledger import Entry
from ingestd.ledger.sqlite.connection import QUERIES, signed

CHUNK = 2000
"""Seven parameters an entry: well below the 32,766 that sqlite takes at once."""

_ROW = "(?, ?, ?, ?, ?, ?, ?)"
_ONE = f"VALUES {_ROW}"


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
    rows = ", ".join([_ROW] * len(chunk))
    question = QUERIES["unknown"].replace(_ONE, f"VALUES {rows}")
    found = connection.execute(question, _parameters(chunk, pipeline))
    return [chunk[position] for position in sorted(row[0] for row in found)]


def _parameters(chunk: list[Entry], pipeline: str) -> list[object]:
    values: list[object] = []
    for position, entry in enumerate(chunk):
        mark = entry.fingerprint
        values += (
            position,
            entry.path,
            mark.size,
            mark.mtime_ns,
            mark.ctime_ns,
            signed(mark.inode),
            mark.etag,
        )
    values.append(pipeline)
    return values
