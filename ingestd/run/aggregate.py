"""
Which partial values each metric needs; the same for every engine.

A partial is one row per group with the columns named here: the keys, ``_rows``, and for
each need ``<kind>:<column>``. Kinds and how they merge:

=========  ===========================================  =========================
kind       value                                        merged by
=========  ===========================================  =========================
count      values that are not null                     sum
total      sum of integers or decimals, decimal(38,s)   sum
hi, lo     sum of floats in two parts (see ``split``)   sum of each
square     sum of squared differences from the mean     Chan, Golub, LeVeque 1983
min, max   NaN is the greatest of all                   min, max
first,     in (path, record) order, nulls left out      first, last in unit order
last
distinct   list of the distinct values                  union
values     list of all values                           concatenation
=========  ===========================================  =========================
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from ingestd.config import Aggregate, Metric
from ingestd.errors import ConfigError
from ingestd.model import UNTYPED, Schema

ROWS = "_rows"
KEY = "key:"
INT64 = (-(2**63), 2**63 - 1)

_SPLIT_BITS = 30
_MAX_EXPONENT = 900


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """
    One partial column.
    """

    column: str
    kind: str

    @property
    def name(self) -> str:
        """
        The column's name in the partial.
        """
        return f"{self.kind}:{self.column}"


def is_float(column_type: str) -> bool:
    """
    Tell whether sums of *column_type* round.
    """
    return column_type.startswith("float")


def sum_kinds(column_type: str) -> tuple[str, ...]:
    """
    Return the kinds that hold a sum of *column_type*.
    """
    return ("hi", "lo") if is_float(column_type) else ("total",)


def kinds(metric: Metric, column_type: str) -> tuple[str, ...]:
    """
    Return the kinds that *metric* needs of its column.
    """
    total = sum_kinds(column_type)
    match metric.function:
        case "sum":
            return total
        case "mean":
            return (*total, "count")
        case "var" | "std":
            return (*total, "count", "square")
        case "median" | "quantile":
            return ("values",)
        case "n_unique":
            return ("distinct",)
        case simple:
            return (simple,)


def needs(aggregate: Aggregate, schema: Schema) -> tuple[Need, ...]:
    """
    Return the partial columns of *aggregate*, each once, in a fixed order.
    """
    types = dict(schema.columns)
    found = {
        Need(metric.column, kind)
        for metric in aggregate.metrics
        if metric.column != "*"
        for kind in kinds(metric, types[metric.column])
    }
    return tuple(sorted(found))


def check(aggregate: Aggregate, schema: Schema) -> None:
    """
    Raise ConfigError for columns that *schema* lacks, or that have no such function.

    The configuration was checked against a declared schema; this is for inferred ones.
    """
    types = dict(schema.columns)
    problems = [
        f"aggregate.group_by: no column {key!r} in the schema"
        for key in aggregate.group_by
        if key not in types
    ]
    for metric in aggregate.metrics:
        where = f"aggregate.metrics.{metric.name}"
        if metric.column == "*":
            continue
        if metric.column not in types:
            problems.append(f"{where}: no column {metric.column!r} in the schema")
        elif not _has(metric.function, types[metric.column]):
            problems.append(
                f"{where}: {metric.function} of {metric.column!r}, which is "
                f"{types[metric.column]}; expected a numeric column"
            )
    if problems:
        raise ConfigError(problems)


def with_types(
    aggregate: Aggregate, schema: Schema, folders: Collection[str]
) -> tuple[Aggregate, Schema]:
    """
    Return what can be computed while columns have no type yet, all of them null.

    Left out are keys without a type, but for those that name *folders*, and metrics
    whose type is that of such a column. What stays has the same type with any numbers.
    """
    untyped = set(schema.untyped)
    keys = tuple(k for k in aggregate.group_by if k not in untyped or k in folders)
    metrics = tuple(
        metric
        for metric in aggregate.metrics
        if metric.column not in untyped or metric.function not in _TYPED_BY_COLUMN
    )
    columns = tuple(
        (name, "float64" if kind == UNTYPED else kind) for name, kind in schema.columns
    )
    return (
        aggregate.model_copy(update={"group_by": keys, "metrics": metrics}),
        replace(schema, columns=columns),
    )


_TYPED_BY_COLUMN = ("sum", "min", "max", "first", "last")


def _has(function: str, column_type: str) -> bool:
    kinds = ("int", "uint", "float", "decimal", UNTYPED)
    return column_type.startswith(kinds) or function in (
        "count",
        "min",
        "max",
        "first",
        "last",
        "n_unique",
    )


def split(largest: float) -> float:
    """
    Return the constant that splits floats of up to about *largest* without error.

    With s from here, ``hi = (x + s) - s`` is x rounded to a grid, and ``x - hi`` is
    exact; sums of ``hi`` are exact while they stay below s, so all rounding happens in
    the small parts. Source: S. Rump, T. Ogita, S. Oishi, "Accurate floating-point
    summation, part I", SIAM J. Sci. Comput. 31 (2008). A *largest* that is wrong costs
    accuracy, never more than plain summation has.
    """
    if not math.isfinite(largest) or largest <= 0.0:
        return 2.0**_SPLIT_BITS
    exponent = math.frexp(largest)[1] + _SPLIT_BITS
    return math.ldexp(1.0, max(-_MAX_EXPONENT, min(_MAX_EXPONENT, exponent)))
