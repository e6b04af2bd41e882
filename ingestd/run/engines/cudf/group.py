"""
One chunk's rows to partial values of each group, as ``aggregate`` describes them.

The device gives sums, counts, least and greatest; what is not one of these is put
together from such: a float's sum from two halves of which the high ones add up without
rounding, an integer's from two halves that cannot leave 64 bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ingestd.config import Aggregate
from ingestd.model import Schema
from ingestd.run.aggregate import KEY, ROWS, Need, is_float, needs, split
from ingestd.run.engines.cudf.columns import Typed, as_type
from ingestd.run.engines.cudf.device import (
    CODES,
    Ask,
    Column,
    Device,
    Operation,
    Unfit,
    Why,
)
from ingestd.run.engines.cudf.few import few_groups
from ingestd.run.engines.polars.read import Sample

_WORD_BITS = 32
_TWO_WORDS = ("int64", "uint64")
_TOTAL = pl.Decimal(38, 0)


@dataclass(slots=True)
class Grouping:
    """
    The partial of one chunk in the making: what is asked, and how answers become needs.
    """

    device: Device
    aggregate: Aggregate
    schema: Schema
    sample: Sample
    asks: dict[str, Ask] = field(default_factory=dict)
    values: list[pl.Expr] = field(default_factory=list)

    def partial(self, columns: Mapping[str, Typed]) -> pl.DataFrame:
        """
        Return one row per group of *columns*, as the CPU engine's partial has it.
        """
        types, keys = dict(self.schema.columns), self.aggregate.group_by
        for key in keys:
            if columns[key].nan:
                # cuDF does not promise what a NaN is equal to.
                raise Unfit(Why.VALUE, f"key {key!r} has a NaN")
        self._ask(ROWS, columns[keys[0]].column, "rows")
        for need in needs(self.aggregate, self.schema):
            self._need(need, types[need.column], columns[need.column])
        named = {KEY + key: columns[key].column for key in keys}
        asks = list(self.asks.values())
        found = few_groups(self.device, named, asks)
        if found is None:
            found = self.device.group(named, asks)
        return found.select(
            *(as_type(pl.col(KEY + key), types[key]) for key in keys),
            pl.col(ROWS).cast(pl.Int64),
            *self.values,
        )

    def _ask(self, name: str, column: Column, operation: Operation) -> pl.Expr:
        self.asks[name] = Ask(name, column, operation)
        return pl.col(name)

    def _need(self, need: Need, kind: str, typed: Typed) -> None:
        answers = {
            "count": self._count,
            "total": self._total,
            "hi": self._half,
            "lo": self._half,
            "square": self._square,
            "min": self._least,
            "max": self._greatest,
        }
        answer = answers.get(need.kind, self._place)
        self.values.append(answer(need, kind, typed).alias(need.name))

    def _count(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        del kind
        return self._number(need.column, typed)

    def _number(self, name: str, typed: Typed) -> pl.Expr:
        if typed.column.valid is None:
            return pl.col(ROWS).cast(pl.Int64)
        return self._ask(f"count:{name}", typed.column, "count").cast(pl.Int64)

    def _total(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        if kind not in _TWO_WORDS or not typed.wide:
            # Under 2^31 rows of under 2^31 each.
            total = self._ask(need.name, typed.column, "sum")
            return total.fill_null(0).cast(_TOTAL)
        rows, given = typed.column.rows, typed.column
        high, low = (self.device.empty(rows, np.int64) for _ in range(2))
        self.device.launch("parts", rows, given.values, CODES[kind], high, low)
        upper = self._ask(f"upper:{need.column}", self._like(given, high), "sum")
        lower = self._ask(f"lower:{need.column}", self._like(given, low), "sum")
        wide = upper.cast(pl.Int128) * (1 << _WORD_BITS) + lower.cast(pl.Int128)
        return wide.fill_null(0).cast(_TOTAL)

    def _half(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        if need.name not in self.asks:
            rows, given = typed.column.rows, typed.column
            high, low = (self.device.empty(rows, np.float64) for _ in range(2))
            grid = split(self.sample.largest.get(need.column, 0.0))
            self.device.launch(
                "halves", rows, given.values, CODES[kind], grid, high, low
            )
            for name, half in (("hi", high), ("lo", low)):
                self._ask(f"{name}:{need.column}", self._like(given, half), "sum")
        # Polars has 0 where cuDF has null: the sum of no values.
        return pl.col(need.name).fill_null(0.0)

    def _square(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        rows, given = typed.column.rows, typed.column
        moved = self.device.empty(rows, np.float64)
        middle = self.sample.middles.get(need.column, 0.0)
        self.device.launch("shifted", rows, given.values, CODES[kind], middle, moved)
        spread = self._ask(
            f"spread:{need.column}", self._like(given, moved), "variance"
        )
        return spread * self._number(need.column, typed)

    def _least(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        if not (is_float(kind) and typed.nan):
            return as_type(self._ask(need.name, typed.column, "min"), kind)
        least, real = self._without_nan(need, kind, typed)
        nothing_else = (real == 0) & (self._number(need.column, typed) > 0)
        return pl.when(nothing_else).then(_nan(kind)).otherwise(least)

    def _greatest(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        if not (is_float(kind) and typed.nan):
            return as_type(self._ask(need.name, typed.column, "max"), kind)
        greatest, real = self._without_nan(need, kind, typed)
        some = self._number(need.column, typed) > real
        return pl.when(some).then(_nan(kind)).otherwise(greatest)

    def _without_nan(
        self, need: Need, kind: str, typed: Typed
    ) -> tuple[pl.Expr, pl.Expr]:
        """
        Return the least or greatest of what is no NaN, and the number of those values.
        """
        given, rows = typed.column, typed.column.rows
        valid = given.valid
        if valid is None:
            valid = self.device.zeros(rows, np.uint8)
            self.device.launch("fill", rows, valid, 1)
        real = self.device.empty(rows, np.uint8)
        self.device.launch("ordered", rows, given.values, CODES[kind], valid, real)
        column = Column(given.element, rows, given.values, real)
        operation: Operation = "min" if need.kind == "min" else "max"
        found = self._ask(need.name, column, operation)
        return found, self._ask(f"real:{need.column}", column, "count").cast(pl.Int64)

    def _place(self, need: Need, kind: str, typed: Typed) -> pl.Expr:
        operation: Operation = "first" if need.kind == "first" else "last"
        return as_type(self._ask(need.name, typed.column, operation), kind)

    @staticmethod
    def _like(given: Column, values: object) -> Column:
        element = str(getattr(values, "dtype", ""))
        return Column(element, given.rows, values, given.valid)


def _nan(kind: str) -> pl.Expr:
    return as_type(pl.lit(float("nan")), kind)
