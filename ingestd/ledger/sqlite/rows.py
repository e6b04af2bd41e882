"""
From rows of the tables to the values of the model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ingestd.growing import Growing, Stretch
from ingestd.ledger.reader import (
    AttemptRow,
    BatchRow,
    FileRow,
    MemberRow,
    PartRow,
    SchemaRow,
)
from ingestd.ledger.sqlite.connection import signed, unsigned
from ingestd.model import (
    BatchState,
    FileRef,
    FileState,
    Fingerprint,
    Function,
    MemberResult,
    Outcome,
    Part,
    PartKind,
    Schema,
)

Row = Sequence[Any]


def file_ref(row: Row) -> FileRef:
    """
    Read id, pipeline, path and the fingerprint's columns.
    """
    size, mtime_ns, ctime_ns, inode, etag, head, tail = row[3:10]
    mark = Fingerprint(size, mtime_ns, ctime_ns, unsigned(inode), etag, head, tail)
    return FileRef(row[0], row[1], row[2], mark)


def member_ref(row: Row) -> FileRef:
    """
    Read the columns of ``file_ref``, and behind them those of a stretch, NULL where the
    version is a file.
    """
    ref = file_ref(row)
    if row[10] is None:
        return ref
    growing, start, place, header, records, lines = row[10:16]
    stretch = Stretch(growing, start, place, header, records, lines)
    return replace(ref, stretch=stretch)


def growing(row: Row) -> Growing:
    """
    Read a row of ``growing``.
    """
    values = list(row)
    values[4] = unsigned(values[4])
    values[-1] = bool(values[-1])
    return Growing(*values)


def growing_columns(one: Growing) -> dict[str, object]:
    """
    Return the parameters that a growing file fills, but for its id and names.
    """
    return {
        "place": one.place,
        "inode": signed(one.inode),
        "birth_ns": one.birth_ns,
        "size": one.size,
        "end": one.end,
        "head": one.head,
        "tail": one.tail,
        "header": one.header,
        "records": one.records,
        "lines": one.lines,
        "ended": one.ended,
    }


def fingerprint_columns(mark: Fingerprint) -> dict[str, object]:
    """
    Return the parameters that a fingerprint fills.
    """
    return {
        "size": mark.size,
        "mtime_ns": mark.mtime_ns,
        "ctime_ns": mark.ctime_ns,
        "inode": signed(mark.inode),
        "etag": mark.etag,
        "head": mark.head,
        "tail": mark.tail,
    }


def file_row(row: Row) -> FileRow:
    """
    Read a row of the listings of files.
    """
    return FileRow(row[0], row[1], row[2], FileState(row[3]), *row[4:])


def batch_row(row: Row) -> BatchRow:
    """
    Read a row of the listings of batches.
    """
    values = list(row)
    values[3] = BatchState(values[3])
    values[13] = bool(values[13])
    return BatchRow(*values)


def member_row(row: Row) -> MemberRow:
    """
    Read a row of ``members``.
    """
    values = list(row[1:])
    values[5] = None if values[5] is None else Outcome(values[5])
    values[-1] = _counts(values[-1])
    return MemberRow(*values)


def result(row: Row) -> MemberResult:
    """
    Read a row of ``staged_members``.
    """
    values = list(row)
    values[1] = Outcome(values[1])
    values[-1] = _counts(values[-1])
    return MemberResult(*values)


def part(row: Row) -> Part:
    """
    Read a row of ``staged_parts``.
    """
    values = list(row)
    values[-1] = PartKind(values[-1])
    return Part(*values)


def part_row(row: Row) -> PartRow:
    """
    Read a row of ``parts``.
    """
    values = list(row)
    values[-1] = PartKind(values[-1])
    return PartRow(*values)


def counts_text(counts: Sequence[tuple[str, int]]) -> str:
    """
    Return counts by reason as the ledger keeps them.
    """
    return json.dumps([[str(reason), rows] for reason, rows in counts])


def _counts(text: str) -> tuple[tuple[str, int], ...]:
    return tuple((reason, rows) for reason, rows in json.loads(text))


def attempt_row(row: Row) -> AttemptRow:
    """
    Read a row of ``attempts``.
    """
    values = list(row)
    values[5] = bool(values[5])
    return AttemptRow(*values)


def schema(row: Row) -> Schema:
    """
    Read columns, version and source.
    """
    columns = json.loads(row[0])
    return Schema(
        tuple((name, kind) for name, kind, *_ in columns),
        row[1],
        row[2],
        tuple(name for name, _, *marks in columns if marks),
    )


def schema_columns(schema: Schema) -> str:
    """
    Return what ``schema`` reads: JSON, [name, type] for each column, and a third entry
    for one that was added.
    """
    came = set(schema.added)
    return json.dumps(
        [
            [name, kind, "added"] if name in came else [name, kind]
            for name, kind in schema.columns
        ]
    )


def schema_row(row: Row) -> SchemaRow:
    """
    Read a row of ``schemas``.
    """
    return SchemaRow(schema(row), row[3])


def function_text(function: Function | None) -> str:
    """
    Return *function* as the ledger has it.
    """
    return json.dumps([function.reference, *function.sources]) if function else ""


def function(text: str) -> Function | None:
    """
    Read what ``function_text`` wrote.
    """
    if not text:
        return None
    reference, *sources = json.loads(text)
    return Function(reference, tuple(sources))
