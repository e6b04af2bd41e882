"""
``ingestd batches``: the batches of the ledger, in order of sealing.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from ingestd.cli.configured import locate
from ingestd.cli.filters import pipeline_of, state_of
from ingestd.cli.output import clock, iso, write_array, write_table
from ingestd.ledger.reader import BatchRow
from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import BatchState
from ingestd.observe.escape import escape
from ingestd.observe.units import duration, size

_HEADS = (
    *("STATE", "FILES", "SIZE", "ROWS", "REJECTED", "FILTERED"),
    *("SEALED", "TOOK", "TRY", "PIPELINE", "BATCH"),
)
_LONGEST_ERROR = 100


def execute(arguments: Namespace) -> int:
    """
    List what matches the filters, streaming.
    """
    located = locate(arguments)
    state = state_of(BatchState, arguments.state)
    pipeline = pipeline_of(located.pipelines, arguments.pipeline)
    reader = SqliteReader.open(located.state_dir)
    try:
        rows = reader.batches(pipeline=pipeline, state=state)
        if arguments.json:
            write_array(map(_item, rows))
        else:
            write_table(_HEADS, map(_row, rows), "<>>>>><>><<")
    finally:
        reader.close()
    return 0


def _item(row: BatchRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "sequence": row.sequence,
        "pipeline": row.pipeline,
        "state": row.state.value,
        "files": row.files,
        "bytes": row.size,
        "attempt": row.attempt,
        "sealed_at": iso(row.sealed_at),
        "ended_at": iso(row.ended_at),
        "rows_in": row.rows_in,
        "rows_out": row.rows_out,
        "rows_rejected": row.rows_rejected,
        "rows_filtered": row.rows_filtered,
        "bypassed": row.bypassed,
        "schema_version": row.schema_version,
        "error": escape(row.error),
    }


def _row(row: BatchRow) -> tuple[str, ...]:
    ended = row.ended_at
    error = escape(row.error)
    if len(error) > _LONGEST_ERROR:
        error = f"{error[:_LONGEST_ERROR]}…"
    return (
        row.state.value,
        f"{row.files:,}",
        size(row.size),
        f"{row.rows_in:,}",
        f"{row.rows_rejected:,}",
        f"{row.rows_filtered:,}",
        clock(row.sealed_at),
        "-" if ended is None else duration(max(0.0, ended - row.sealed_at)),
        str(row.attempt),
        row.pipeline,
        f"{row.id}  ({error})" if error else row.id,
    )
