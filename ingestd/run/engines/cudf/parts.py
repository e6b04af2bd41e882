"""
Row mode: a chunk's rows as Parquet, written by the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ingestd.model import Part
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.columns import Typed
from ingestd.run.engines.cudf.device import Column, Device
from ingestd.run.parts import (
    ROWS_IN,
    UNKNOWN_ROWS,
    check_staging,
    finish_part,
    part_name,
)


@dataclass(slots=True)
class PartWriter:
    """
    Writes the chunks of one pass; *parts* are those that are finished.
    """

    device: Device
    plan: Plan
    unit: int
    numbers: Iterator[int]
    parts: list[Part] = field(default_factory=list)

    def write(self, columns: Mapping[str, Typed]) -> None:
        """
        Write *columns* to as many parts as their size in memory asks for, which is more
        than they take in a file. Nothing is left of a part that fails.
        """
        check_staging(self.plan)
        types = dict(self.plan.schema.columns)
        made = {name: (typed.column, types[name]) for name, typed in columns.items()}
        rows = next(iter(columns.values())).column.rows
        size = sum(_size(typed.column) for typed in columns.values())
        count = -(-size // self.plan.pipeline.sink.max_part_bytes)
        step = -(-rows // count)
        for first in range(0, rows, step):
            self._write(made, first, min(step, rows - first))

    def _write(
        self, columns: Mapping[str, tuple[Column, str]], first: int, rows: int
    ) -> None:
        plan = self.plan
        name = part_name(plan, self.unit, next(self.numbers), [])
        path = Path(plan.staging, name)
        metadata = {**plan.metadata, ROWS_IN: UNKNOWN_ROWS}
        compression = plan.pipeline.sink.compression
        content = self.device.parquet(columns, (first, rows), compression, metadata)
        try:
            path.write_bytes(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self.parts.append(finish_part(plan, name, path, rows_in=None))


def _size(column: Column) -> int:
    offsets = 0 if column.offsets is None else column.offsets.nbytes
    valid = 0 if column.valid is None else column.rows // 8
    size: int = column.values.nbytes + offsets + valid
    return size
