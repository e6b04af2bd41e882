"""
``ingestd files``: the file versions of the ledger, in order of admission.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ingestd.cli.configured import locate
from ingestd.cli.filters import pipeline_of, state_of
from ingestd.cli.output import clock, iso, path_fields, write_array, write_table
from ingestd.ledger.reader import FileRow
from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import FileState
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import size

_HEADS = ("STATE", "SIZE", "SEEN", "ROWS", "REJECTED", "FILTERED", "PIPELINE", "PATH")


def execute(arguments: Namespace) -> int:
    """
    List what matches the filters, streaming.
    """
    located = locate(arguments)
    state = state_of(FileState, arguments.state)
    pipeline = pipeline_of(located.pipelines, arguments.pipeline)
    reader = SqliteReader.open(located.state_dir)
    try:
        rows = reader.files(pipeline=pipeline, state=state)
        if arguments.json:
            write_array(map(_item, rows))
        else:
            write_table(_HEADS, map(_row, rows), "<><>>><<")
    finally:
        reader.close()
    return 0


def _item(row: FileRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "pipeline": row.pipeline,
        **path_fields(row.path),
        "state": row.state.value,
        "bytes": row.size,
        "seen_at": iso(row.seen_at),
        "mtime_ns": row.mtime_ns,
        "batch": row.batch_id,
        "rows_in": row.rows_in,
        "rows_out": row.rows_out,
        "rows_rejected": row.rows_rejected,
        "rows_filtered": row.rows_filtered,
        "reason": row.reason,
        "detail": escape(row.detail),
    }


def _row(row: FileRow) -> tuple[str, ...]:
    path = printable(row.path)
    return (
        row.state.value,
        size(row.size),
        clock(row.seen_at),
        f"{row.rows_in:,}" if row.rows_in else "-",
        f"{row.rows_rejected:,}" if row.rows_rejected else "-",
        f"{row.rows_filtered:,}" if row.rows_filtered else "-",
        row.pipeline,
        f"{path}  ({row.reason})" if row.reason else path,
    )
