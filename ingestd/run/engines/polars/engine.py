"""
The engine's three questions, answered with Polars.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import polars as pl

from ingestd.config import Aggregate, Pipeline
from ingestd.model import Member, Part, Schema, Unit
from ingestd.run.aggregate import ROWS, check, needs, with_types
from ingestd.run.engine import Partial, Plan, UnitResult, Values
from ingestd.run.engines.polars.combine import combined
from ingestd.run.engines.polars.convert import keeps_empty
from ingestd.run.engines.polars.errors import library_errors
from ingestd.run.engines.polars.group import (
    carried,
    ordered,
    partial,
    read_columns,
    used_columns,
)
from ingestd.run.engines.polars.outgrown import within_schema
from ingestd.run.engines.polars.passes import Ahead, Input, Pass, Scan, nothing
from ingestd.run.engines.polars.read import scan
from ingestd.run.engines.polars.rows import RowWriter, discard
from ingestd.run.engines.polars.spill import held
from ingestd.run.engines.polars.survey import surveyed
from ingestd.run.engines.polars.unit import Reading
from ingestd.run.faults import Outgrown
from ingestd.run.layout import Layout
from ingestd.run.text.emit import Plain

_LAST = "ingestd:last"


class PolarsEngine:
    """
    Reads and aggregates on the CPU. Stateless; safe from many threads.
    """

    name = "polars"

    def scan(
        self,
        paths: list[str],
        layout: Layout,
        plain: Plain,
        plan: Plan,
        *,
        unmarked: bool = False,
    ) -> pl.LazyFrame:
        """
        Return the lazy frame of *paths*, which all have the columns of *layout*.
        """
        return scan(paths, layout, plain, plan, unmarked=unmarked)

    def infer(
        self,
        pipeline: Pipeline,
        root: str,
        members: tuple[Member, ...],
        known: Schema | None = None,
        values: Values | None = None,
    ) -> Schema:
        """
        Infer a schema from *members*, or what they have more than *known*.
        """
        with library_errors():
            return surveyed(pipeline, root, members, known, values or {})

    def read_and_aggregate(self, plan: Plan, unit: Unit) -> UnitResult:
        """
        Read *unit* into parts or a partial.
        """
        with library_errors():
            try:
                return self.read(plan, unit)
            except Outgrown as found:
                return UnitResult(unit.index, (), outgrown=found.values)

    def read(self, plan: Plan, unit: Unit) -> UnitResult:
        """
        Read *unit*; raises what the library says, and Outgrown where it has more than
        the schema.
        """
        aggregate = plan.pipeline.aggregate
        if aggregate is None:
            return read_rows(plan, unit, self.scan)
        return read_groups(plan, unit, aggregate, self.scan)

    def combine(self, plan: Plan, partials: list[Partial]) -> tuple[Part, ...]:
        """
        Merge *partials*, finish the metrics, write sorted parts.
        """
        with library_errors():
            return combined(plan, partials)


def read_rows(
    plan: Plan,
    unit: Unit,
    scan: Scan,
    ahead: Ahead[tuple[Part, ...]] = nothing,
    numbers: Iterator[int] | None = None,
) -> UnitResult:
    """
    Write the rows of *unit* as they are; *ahead* may do passes of it, and numbers its
    parts by *numbers* too.
    """
    writer = RowWriter(plan, unit.index, numbers)
    names = plan.schema.names
    reading = Reading[tuple[Part, ...]](plan, writer, scan, names, discard, ahead)
    members = reading.run(unit, in_order=True)
    parts = tuple(itertools.chain.from_iterable(reading.values))
    return UnitResult(
        unit.index,
        members,
        parts=parts,
        rejects=reading.set_aside,
        piece=reading.piece,
        seconds=reading.seconds,
    )


def read_groups(
    plan: Plan,
    unit: Unit,
    aggregate: Aggregate,
    scan: Scan,
    ahead: Ahead[pl.DataFrame] = nothing,
) -> UnitResult:
    """
    Return the partial of *unit*; *ahead* may do passes of it.
    """
    check(aggregate, plan.schema)
    used = used_columns(aggregate, plan.schema)
    folders = plan.pipeline.sink.partition_by
    aggregate, schema = with_types(aggregate, plan.schema, folders)
    wanted = needs(aggregate, schema)

    def work(given: Input) -> Pass[pl.DataFrame]:
        layout = given.contents[0].layout
        parsed = {name for column, name in layout.sources if name and column in used}
        # Only where all columns are parsed does Polars refuse a record too long.
        # Else a record is doubtful when its last column is null: a short one's is.
        partly = len(parsed) < len(layout.names)
        last = pl.col(layout.names[-1]).is_null() if partly else pl.lit(value=False)
        columns = read_columns(used, layout, plan, given.sample, last.alias(_LAST))
        frame = given.frame.select(columns)
        groups = partial(frame, aggregate, schema, given.sample, _LAST)
        with within_schema(plan, given):
            found = groups.collect(engine="streaming")
        doubtful = keeps_empty(plan.pipeline.csv) or bool(found[_LAST].sum())
        kept = carried(found.drop(_LAST), wanted, schema)
        return Pass(int(found[ROWS].sum()), kept, partly and doubtful)

    reading = Reading[pl.DataFrame](plan, work, scan, used, ahead=ahead)
    members = reading.run(unit, in_order=ordered(aggregate))
    frame = pl.concat(reading.values) if reading.values else None
    part = None if frame is None else held(plan, unit.index, frame)
    return UnitResult(
        unit.index,
        members,
        partial=part,
        rejects=reading.set_aside,
        piece=reading.piece,
        seconds=reading.seconds,
    )
