"""
Questions to the ledger in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from ingestd.errors import LedgerError
from ingestd.growing import Growing
from ingestd.ledger.memory.tables import BatchRecord, FileRecord, Tables
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
from ingestd.model import BatchState, FileState, MemberResult, Schema


class MemoryReader:
    """
    A Reader of tables in memory; safe from any thread.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._closed = False

    def schema(self, pipeline: str) -> Schema | None:
        """
        Return the newest schema version of *pipeline*.
        """
        with self._reading() as tables:
            return tables.schema(pipeline)

    def schemas(self, pipeline: str) -> list[SchemaRow]:
        """
        Return every schema version of *pipeline*, oldest first.
        """
        with self._reading() as tables:
            return list(tables.schemas.get(pipeline, ()))

    def backlog(self, pipeline: str) -> Backlog:
        """
        Return what is READY.
        """
        with self._reading() as tables:
            ready = [
                record
                for record in tables.files.values()
                if record.ref.pipeline == pipeline and record.state is FileState.READY
            ]
        if not ready:
            return Backlog()
        size = sum(record.mark.size for record in ready)
        return Backlog(len(ready), size, min(record.ready_at for record in ready))

    def counts(self, pipeline: str) -> dict[FileState, int]:
        """
        Return the number of file versions in each state that has any.
        """
        with self._reading() as tables:
            mine = (f for f in tables.files.values() if f.ref.pipeline == pipeline)
            return dict(Counter(record.state for record in mine))

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
        with self._reading() as tables:
            rows = [_file_row(record) for record in tables.files.values()]
        return (
            row
            for row in rows
            if pipeline in (None, row.pipeline)
            and state in (None, row.state)
            and path in (None, row.path)
        )

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
        with self._reading() as tables:
            rows = [_batch_row(record) for record in tables.batches.values()]
        return (
            row
            for row in rows
            if pipeline in (None, row.pipeline)
            and state in (None, row.state)
            and batch_id in (None, row.id)
        )

    def parts(self, batch_id: str) -> list[PartRow]:
        """
        Return the Parquet files of a staged or committed batch, by kind and name.
        """
        with self._reading() as tables:
            record = tables.batches.get(batch_id)
        staged = record.staged if record else None
        rows = [
            PartRow(batch_id, p.name, p.rows, p.rows_in, p.size, p.sha256, p.kind)
            for p in (staged.parts if staged else ())
        ]
        return sorted(rows, key=lambda row: (row.kind, row.name))

    def members(self, batch_id: str) -> Iterator[MemberRow]:
        """
        Yield the members of a batch in order, with their outcomes.
        """
        with self._reading() as tables:
            record = tables.batches.get(batch_id)
        return iter(_member_rows(record) if record else [])

    def attempts(self, batch_id: str) -> list[AttemptRow]:
        """
        Return every run of a batch, in order.
        """
        with self._reading() as tables:
            return [row for row in tables.attempts if row.batch_id == batch_id]

    def last_error(self, pipeline: str) -> AttemptRow | None:
        """
        Return the newest run of *pipeline* that ended with an error.
        """
        with self._reading() as tables:
            for row in reversed(tables.attempts):
                batch = tables.batches[row.batch_id].batch
                if row.error and batch.pipeline == pipeline:
                    return row
        return None

    def totals(self, pipeline: str, since: float = 0.0) -> Totals:
        """
        Return what was committed at *since* or later.
        """
        rows = [
            row
            for row in self.batches(pipeline=pipeline, state=BatchState.COMMITTED)
            if row.ended_at is not None and row.ended_at >= since
        ]
        return Totals(
            len(rows),
            sum(row.files for row in rows),
            sum(row.size for row in rows),
            sum(row.rows_in for row in rows),
            sum(row.rows_out for row in rows),
            sum(row.rows_rejected for row in rows),
            sum(row.rows_filtered for row in rows),
        )

    def growing(self, pipeline: str) -> list[Growing]:
        """
        Return the files that may still grow, oldest first.
        """
        with self._reading() as tables:
            found = list(tables.growing.values())
        return [one for one in found if one.pipeline == pipeline and not one.ended]

    def header_of(self, pipeline: str, path: bytes) -> bytes | None:
        """
        Return the newest header of *path*, None when it was never followed.
        """
        with self._reading() as tables:
            found = [
                one.header
                for one in tables.growing.values()
                if (one.pipeline, one.path) == (pipeline, path)
            ]
        if not found:
            return None
        return next(filter(None, reversed(found)), b"")

    def grown_before(
        self, pipeline: str, path: bytes, size: int, ends: tuple[bytes, bytes]
    ) -> bool:
        """
        Tell whether a generation with this content was taken.
        """
        with self._reading() as tables:
            found = list(tables.growing.values())
        wanted = (pipeline, path, size, *ends)
        return any(
            wanted == (one.pipeline, one.path, one.end, one.head, one.tail)
            for one in found
        )

    @contextmanager
    def _reading(self) -> Iterator[Tables]:
        if self._closed:
            raise LedgerError("the ledger is closed")
        with self._tables.lock:
            yield self._tables


def _file_row(record: FileRecord) -> FileRow:
    return FileRow(
        record.ref.id,
        record.ref.pipeline,
        record.ref.path,
        record.state,
        record.mark.size,
        record.seen_at,
        record.batch_id,
        record.rows_in,
        record.rows_out,
        record.rows_rejected,
        record.rows_filtered,
        record.reason,
        record.detail,
        record.mark.mtime_ns,
    )


def _batch_row(record: BatchRecord) -> BatchRow:
    batch, staged = record.batch, record.staged
    return BatchRow(
        batch.id,
        batch.sequence,
        batch.pipeline,
        record.state,
        len(batch.members),
        batch.size,
        batch.attempt,
        batch.sealed_at,
        record.ended_at,
        staged.rows_in if staged else 0,
        staged.rows_out if staged else 0,
        staged.rows_rejected if staged else 0,
        staged.rows_filtered if staged else 0,
        staged.bypassed if staged else False,
        record.error,
        staged.schema.version if staged else 0,
    )


def _member_rows(record: BatchRecord) -> list[MemberRow]:
    results: tuple[MemberResult | None, ...] = record.results
    if not results:
        results = (None,) * len(record.batch.members)
    rows = []
    for member, result in zip(record.batch.members, results, strict=True):
        row = MemberRow(
            record.batch.id, member.file.id, member.file.path, member.start, member.end
        )
        rows.append(_with_result(row, result) if result else row)
    return rows


def _with_result(row: MemberRow, result: MemberResult) -> MemberRow:
    return MemberRow(
        row.batch_id,
        row.file_id,
        row.path,
        row.start,
        row.end,
        result.outcome,
        result.rows_in,
        result.rows_out,
        result.rows_rejected,
        result.rows_filtered,
        str(result.reason),
        result.detail,
        tuple((str(reason), rows) for reason, rows in result.rejected),
    )
