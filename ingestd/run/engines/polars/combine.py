"""
Partials of all units to parts: merged at once, or bucket by bucket when some spilled.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import polars as pl

from ingestd.config import Aggregate
from ingestd.model import Part, Schema
from ingestd.run.aggregate import ROWS, with_types
from ingestd.run.engine import Partial, Plan
from ingestd.run.engines.polars.merge import merged
from ingestd.run.engines.polars.ranges import in_order
from ingestd.run.engines.polars.spill import (
    BUCKETS,
    FOLDER,
    GROUPS,
    Pieces,
    frame_of,
)
from ingestd.run.engines.polars.write import write_parts

_UNIT = 0


def combined(plan: Plan, partials: list[Partial]) -> tuple[Part, ...]:
    """
    Return the parts of *partials*; none when there is no partial.
    """
    if plan.pipeline.aggregate is None:
        return ()
    folders = plan.pipeline.sink.partition_by
    aggregate, schema = with_types(plan.pipeline.aggregate, plan.of_rows, folders)
    present = sorted(
        (p for p in partials if p.tables or p.spilled), key=lambda p: p.unit
    )
    if not present:
        return ()
    size = sum(table.nbytes for p in present for table in p.tables.values())
    keys = list(aggregate.group_by)
    if any(partial.spilled for partial in present):
        size = plan.pipeline.sink.max_part_bytes
        frames = in_order(_by_bucket(plan, aggregate, schema, present), keys)
    else:
        whole = pl.concat([frame_of(p.tables[GROUPS]) for p in present])
        frame = merged(whole, aggregate, schema).lazy()
        # As pandas has it: null keys are last.
        frames = iter([frame.sort(keys, nulls_last=True) if keys else frame])
    numbers, parts = itertools.count(), list[Part]()
    for frame in frames:
        parts += write_parts(frame, plan, _UNIT, numbers, size=size, rows_column=ROWS)
    return tuple(parts)


def _by_bucket(
    plan: Plan, aggregate: Aggregate, schema: Schema, partials: list[Partial]
) -> list[Path]:
    """
    Merge one bucket after the other, so that only one is in memory; return the files.
    """
    paths, all_pieces = [], [Pieces(partial) for partial in partials]
    for bucket in range(BUCKETS):
        pieces = [rows for p in all_pieces if (rows := p.rows(bucket)) is not None]
        if pieces:
            path = Path(plan.staging, FOLDER, f"merged-{bucket:02d}.arrow")
            merged(pl.concat(pieces), aggregate, schema).write_ipc(path)
            paths.append(path)
    return paths
