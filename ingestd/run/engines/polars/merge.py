"""
Merge partials and finish the metrics: one row per group, sorted by its keys.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from ingestd.config import Aggregate, Metric
from ingestd.errors import Quarantine, Reason
from ingestd.model import Schema
from ingestd.run.aggregate import INT64, KEY, ROWS, Need, is_float, needs, split

_CUT = 2.0**33


def merged(frame: pl.DataFrame, aggregate: Aggregate, schema: Schema) -> pl.DataFrame:
    """
    Return the output of *frame*, partial rows in order of their units, unsorted.

    Raises Quarantine where an integer sum is outside int64.
    """
    types = dict(schema.columns)
    keys = [KEY + name for name in aggregate.group_by] or [KEY]
    frame = frame.with_columns(_prepared(frame, aggregate, schema))
    values = [
        value
        for need in needs(aggregate, schema)
        for value in _merge(need, types[need.column])
    ]
    groups = frame.group_by(keys).agg(pl.col(ROWS).sum(), *values)
    _in_range(groups, aggregate, types)
    outputs = [
        _finish(metric, types.get(metric.column, "")).alias(metric.name)
        for metric in aggregate.metrics
    ]
    named = [pl.col(KEY + name).alias(name) for name in aggregate.group_by]
    return groups.select(*named, *outputs, pl.col(ROWS))


def _prepared(
    frame: pl.DataFrame, aggregate: Aggregate, schema: Schema
) -> list[pl.Expr]:
    """
    Split the high parts again, by their own largest, so that adding them is exact.
    """
    found = []
    for need in needs(aggregate, schema):
        if need.kind != "hi":
            continue
        hi = pl.col(need.name)
        finite = frame[need.name].filter(frame[need.name].is_finite()).abs()
        largest = finite.max()
        grid = split(float(largest) if isinstance(largest, float) else 0.0)
        found += [
            ((hi + grid) - grid).alias(need.name),
            (hi - ((hi + grid) - grid)).alias(f"rest:{need.column}"),
        ]
    return found


def _merge(need: Need, column_type: str) -> list[pl.Expr]:  # noqa: PLR0911 - a case each
    column, name = pl.col(need.name), need.column
    match need.kind:
        case "hi":
            return [column.sum(), pl.col(f"rest:{name}").sum()]
        case "count" | "lo":
            return [column.sum()]
        case "total":
            size = column.cast(pl.Float64).sum().alias(f"size:{name}")
            return [column.cast(_exact(column_type)).sum(), size]
        case "square":
            return [_squares(name, column_type).alias(need.name)]
        case "max":
            return [column.nan_max() if is_float(column_type) else column.max()]
        case "min":
            return [column.min()]
        case "first":
            return [column.drop_nulls().first()]
        case "last":
            return [column.drop_nulls().last()]
        case "distinct":
            return [column.explode().drop_nulls().n_unique().cast(pl.Int64)]
        case _:
            return [column.explode().drop_nulls()]


def _exact(column_type: str) -> pl.DataType:
    if column_type.startswith("decimal("):
        scale = int(column_type[:-1].split(",")[1])
        return pl.Decimal(38, scale)
    return pl.Int128()


def _squares(name: str, column_type: str) -> pl.Expr:
    """
    Add sums of squares around different means.

    Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for computing the sample
    variance", The American Statistician 37 (1983), for any number of parts at once.
    """
    count = pl.col(f"count:{name}")
    mean = _sum(name, column_type).sum() / count.sum()
    part = _sum_from(name, column_type, mean)
    moved = count * (part / count - part.sum() / count.sum()) ** 2
    spread = pl.when(count > 0).then(moved).otherwise(0.0).sum()
    return pl.col(f"square:{name}").sum() + spread


def _sum_from(name: str, column_type: str, mean: pl.Expr) -> pl.Expr:
    """
    Return partial sums of differences from about *mean*.

    Sums as such have lost the digits in which means differ when all values are large.
    """
    count = pl.col(f"count:{name}")
    if column_type.startswith(("int", "uint")):
        whole = mean.round().cast(pl.Int128, strict=False)
        return (pl.col(f"total:{name}").cast(pl.Int128) - whole * count).cast(
            pl.Float64
        )
    if not is_float(column_type):
        return _sum(name, column_type) - mean * count
    # So few bits of the mean that its product with the count is exact.
    large = mean * _CUT
    origin = (mean + large) - large
    high = pl.col(f"hi:{name}") - origin * count
    return high + (pl.col(f"rest:{name}") + pl.col(f"lo:{name}"))


def _sum(name: str, column_type: str) -> pl.Expr:
    """
    Return the sum of a column as one float, of partial rows or of merged ones.
    """
    if not is_float(column_type):
        return pl.col(f"total:{name}").cast(pl.Float64)
    high = pl.col(f"hi:{name}")
    # Of an infinity or NaN the low part is no number; the high part is the answer.
    return pl.when(high.is_finite()).then(_low(name)).otherwise(high)


def _low(name: str) -> pl.Expr:
    return pl.col(f"hi:{name}") + (pl.col(f"rest:{name}") + pl.col(f"lo:{name}"))


def _in_range(
    groups: pl.DataFrame, aggregate: Aggregate, types: dict[str, str]
) -> None:
    """
    Raise Quarantine for a sum that wrapped, or would in its output's type.
    """
    for metric in aggregate.metrics:
        column_type = types.get(metric.column, "")
        if column_type.startswith(("int", "uint")) and metric.function == "sum":
            total = groups[f"total:{metric.column}"]
            _refuse(~total.is_between(*INT64), metric, "is outside int64")
        elif f"size:{metric.column}" in groups.columns:
            exact = _exact(column_type)
            scale = exact.scale if isinstance(exact, pl.Decimal) else 0
            # Of these 128 bits hold a little more, so an estimate is exact enough.
            size = groups[f"size:{metric.column}"].abs()
            _refuse(size >= 10.0 ** (38 - scale), metric, "has more than 38 digits")


def _refuse(wrong: pl.Series, metric: Metric, what: str) -> None:
    if wrong.any():
        raise Quarantine(
            Reason.INTEGER_OVERFLOW,
            f"the sum of {metric.column!r} ({metric.name}) {what} "
            f"in {int(wrong.sum())} groups",
        )


def _finish(metric: Metric, column_type: str) -> pl.Expr:
    name = metric.column
    if name == "*":
        return pl.col(ROWS)
    count = pl.col(f"count:{name}")
    some = pl.when(count > 0)
    finishers: dict[str, Callable[[], pl.Expr]] = {
        "count": lambda: count,
        "sum": lambda: _total(name, column_type),
        "mean": lambda: some.then(_sum(name, column_type) / count),
        "var": lambda: _variance(name),
        "std": lambda: _variance(name).sqrt(),
        "median": lambda: _quantile(name, 0.5),
        "quantile": lambda: _quantile(name, metric.arguments[0]),
        "n_unique": lambda: pl.col(f"distinct:{name}"),
    }
    simple = metric.function not in finishers
    return (
        pl.col(f"{metric.function}:{name}") if simple else finishers[metric.function]()
    )


def _total(name: str, column_type: str) -> pl.Expr:
    if is_float(column_type):
        return _sum(name, column_type)
    total = pl.col(f"total:{name}")
    return total if column_type.startswith("decimal") else total.cast(pl.Int64)


def _variance(name: str) -> pl.Expr:
    count = pl.col(f"count:{name}")
    return pl.when(count > 1).then(pl.col(f"square:{name}") / (count - 1))


def _quantile(name: str, q: float) -> pl.Expr:
    values = pl.col(f"values:{name}").list.eval(
        pl.element().cast(pl.Float64).quantile(q, interpolation="linear")
    )
    return values.list.first()
