"""
One pass over a unit's rows: the partial values of each group.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.config import Aggregate
from ingestd.model import Schema
from ingestd.run.aggregate import KEY, ROWS, Need, is_float, needs, split
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import data_type, precision_and_scale
from ingestd.run.engines.polars.read import Sample, after_look_at, typed
from ingestd.run.layout import Layout

HI, LO = "ingestd:hi:", "ingestd:lo:"


def used_columns(aggregate: Aggregate, schema: Schema) -> tuple[str, ...]:
    """
    Return the columns that *aggregate* reads, in the schema's order.
    """
    used = set(aggregate.group_by) | {metric.column for metric in aggregate.metrics}
    return tuple(name for name in schema.names if name in used)


def read_columns(
    used: Sequence[str], layout: Layout, plan: Plan, sample: Sample, flag: pl.Expr
) -> list[pl.Expr]:
    """
    Return the columns *used* of the schema from those of a scan, and *flag* behind.

    Those without a type are floats, all of them null: a value makes the reading fail.
    """
    untyped = [name for name in plan.of_files.untyped if name in used]
    nulls = typed(untyped, layout, plan, sample)
    columns = [
        column.cast(pl.Float64) if name in untyped else column
        for name, column in zip(used, typed(used, layout, plan, sample), strict=True)
    ]
    # With the flag, which is always computed: maybe no metric needs the column.
    return [*columns, after_look_at(nulls, flag)]


def ordered(aggregate: Aggregate) -> bool:
    """
    Tell whether the result depends on the order of rows.
    """
    return any(metric.function in ("first", "last") for metric in aggregate.metrics)


def partial(
    frame: pl.LazyFrame,
    aggregate: Aggregate,
    schema: Schema,
    sample: Sample,
    flag: str,
) -> pl.LazyFrame:
    """
    Return one row per group of *frame*, with the columns that ``aggregate`` names.

    The column *flag* counts for each group the rows in which it is set.
    """
    types, wanted = dict(schema.columns), needs(aggregate, schema)
    splits = {need.column for need in wanted if need.kind == "hi"}
    grid = {name: split(sample.largest.get(name, 0.0)) for name in splits}
    wide = {name: pl.col(name).cast(pl.Float64) for name in splits}
    frame = frame.with_columns(
        ((wide[name] + grid[name]) - grid[name]).alias(HI + name)
        for name in sorted(splits)
    ).with_columns(
        (wide[name] - pl.col(HI + name)).alias(LO + name) for name in sorted(splits)
    )
    values = [_value(need, types[need.column], sample) for need in wanted]
    keys = [_key(name, types[name]) for name in aggregate.group_by]
    # Without any key that has a type, all rows are one group.
    return frame.group_by(keys or [pl.lit(value=True).alias(KEY)]).agg(
        pl.len().cast(pl.Int64).alias(ROWS), pl.col(flag).sum(), *values
    )


def carried(
    frame: pl.DataFrame, wanted: Sequence[Need], schema: Schema
) -> pl.DataFrame:
    """
    Return a collected partial with types that Arrow has: 128-bit sums as decimals.
    """
    types = dict(schema.columns)
    totals = [need for need in wanted if need.kind == "total"]
    return frame.with_columns(
        pl.col(need.name).cast(pl.Decimal(38, _scale(types[need.column])))
        for need in totals
    )


def _scale(column_type: str) -> int:
    if column_type.startswith("decimal("):
        return precision_and_scale(column_type)[1]
    return 0


def _key(name: str, column_type: str) -> pl.Expr:
    column = pl.col(name)
    if is_float(column_type):
        column = column + 0.0  # one group for 0.0 and -0.0
    return column.alias(KEY + name)


def _value(need: Need, column_type: str, sample: Sample) -> pl.Expr:
    column, name = pl.col(need.column), need.column
    floats = is_float(column_type)
    found: dict[str, pl.Expr] = {
        "count": column.count().cast(pl.Int64),
        "total": _total(column, column_type),
        "hi": pl.col(HI + name).sum(),
        "lo": pl.col(LO + name).sum(),
        # Differences from about the middle: far fewer digits cancel.
        "square": _square(column.cast(pl.Float64) - sample.middles.get(name, 0.0)),
        "min": column.min(),
        "max": column.nan_max() if floats else column.max(),
        "first": column.drop_nulls().first(),
        "last": column.drop_nulls().last(),
        "distinct": (column + 0.0 if floats else column).drop_nulls().unique(),
        "values": column.drop_nulls(),
    }
    return found[need.kind].alias(need.name)


def _square(column: pl.Expr) -> pl.Expr:
    return column.var(ddof=0) * column.count()


def _total(column: pl.Expr, column_type: str) -> pl.Expr:
    if isinstance(data_type(column_type), pl.Decimal):
        return column.cast(pl.Decimal(38, _scale(column_type))).sum()
    return column.cast(pl.Int128).sum() if not is_float(column_type) else column.sum()
