"""
Rejects as Arrow tables: the columns that are published, and how they travel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from ingestd.run.rejects import Reject, shown

CHUNK_BYTES = 8 << 20
"""So many bytes of rejects are in one table, and in one row group."""

FILE_ID = "ingestd:file_id"
"""The one column that travels and is not published."""

_REPEATED = pa.dictionary(pa.int32(), pa.string())
PUBLISHED = pa.schema(
    [
        ("file", _REPEATED),
        ("line", pa.int64()),
        ("record", pa.int64()),
        ("byte_offset", pa.int64()),
        ("column", _REPEATED),
        ("reason", _REPEATED),
        ("detail", pa.string()),
        ("header", _REPEATED),
        ("raw", pa.string()),
        ("raw_bytes", pa.binary()),
    ]
)
"""Readers see plain text where a value repeats. *column* is null where the whole record
is at fault; *raw_bytes* holds the record where its text is not exact, else null."""

TRAVELS = PUBLISHED.append(pa.field(FILE_ID, pa.int64()))


def chunks(rejects: Iterable[Reject]) -> Iterator[list[Reject]]:
    """
    Yield *rejects* in order, in lists of about ``CHUNK_BYTES``.
    """
    chunk: list[Reject] = []
    size = 0
    for reject in rejects:
        chunk.append(reject)
        size += reject.size
        if size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def table_of(rejects: list[Reject]) -> pa.Table:
    """
    Return *rejects* as a table of ``TRAVELS``.
    """
    raws = [(r.raw, _text(r.raw)) for r in rejects]
    columns = {
        "file": [shown(r.path) for r in rejects],
        "line": [r.line for r in rejects],
        "record": [r.record for r in rejects],
        "byte_offset": [r.offset for r in rejects],
        "column": [r.column or None for r in rejects],
        "reason": [str(r.reason) for r in rejects],
        "detail": [r.detail for r in rejects],
        "header": [_text(r.header) for r in rejects],
        "raw": [text for _, text in raws],
        "raw_bytes": [None if text.encode() == raw else raw for raw, text in raws],
        FILE_ID: [r.file_id for r in rejects],
    }
    arrays = [pa.array(columns[field.name], field.type) for field in TRAVELS]
    return pa.Table.from_arrays(arrays, schema=TRAVELS)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
