"""
The rows that a batch sets aside: from its units' results to Parquet parts in staging.

Never more than a few chunks are in memory, however many rows are rejected: a unit's
large rejects are spilled by its worker, and what arrives is written as it arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestd.errors import ComponentAway, Retryable
from ingestd.model import Outcome, Part, PartKind
from ingestd.run.engine import Plan, UnitResult
from ingestd.run.parts import (
    ROWS_IN,
    UNKNOWN_ROWS,
    check_staging,
    finish_part,
    numbered,
)
from ingestd.run.reject_table import (
    CHUNK_BYTES,
    FILE_ID,
    PUBLISHED,
    TRAVELS,
    chunks,
    table_of,
)
from ingestd.run.tally import Tally

FOLDER = "spill"
_DICTIONARY_BYTES = 16 << 20
"""A wide file's header is long and repeats in every row."""


def packed(plan: Plan, result: UnitResult) -> UnitResult:
    """
    Return *result* as it may travel: large rejects are in a file; runs on a worker.

    A member that was not read is set aside whole, so rejects of it are left out.
    """
    unread = {m.file_id for m in result.members if m.outcome is not Outcome.READ}
    rejects = tuple(r for r in result.rejects if r.file_id not in unread)
    headers = sum(map(len, {reject.header for reject in rejects}))
    if headers + sum(reject.size for reject in rejects) <= plan.inline_bytes:
        return replace(result, rejects=rejects)
    path = Path(plan.staging, FOLDER, f"rejects-{result.unit:05d}.arrow")
    with _writing(plan.staging):
        path.parent.mkdir(exist_ok=True)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(path), "wb") as file,
            pa.ipc.new_stream(file, TRAVELS, options=options) as stream,
        ):
            for chunk in chunks(rejects):
                stream.write_table(table_of(chunk))
    return replace(result, rejects=(), spilled_rejects=str(path))


def unpacked(
    result: UnitResult, columns: tuple[str, ...] = tuple(TRAVELS.names)
) -> Iterator[pa.Table]:
    """
    Yield the rejects of *result* in order, *columns* of them. Raises ComponentAway.
    """
    if result.rejects:
        yield from (table_of(c).select(columns) for c in chunks(result.rejects))
    if not result.spilled_rejects:
        return
    wanted = [TRAVELS.get_field_index(name) for name in columns]
    options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
    try:
        with (
            pa.memory_map(result.spilled_rejects) as file,
            pa.ipc.open_stream(file, options=options) as stream,
        ):
            for batch in stream:
                yield _rebased(pa.Table.from_batches([batch]), result).select(columns)
    except OSError as error:
        message = f"read {result.spilled_rejects}: {error}"
        raise ComponentAway("disk", message) from error


def _rebased(table: pa.Table, result: UnitResult) -> pa.Table:
    """
    Return *table* with numbers that count from the file's beginning.
    """
    for name, before in zip(("record", "line"), result.in_front, strict=True):
        place = table.schema.get_field_index(name)
        if before and place >= 0:
            table = table.set_column(place, name, pc.add(table[name], before))
    return table


@dataclass(slots=True)
class Aside:
    """
    Writes the rejects of one attempt, and counts them; used by one thread.

    Nothing is written, and no part is made, while no row is set aside. A second one for
    the same attempt writes the same names again.
    """

    plan: Plan
    tally: Tally = field(default_factory=Tally)
    _parts: list[Part] = field(default_factory=list)
    _held: list[pa.Table] = field(default_factory=list)
    _held_bytes: int = 0
    _open: _PartFile | None = None

    def add(self, result: UnitResult) -> None:
        """
        Take over the rejects of *result*. Raises ComponentAway.
        """
        for table in unpacked(result):
            _check(self.plan)
            self.tally.add(table)
            self._held.append(table.drop_columns([FILE_ID]))
            self._held_bytes += table.nbytes
            if self._held_bytes >= CHUNK_BYTES:
                self._write()

    def close(self) -> tuple[Part, ...]:
        """
        Return the finished parts, durable. Raises ComponentAway.
        """
        if self._held:
            self._write()
        if self._open is not None:
            self._finish(self._open)
        return tuple(self._parts)

    def abandon(self) -> None:
        """
        Let go of what is open, after an error; harmless at any time.
        """
        self._held.clear()
        if self._open is not None:
            # The disk may be full: a footer is written that nobody reads.
            with suppress(OSError, pa.ArrowException):
                self._open.close()
            self._open = None

    def _write(self) -> None:
        table = pa.concat_tables(self._held).unify_dictionaries()
        with _writing(self.plan.rejects_staging):
            if self._open is None:
                name = numbered(self.plan, len(self._parts))
                path = Path(self.plan.rejects_staging, name)
                self._open = _PartFile(path, self.plan.pipeline.sink.compression)
            size = self._open.write(table)
        self._held.clear()
        self._held_bytes = 0
        if size >= self.plan.pipeline.sink.max_part_bytes:
            self._finish(self._open)

    def _finish(self, written: _PartFile) -> None:
        path = written.path
        with _writing(self.plan.rejects_staging):
            written.note({**self.plan.metadata, ROWS_IN: UNKNOWN_ROWS})
            written.close()
        self._open = None
        kind = PartKind.REJECTS
        part = finish_part(self.plan, path.name, path, rows_in=None, kind=kind)
        self._parts.append(part)


class _PartFile:
    """
    A Parquet file that is being written.
    """

    def __init__(self, path: Path, compression: str) -> None:
        self.path = path
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pq.ParquetWriter(
            self._file,
            PUBLISHED,
            compression="none" if compression == "uncompressed" else compression,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
            # Else readers that know Arrow would see dictionaries, not text.
            store_schema=False,
        )

    def write(self, table: pa.Table) -> int:
        """
        Write *table* as a row group; return the file's size so far.
        """
        self._writer.write_table(table)
        return int(self._file.tell())

    def note(self, metadata: dict[str, str]) -> None:
        """
        Put *metadata* into the footer.
        """
        self._writer.add_key_value_metadata(metadata)

    def close(self) -> None:
        """
        Write the footer, and close.
        """
        try:
            self._writer.close()
        finally:
            self._file.close()


def _check(plan: Plan) -> None:
    if not plan.rejects_staging:
        # A defect of the engine; the attempt fails rather than lose a row.
        message = "the engine set rows aside, although drift.bad_row is fail"
        raise Retryable(message)
    check_staging(plan, PartKind.REJECTS)


@contextmanager
def _writing(folder: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ComponentAway("disk", f"write to {folder}: {error}") from error
