"""
From a lazy frame to finished parts in staging.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import polars as pl
from polars.io.partition import FileProviderArgs

from ingestd.errors import Quarantine, Retryable
from ingestd.model import Part
from ingestd.run.engine import Plan
from ingestd.run.parts import (
    ROWS_IN,
    UNKNOWN_ROWS,
    check_staging,
    finish_part,
    part_name,
)

_EXPANSION = 3
"""Rows in memory are rarely larger than this many times their CSV text."""


def write_parts(
    frame: pl.LazyFrame,
    plan: Plan,
    unit: int,
    numbers: Iterator[int],
    *,
    size: int,
    rows_column: str = "",
) -> tuple[Part, ...]:
    """
    Stream *frame* into parts, numbered by *numbers*; *size* is that of its input.

    The rows behind a part are its own, or the sum of *rows_column*. Raises Quarantine
    for a partition value that makes no folder, PolarsError for rows that do not parse;
    nothing is left of a pass that fails.
    """
    sink = plan.pipeline.sink
    check_staging(plan)
    places = Places(plan, unit, numbers)
    whole = not sink.partition_by and size * _EXPANSION < sink.max_part_bytes
    try:
        if whole:
            _sink(frame, plan, places.take([]))
        else:
            _sink(frame, plan, _partitions(plan, places))
        if places.refused is not None:
            raise places.refused  # noqa: TRY301 - what was written is removed below
    except BaseException:
        places.remove()
        raise
    return tuple(
        finish_part(plan, name, path, rows_in=_behind(path, rows_column))
        for name, path in sorted(places.taken.items())
    )


def _behind(path: Path, column: str) -> int | None:
    if not column:
        return None
    return int(
        pl.scan_parquet(path, glob=False).select(pl.col(column).sum()).collect().item()
    )


def _partitions(plan: Plan, places: Places) -> pl.PartitionBy:
    sink = plan.pipeline.sink
    return pl.PartitionBy(
        plan.staging,
        file_path_provider=places.provide,
        key=list(sink.partition_by) or None,
        include_key=False if sink.partition_by else None,
        approximate_bytes_per_file=sink.max_part_bytes,
    )


def _sink(frame: pl.LazyFrame, plan: Plan, target: Path | pl.PartitionBy) -> None:
    frame.sink_parquet(
        target,
        compression=plan.pipeline.sink.compression,
        metadata={**plan.metadata, ROWS_IN: UNKNOWN_ROWS},
        maintain_order=True,
        mkdir=True,
        engine="streaming",
    )


class Places:
    """
    Gives each file of a pass its name, and remembers it.
    """

    def __init__(self, plan: Plan, unit: int, numbers: Iterator[int]) -> None:
        self._plan = plan
        self._unit = unit
        self._numbers = numbers
        self.taken: dict[str, Path] = {}
        self.refused: Quarantine | None = None
        self._lock = Lock()
        self._closed = False

    def take(self, keys: list[tuple[str, str | None]]) -> Path:
        """
        Raises Retryable after ``remove``.
        """
        # When one of Polars' threads fails, the others still ask for files.
        with self._lock:
            if self._closed:
                raise Retryable("the pass that writes this part has failed already")
            return self._next(keys)

    def _next(self, keys: list[tuple[str, str | None]]) -> Path:
        number = next(self._numbers)
        try:
            name = part_name(self._plan, self._unit, number, keys)
        except Quarantine as refused:
            # Raised by the caller afterwards: here the writer would wrap it.
            self.refused = refused
            name = part_name(self._plan, self._unit, number, [])
        path = Path(self._plan.staging, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.taken[name] = path
        return path

    def provide(self, given: FileProviderArgs) -> str:
        """
        Return the path of a partition's next file, as Polars asks for it.
        """
        frame = given.partition_keys
        keys = [(name, _text(frame[name])) for name in frame.columns]
        return str(self.take(keys))

    def remove(self) -> None:
        """
        Remove what was written, and give no more.
        """
        with self._lock:
            self._closed = True
        for path in self.taken.values():
            path.unlink(missing_ok=True)


def _text(value: pl.Series) -> str | None:
    """
    Return the first of *value* as hive folders write it.
    """
    text = value.cast(pl.String) if value.dtype != pl.Boolean else value.cast(pl.Int8)
    first = text[0]
    if first is None or isinstance(first, str):
        return first
    return "true" if first else "false"
