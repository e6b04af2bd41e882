"""
Partials that are too large to travel: Arrow files in staging, by hash of their keys.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from ingestd.run.aggregate import KEY
from ingestd.run.engine import Partial, Plan

GROUPS = "groups"
BUCKETS = 64
FOLDER = "spill"
_BUCKET = "ingestd:bucket"


def held(plan: Plan, unit: int, frame: pl.DataFrame) -> Partial:
    """
    Return *frame* as a unit's partial; written to staging if it is too large.
    """
    if frame.estimated_size() <= plan.inline_bytes:
        return Partial(
            unit, {GROUPS: frame.to_arrow(compat_level=pl.CompatLevel.oldest())}
        )
    folder = Path(plan.staging, FOLDER)
    folder.mkdir(exist_ok=True)
    paths = [""] * BUCKETS
    for bucket, piece in by_bucket(frame).items():
        path = folder / f"{unit:05d}-{bucket:02d}.arrow"
        piece.write_ipc(path, compression="lz4")
        paths[bucket] = str(path)
    return Partial(unit, {}, {GROUPS: paths})


def by_bucket(frame: pl.DataFrame) -> dict[int, pl.DataFrame]:
    """
    Return the rows of *frame* by bucket: equal keys are in the same one everywhere.
    """
    keys = [name for name in frame.columns if name.startswith(KEY)]
    number = pl.struct(keys).hash() % BUCKETS
    pieces = frame.with_columns(number.alias(_BUCKET)).partition_by(
        _BUCKET, as_dict=True, include_key=False, maintain_order=True
    )
    return {int(key[0]): piece for key, piece in pieces.items()}


class Pieces:
    """
    One partial, bucket by bucket.
    """

    def __init__(self, partial: Partial) -> None:
        self._paths = partial.spilled.get(GROUPS)
        self._inline = (
            {} if self._paths else by_bucket(frame_of(partial.tables[GROUPS]))
        )

    def rows(self, bucket: int) -> pl.DataFrame | None:
        """
        Return the rows that are in *bucket*, if any.
        """
        if not self._paths:
            return self._inline.get(bucket)
        path = self._paths[bucket]
        return pl.read_ipc(path) if path else None


def frame_of(table: pa.Table) -> pl.DataFrame:
    """
    Return *table* as a frame.
    """
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    return frame
