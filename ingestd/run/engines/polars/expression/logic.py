"""
Conditions: comparisons and tests, in SQL's three-valued logic.

Polars compares as DuckDB does: text by its bytes, NaN equal to itself and greater than
all other numbers. It takes a null operand to null.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final

import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.outcome import Compiler, Result, sure
from ingestd.run.transform.tree import Call, Literal, Op

_LISTED: Final = ("int", "uint", "string", "date")


def _not(_: Call, args: Sequence[pl.Expr]) -> Result:
    return sure(~args[0])


def _is(call: Call, args: Sequence[pl.Expr]) -> Result:
    if call.op is Op.IS_NULL:
        return sure(args[0].is_null())
    return sure(args[0].eq_missing(pl.lit(call.op is Op.IS_TRUE)))


def _compare(call: Call, args: Sequence[pl.Expr]) -> Result:
    left, right = args
    found = {
        Op.EQUAL: left == right,
        Op.UNEQUAL: left != right,
        Op.LESS: left < right,
        Op.LESS_EQUAL: left <= right,
        Op.GREATER: left > right,
        Op.GREATER_EQUAL: left >= right,
    }
    return sure(found[call.op])


def _in(call: Call, args: Sequence[pl.Expr]) -> Result:
    kind, choices = call.args[0].type, call.args[1:]
    constants = [c.value for c in choices if isinstance(c, Literal)]
    whole = len(constants) == len(choices) and None not in constants
    if whole and kind.startswith(_LISTED):
        listed = pl.Series(constants, dtype=data_type(kind)).implode()
        return sure(args[0].is_in(listed))
    found = (args[0] == choice for choice in args[1:])
    return sure(reduce(lambda one, other: one | other, found))


LOGIC: Final[dict[Op, Compiler]] = {
    Op.NOT: _not,
    Op.IS_NULL: _is,
    Op.IS_TRUE: _is,
    Op.IS_FALSE: _is,
    Op.EQUAL: _compare,
    Op.UNEQUAL: _compare,
    Op.LESS: _compare,
    Op.LESS_EQUAL: _compare,
    Op.GREATER: _compare,
    Op.GREATER_EQUAL: _compare,
    Op.IN: _in,
}
