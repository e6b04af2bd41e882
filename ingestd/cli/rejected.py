"""
The published rejects, read back: which files hold them, and row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingestd.cli.reject_files import opened
from ingestd.config import Pipeline
from ingestd.ledger.reader import Reader
from ingestd.model import BatchState, PartKind
from ingestd.run.reject_table import PUBLISHED
from ingestd.run.rejects import shown, turned_back

_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Published:
    """
    One Parquet file of a committed batch's rejects; *where* is a path or a URL.
    """

    pipeline: Pipeline
    batch: str
    where: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """
    One row that was set aside; *column* is "" where the whole record is at fault.

    *raw* and *header* are in UTF-8, *raw* with bytes that are no UTF-8 as they are.
    """

    source: Published
    path: bytes
    line: int
    record: int
    byte_offset: int
    column: str
    reason: str
    detail: str
    header: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Header:
    """
    The *text* of a header, the *first* file that has it, and how many *rows*.
    """

    text: str
    first: bytes
    rows: int


@dataclass(frozen=True, slots=True)
class Choice:
    """
    What is asked for: everything of *pipelines*, unless one of the others narrows it.

    *paths* are those of one file, by pipeline.
    """

    pipelines: Sequence[Pipeline]
    batch: str | None = None
    paths: dict[str, bytes] | None = None
    reason: str | None = None

    def published(self, reader: Reader) -> Iterator[Published]:
        """
        Yield the Parquet files that may hold what is asked for, in order of sealing.
        """
        for pipeline in self.pipelines:
            for batch_id in self._batches(reader, pipeline):
                yield from published(reader, pipeline, batch_id)

    def rows(self, found: Published) -> Iterator[Rejected]:
        """
        Yield the rows of *found* that are asked for, in order. Raises Unreachable.
        """
        return rows_of(found, self._path(found), self.reason)

    def headers(self, found: Published) -> Iterator[Header]:
        """
        Yield the headers of those rows, some of them several times.
        """
        for table in self._tables(found, "header", "file"):
            for header in table["header"].unique().to_pylist():
                files = table.filter(pc.equal(table["header"], header))["file"]
                yield Header(header, turned_back(files[0].as_py()), len(files))

    def raws(self, found: Published) -> Iterator[bytes]:
        """
        Yield the records of those rows, in UTF-8 but for bytes that are none.
        """
        for table in self._tables(found, "raw", "raw_bytes"):
            texts = (table[name].to_pylist() for name in ("raw", "raw_bytes"))
            yield from map(_exact, *texts)

    def _tables(self, found: Published, *columns: str) -> Iterator[pa.Table]:
        return tables_of(found, self._path(found), self.reason, columns)

    def _path(self, found: Published) -> bytes | None:
        return self.paths[found.pipeline.name] if self.paths else None

    def _batches(self, reader: Reader, pipeline: Pipeline) -> Iterable[str]:
        name = pipeline.name
        if self.paths is not None:
            versions = reader.files(pipeline=name, path=self.paths.get(name, b""))
            found = [row.batch_id for row in versions if row.rows_rejected]
            ids = dict.fromkeys(batch for batch in found if batch)
            return [one for one in ids if self.batch in (None, one)]
        batches = reader.batches(
            pipeline=name, state=BatchState.COMMITTED, batch_id=self.batch
        )
        return (row.id for row in batches if row.rows_rejected)


def published(reader: Reader, pipeline: Pipeline, batch_id: str) -> Iterator[Published]:
    """
    Yield the files of one batch's rejects.
    """
    for part in reader.parts(batch_id):
        if part.kind is PartKind.REJECTS:
            where = f"{pipeline.rejects.url.rstrip('/')}/{part.name}"
            yield Published(pipeline, batch_id, where, part.rows, part.size)


def rows_of(
    found: Published, path: bytes | None = None, reason: str | None = None
) -> Iterator[Rejected]:
    """
    Yield the rows of one file, of one *path* and one *reason* where they are given.

    Streams. Raises Unreachable when the file is not there, or is no Parquet file.
    """
    for table in tables_of(found, path, reason):
        for row in table.to_pylist():
            yield Rejected(
                source=found,
                path=turned_back(row["file"]),
                line=row["line"],
                record=row["record"],
                byte_offset=row["byte_offset"],
                column=row["column"] or "",
                reason=row["reason"],
                detail=row["detail"],
                header=row["header"],
                raw=_exact(row["raw"], row["raw_bytes"]),
            )


def tables_of(
    found: Published,
    path: bytes | None,
    reason: str | None,
    columns: Sequence[str] = PUBLISHED.names,
) -> Iterator[pa.Table]:
    """
    Yield the same rows as tables that are not empty, with *columns* at least.
    """
    wanted = {"file": None if path is None else shown(path), "reason": reason}
    asked = {name: value for name, value in wanted.items() if value is not None}
    names = list({*columns, *asked})
    with opened(found.pipeline, found.where) as file:
        for batch in file.iter_batches(batch_size=_ROWS, columns=names):
            table = pa.Table.from_batches([batch])
            for name, value in asked.items():
                table = table.filter(pc.equal(table[name], value))
            if len(table):
                yield table


def _exact(text: str, exact: bytes | None) -> bytes:
    return text.encode() if exact is None else exact
