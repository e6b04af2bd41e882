"""
The engine's three questions, answered with Polars.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import polars as pl

from ingestd.config import Aggregate, Pipeline
from ingestd.model import UNTYPED, Member, Part, Schema, Unit
from ingestd.run.aggregate import ROWS, check, needs, with_types
from ingestd.run.engine import Partial, Plan, UnitResult, Values
from ingestd.run.engines.polars.combine import combined
from ingestd.run.engines.polars.convert import keeps_empty
from ingestd.run.engines.polars.errors import library_errors
from ingestd.run.engines.polars.group import (
    carried,
    ordered,
    partial,
    used_columns,
)
from ingestd.run.engines.polars.headcount import SUSPECT
from ingestd.run.engines.polars.narrowed import narrowed
from ingestd.run.engines.polars.outgrown import within_schema
from ingestd.run.engines.polars.own_function import OwnFunction
from ingestd.run.engines.polars.passes import Ahead, Input, Pass, Scan, nothing
from ingestd.run.engines.polars.read import scan
from ingestd.run.engines.polars.rows import RowWriter, discard, written
from ingestd.run.engines.polars.shaping import Shaping
from ingestd.run.engines.polars.spill import held
from ingestd.run.engines.polars.survey import surveyed
from ingestd.run.engines.polars.unit import Reading
from ingestd.run.faults import Outgrown
from ingestd.run.layout import Layout
from ingestd.run.text.emit import Plain
from ingestd.run.transform.function import function_of
from ingestd.run.transform.shape import Shape


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
    shaping = None
    if plan.shape is not None:
        names, rows = written(plan), plan.of_rows
        silent = tuple(name for name in rows.untyped if name not in names)
        shaping = _shaping(plan, plan.shape, names, silent)
    columns = plan.schema.names if shaping is None else shaping.reads
    writer = RowWriter(plan, unit.index, shaping, numbers)
    reading = Reading[tuple[Part, ...]](
        plan, writer, scan, columns, shaping, discard, ahead
    )
    members = reading.run(unit, in_order=True)
    parts = tuple(itertools.chain.from_iterable(reading.values))
    return UnitResult(
        unit.index,
        members,
        parts=parts,
        rejects=reading.set_aside,
        piece=reading.piece,
        seconds=reading.seconds,
        function="" if shaping is None else shaping.own_source,
    )


def _shaping(
    plan: Plan, shape: Shape, names: tuple[str, ...], silent: tuple[str, ...] = ()
) -> Shaping:
    """
    Return what gives the columns *names*, by way of the user's function if there is
    one: that gets all columns which have a type.
    """
    function = function_of(plan.pipeline)
    if function is None:
        return Shaping(plan, shape, names, silent)
    own = OwnFunction(function, plan.of_rows, names, plan.pipeline.reserved)
    untyped = tuple(name for name, kind in shape.selected if kind == UNTYPED)
    given = tuple(name for name in shape.select if name not in untyped)
    return Shaping(plan, shape, given, untyped, own)


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
    check(aggregate, plan.of_rows)
    used = used_columns(aggregate, plan.of_rows)
    shaping = None if plan.shape is None else _shaping(plan, plan.shape, used)
    read = used if shaping is None else shaping.reads
    folders = plan.pipeline.sink.partition_by
    aggregate, schema = with_types(aggregate, plan.of_rows, folders)
    wanted = needs(aggregate, schema)

    def work(given: Input) -> Pass[pl.DataFrame]:
        frame, count, partly = narrowed(plan, given, read, shaping)
        groups = partial(frame, aggregate, schema, given.sample, SUSPECT)
        with within_schema(plan, given):
            found = groups.collect(engine="streaming")
        suspects = int(found[SUSPECT].sum()) if count is None else count.suspects
        doubtful = keeps_empty(plan.pipeline.csv) or suspects
        kept = carried(found.drop(SUSPECT), wanted, schema)
        rows = int(found[ROWS].sum()) if count is None else count.rows
        return Pass(rows, kept, bool(partly and doubtful), count)

    reading = Reading[pl.DataFrame](plan, work, scan, read, shaping, ahead=ahead)
    members = reading.run(unit, in_order=ordered(aggregate))
    # Where the transform left out all rows there is no group.
    filled = [value for value in reading.values if value.height]
    frame = pl.concat(filled) if filled else None
    part = None if frame is None else held(plan, unit.index, frame)
    return UnitResult(
        unit.index,
        members,
        partial=part,
        rejects=reading.set_aside,
        piece=reading.piece,
        seconds=reading.seconds,
        function="" if shaping is None else shaping.own_source,
    )
