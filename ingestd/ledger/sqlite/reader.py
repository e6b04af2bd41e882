"""
Questions to a ledger file, from any thread and from any process.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from ingestd.errors import LedgerError
from ingestd.growing import Growing
from ingestd.ledger.reader import (
    AttemptRow,
    Backlog,
    BatchRow,
    FileRow,
    MemberRow,
    PartRow,
    SchemaRow,
    Totals,
)
from ingestd.ledger.sqlite import rows
from ingestd.ledger.sqlite.connection import FILE_NAME, QUERIES, connect, translated
from ingestd.ledger.sqlite.version import newest_version, refuse_newer, version
from ingestd.model import BatchState, FileState, Schema

CHUNK = 1000


class SqliteReader:
    """
    A Reader of ``<state_dir>/ledger.sqlite``; works while a daemon writes.

    Each question borrows a connection of its own, so that it may come from any thread,
    and sees what was committed when it was asked. Listings are fetched in chunks.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        # Appending and popping are atomic: no lock.
        self._idle: deque[sqlite3.Connection] = deque()

    @classmethod
    def open(cls, state_dir: Path) -> Self:
        """
        Open the ledger in *state_dir* for reading; LedgerError when there is none.
        """
        path = state_dir / FILE_NAME
        if not path.is_file():
            raise LedgerError(
                f"there is no ledger in {state_dir} yet",
                hint="It is made when the daemon starts: ingestd run",
            )
        reader = cls(path)
        reader._check_version()
        return reader

    def close(self) -> None:
        """
        Close; harmless twice.
        """
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def schema(self, pipeline: str) -> Schema | None:
        """
        Return the newest schema version of *pipeline*.
        """
        row = self._one("schema", {"pipeline": pipeline, "version": None})
        return rows.schema(row) if row else None

    def schemas(self, pipeline: str) -> list[SchemaRow]:
        """
        Return every schema version of *pipeline*, oldest first.
        """
        return [
            rows.schema_row(r) for r in self._all("schemas", {"pipeline": pipeline})
        ]

    def backlog(self, pipeline: str) -> Backlog:
        """
        Return what is READY, from the tally and the front of an index.
        """
        row = self._one("backlog", {"pipeline": pipeline})
        return Backlog(*row) if row else Backlog()

    def counts(self, pipeline: str) -> dict[FileState, int]:
        """
        Return the number of file versions in each state that has any.
        """
        found = self._all("counts", {"pipeline": pipeline})
        return {FileState(state): count for state, count in found}

    def files(
        self,
        *,
        pipeline: str | None = None,
        state: FileState | None = None,
        path: bytes | None = None,
    ) -> Iterator[FileRow]:
        """
        Yield file versions in order of admission.
        """
        if path is not None:
            found = self._versions(pipeline, path)
            return (row for row in found if state in (None, row.state))
        if state is None:
            listing = self._chunks("files", {"pipeline": pipeline}, 0)
            return map(rows.file_row, listing)
        listings = [
            self._chunks("files_of_state", {"pipeline": name, "state": state}, 0)
            for name in self._pipelines(pipeline)
        ]
        return map(rows.file_row, heapq.merge(*listings, key=lambda row: row[0]))

    def batches(
        self,
        *,
        pipeline: str | None = None,
        state: BatchState | None = None,
        batch_id: str | None = None,
    ) -> Iterator[BatchRow]:
        """
        Yield batches in order of sealing.
        """
        if batch_id is not None:
            found = map(rows.batch_row, self._all("batch_row", {"id": batch_id}))
            return (
                row
                for row in found
                if pipeline in (None, row.pipeline) and state in (None, row.state)
            )
        if state is None:
            listing = self._chunks("batches", {"pipeline": pipeline}, 1)
            return map(rows.batch_row, listing)
        listings = [
            self._chunks("batches_of_state", {"pipeline": name, "state": state}, 1)
            for name in self._pipelines(pipeline)
        ]
        return map(rows.batch_row, heapq.merge(*listings, key=lambda row: row[1]))

    def parts(self, batch_id: str) -> list[PartRow]:
        """
        Return the Parquet files of a staged or committed batch, by kind and name.
        """
        return list(map(rows.part_row, self._all("parts", {"id": batch_id})))

    def members(self, batch_id: str) -> Iterator[MemberRow]:
        """
        Yield the members of a batch in order, with their outcomes.
        """
        listing = self._chunks("members", {"id": batch_id}, 0, after=-1)
        return map(rows.member_row, listing)

    def attempts(self, batch_id: str) -> list[AttemptRow]:
        """
        Return every run of a batch, in order.
        """
        return [rows.attempt_row(r) for r in self._all("attempts", {"id": batch_id})]

    def last_error(self, pipeline: str) -> AttemptRow | None:
        """
        Return the newest run of *pipeline* that ended with an error.
        """
        row = self._one("last_error", {"pipeline": pipeline})
        return rows.attempt_row(row) if row else None

    def totals(self, pipeline: str, since: float = 0.0) -> Totals:
        """
        Return what was committed at *since* or later.
        """
        row = self._one("totals", {"pipeline": pipeline, "since": since})
        return Totals(*row) if row else Totals()

    def growing(self, pipeline: str) -> list[Growing]:
        """
        Return the files that may still grow, oldest first.
        """
        return [
            rows.growing(row) for row in self._all("growing", {"pipeline": pipeline})
        ]

    def header_of(self, pipeline: str, path: bytes) -> bytes | None:
        """
        Return the newest header of *path*, None when it was never followed.
        """
        names = {"pipeline": pipeline, "path": path}
        if (row := self._one("growing_header", names)) is not None:
            return bytes(row[0])
        return None if self._one("growing_seen", names) is None else b""

    def grown_before(
        self, pipeline: str, path: bytes, size: int, ends: tuple[bytes, bytes]
    ) -> bool:
        """
        Tell whether a generation with this content was taken.
        """
        values = {"pipeline": pipeline, "path": path, "size": size}
        head, tail = ends
        return (
            self._one("grown_before", {**values, "head": head, "tail": tail})
            is not None
        )

    def _check_version(self) -> None:
        newest = newest_version()
        with self._borrowed() as connection:
            found = version(connection)
        refuse_newer(found, newest, self._path)
        if found < newest:
            raise LedgerError(
                f"{self._path} has schema version {found}, this program reads {newest}",
                hint="Start the daemon of this version once: it brings the file along",
            )

    def _versions(self, pipeline: str | None, path: bytes) -> list[FileRow]:
        found = [
            rows.file_row(row)
            for name in self._pipelines(pipeline)
            for row in self._all("files_of_path", {"pipeline": name, "path": path})
        ]
        return sorted(found, key=lambda row: row.id)

    def _pipelines(self, pipeline: str | None) -> list[str]:
        if pipeline is not None:
            return [pipeline]
        return [name for (name,) in self._all("pipelines", {})]

    def _one(self, name: str, values: Mapping[str, object]) -> rows.Row | None:
        found = self._all(name, values)
        return found[0] if found else None

    def _all(self, name: str, values: Mapping[str, object]) -> list[Any]:
        with self._borrowed() as connection:
            return connection.execute(QUERIES[name], dict(values)).fetchall()

    def _chunks(
        self, name: str, values: Mapping[str, object], key: int, after: int = 0
    ) -> Iterator[rows.Row]:
        # No statement stays open between two chunks: a slow consumer would keep the
        # daemon's write-ahead log from being folded in, and it would grow for ever.
        while True:
            chunk = self._all(name, {**values, "after": after, "count": CHUNK})
            yield from chunk
            if len(chunk) < CHUNK:
                return
            after = chunk[-1][key]

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        if self._closed:
            raise LedgerError("the ledger is closed")
        with translated("be read"):
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = connect(self._path, read_only=True)
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        self._idle.append(connection)
        if self._closed:
            # Closed meanwhile by another thread, which cannot have seen this one.
            self.close()
