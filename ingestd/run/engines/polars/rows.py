"""
Row mode: a unit's rows as they are, streamed into parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from ingestd.config.pipeline import RESCUED_COLUMN
from ingestd.model import Part
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import converted, keeps_empty
from ingestd.run.engines.polars.headcount import SUSPECT
from ingestd.run.engines.polars.narrowed import narrowed
from ingestd.run.engines.polars.outgrown import within_schema
from ingestd.run.engines.polars.passes import Input, Pass
from ingestd.run.engines.polars.read import Sample, after_look_at, typed
from ingestd.run.engines.polars.shaping import INDEX, Shaping
from ingestd.run.engines.polars.write import write_parts
from ingestd.run.layout import Layout
from ingestd.run.rejects import shown


class RowWriter:
    """
    Writes the passes of one unit; each pass has part numbers of its own.
    """

    def __init__(
        self,
        plan: Plan,
        unit: int,
        shaping: Shaping | None = None,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._plan = plan
        self._unit = unit
        self._shaping = shaping
        self._numbers = numbers or itertools.count()

    def __call__(self, given: Input) -> Pass[tuple[Part, ...]]:
        """
        Write the rows of *given*.
        """
        if self._shaping is not None:
            return self._shaped(given, self._shaping)
        plan = self._plan
        sink = plan.pipeline.sink
        frame = given.frame
        if sink.lineage_columns:
            frame = frame.with_row_index(INDEX)
        columns = _columns(given.contents[0].layout, plan, given.sample)
        if sink.lineage_columns:
            columns += _lineage(given.contents, plan)
        parts = self._write(given, frame.select(columns))
        return Pass(sum(part.rows for part in parts), parts)

    def _shaped(self, given: Input, shaping: Shaping) -> Pass[tuple[Part, ...]]:
        plan, layout = self._plan, given.contents[0].layout
        others = []
        if plan.pipeline.drift.new_column == "rescue":
            others.append(_rescued(layout, plan, given.sample))
        if plan.pipeline.sink.lineage_columns:
            others += _lineage(given.contents, plan)
        frame, count, partly = narrowed(plan, given, shaping.reads, shaping, others)
        parts = self._write(given, frame.drop(SUSPECT))
        kept = tuple(part for part in parts if part.rows)
        discard(tuple(part for part in parts if not part.rows))
        assert count is not None  # noqa: S101 - there is one with a shaping
        doubtful = keeps_empty(plan.pipeline.csv) or count.suspects
        return Pass(count.rows, kept, bool(partly and doubtful), count)

    def _write(self, given: Input, frame: pl.LazyFrame) -> tuple[Part, ...]:
        size = sum(content.member.size for content in given.contents)
        numbers = self._numbers
        with within_schema(self._plan, given):
            return write_parts(frame, self._plan, self._unit, numbers, size=size)


def _columns(layout: Layout, plan: Plan, sample: Sample) -> list[pl.Expr]:
    """
    Return the columns of the output that come from the file.
    """
    rescues = plan.pipeline.drift.new_column == "rescue"
    shown = written(plan)
    columns = typed(shown, layout, plan, sample)
    columns += [_rescued(layout, plan, sample)] if rescues else []
    silent = [name for name in plan.schema.untyped if name not in shown]
    looked_at = typed(silent, layout, plan, sample)
    looked_at += [] if rescues else [pl.col(name) for name in layout.extras]
    # Only where all columns are parsed does Polars refuse a record too long, and only
    # then does a value in a column without a type make the reading fail.
    return [after_look_at(looked_at, columns[0]), *columns[1:]]


def written(plan: Plan) -> tuple[str, ...]:
    """
    Return the columns of rows that the output has: those with a type.

    Others only where folders are named by them, or where no column would be left and so
    no row.
    """
    folders = set(plan.pipeline.sink.partition_by)
    rows = plan.of_rows
    untyped = set(rows.untyped) - folders
    found = tuple(name for name in rows.names if name not in untyped)
    if set(found) - folders or plan.pipeline.reserved:
        return found
    return rows.names


def _rescued(layout: Layout, plan: Plan, sample: Sample) -> pl.Expr:
    """
    Return the text of the columns that the schema lacks, as one JSON object without the
    empty ones; null where all are empty.
    """
    if plan.pipeline.source.format == "jsonl":
        kept = pl.col(RESCUED_COLUMN)
        text = converted(kept, "string", plan.pipeline.csv, unmarked=sample.unmarked)
        return text.alias(RESCUED_COLUMN)
    fields = []
    for name in layout.extras:
        column, options = pl.col(name), plan.pipeline.csv
        text = converted(column, "string", options, unmarked=sample.unmarked)
        pair = pl.struct(text.alias(name)).struct.json_encode()
        inner = pair.str.strip_prefix("{").str.strip_suffix("}")
        fields.append(pl.when(text != "").then(inner))
    if not fields:
        return pl.lit(None, dtype=pl.String()).alias(RESCUED_COLUMN)
    pairs = pl.concat_str(fields, separator=",", ignore_nulls=True)
    whole = pl.concat_str(pl.lit("{"), pairs, pl.lit("}"))
    return pl.when(pairs != "").then(whole).alias(RESCUED_COLUMN)


def discard(parts: tuple[Part, ...]) -> None:
    """
    Remove the files of a pass whose rows are not to be believed.
    """
    for part in parts:
        Path(part.staged).unlink(missing_ok=True)


def _lineage(contents: tuple[Content, ...], plan: Plan) -> list[pl.Expr]:
    """
    Return where each row is from, by its number in the pass and our own counts.
    """
    starts = np.cumsum([0, *(content.rows for content in contents)])
    before = np.array([content.records_before for content in contents], np.int64)
    shifts = {
        number: _kept_before(content)
        for number, content in enumerate(contents)
        if content.rejects
    }
    names = pl.Series([shown(content.member.file.path) for content in contents])

    def place(index: pl.Series) -> pl.Series:
        return pl.Series(np.searchsorted(starts, index.to_numpy(), side="right") - 1)

    def file(index: pl.Series) -> pl.Series:
        return names.gather(place(index))

    def record(index: pl.Series) -> pl.Series:
        places = place(index).to_numpy()
        kept = index.to_numpy().astype(np.int64) - starts[places]
        for number, behind in shifts.items():
            here = places == number
            kept[here] += np.searchsorted(behind, kept[here], side="right")
        return pl.Series(kept + before[places] + 1)

    index = pl.col(INDEX)
    return [
        index.map_batches(file, return_dtype=pl.String(), is_elementwise=True).alias(
            "_file"
        ),
        index.map_batches(record, return_dtype=pl.Int64(), is_elementwise=True).alias(
            "_record"
        ),
        pl.lit(plan.batch_id).alias("_batch"),
    ]


def _kept_before(content: Content) -> npt.NDArray[np.int64]:
    """
    Return for each reject of *content* how many kept records are before it.
    """
    records = np.array([reject.record for reject in content.rejects], np.int64)
    return records - content.records_before - 1 - np.arange(len(records))
