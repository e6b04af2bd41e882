"""
Numbers: operators and rounding. A result that does not fit is an error of its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.decimals import (
    WHOLE,
    bounded,
    from_units,
    lowered,
    number,
    raised,
    signed,
    units,
)
from ingestd.run.engines.polars.expression.outcome import (
    Compiler,
    Result,
    failing,
    sure,
)
from ingestd.run.transform import types
from ingestd.run.transform.tree import Call, Op, columns_of

_NARROW = 32


def _wide(kind: str, op: Op) -> pl.DataType:
    """
    Return the type in which no *op* of two values of the integer type *kind* wraps.
    """
    if types.bits(kind) <= _NARROW:
        return pl.Int64()
    if kind == "uint64" and op is Op.MULTIPLY:
        return pl.UInt128()
    return WHOLE


def _binary(call: Call, args: Sequence[pl.Expr]) -> Result:
    if call.type in types.FLOATS:
        return _floats(call, args)
    if types.is_decimal(call.type):
        return _decimals(call, args)
    if types.bits(call.type) > _NARROW and call.op in (Op.ADD, Op.SUBTRACT):
        return failing(_in_64_bits(call, *args))
    wide = _wide(call.type, call.op)
    left, right = (arg.cast(wide) for arg in args)
    found = _integers(call.op, left, right)
    if call.op is Op.REMAINDER and types.is_signed(call.type):
        # As in DuckDB: the quotient would not fit.
        least = (left == types.bounds(call.type)[0]) & (right == -1)
        found = pl.when(~least).then(found)
    return failing(found.cast(data_type(call.type), strict=False))


def _in_64_bits(call: Call, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """
    Return a sum or difference, null where it wrapped.

    It has where its sign is none that the operands allow: four operations in 64 bits
    take a fifth of the time of one in 128.
    """
    adds = call.op is Op.ADD
    found = left + right if adds else left - right
    if not types.is_signed(call.type):
        return pl.when(found >= left if adds else right <= left).then(found)
    other = right if adds else left
    first = left ^ found if adds else left ^ right
    return pl.when((first & (other ^ found)) >= 0).then(found)


def _integers(op: Op, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    match op:
        case Op.ADD:
            return left + right
        case Op.SUBTRACT:
            return left - right
        case Op.MULTIPLY:
            return left * right
        case _:
            # By zero, Polars gives null.
            size = left.abs() // right.abs()
            quotient = signed(size, (left < 0) != (right < 0))
            return quotient if op is Op.DIVIDE_WHOLE else left - quotient * right


def _floats(call: Call, args: Sequence[pl.Expr]) -> Result:
    left, right = args[0], args[1]
    match call.op:
        case Op.ADD:
            return sure(left + right)
        case Op.SUBTRACT:
            return sure(left - right)
        case Op.MULTIPLY:
            return sure(left * right)
        case Op.DIVIDE:
            return sure(_quotient(call, left, right))
        case Op.DIVIDE_WHOLE:
            return failing(pl.when(right != 0).then(_quotient(call, left, right)))
        case _:
            return sure(_rest(left, right, data_type(call.type)))


def _quotient(call: Call, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    if next(columns_of(call.args[1]), None) is not None:
        return left / right
    ones = left.is_null().cast(pl.Int8) + pl.lit(1, dtype=pl.Int8)
    return left / (right * ones.cast(data_type(call.type)))


def divided(left: pl.Expr, constant: float) -> pl.Expr:
    """
    Return the quotient of floats of 64 bits and a constant, rounded once.

    Polars multiplies with the inverse of what it knows to be a constant, which rounds
    twice; times ones, it is none.
    """
    ones = left.is_null().cast(pl.Float64) + pl.lit(1.0)
    return left / (pl.lit(constant) * ones)


def _rest(left: pl.Expr, right: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """
    Return C's fmod: exact, with the sign of *left*; Polars has that of *right*.
    """

    def rest(pair: pl.Series) -> pl.Series:
        one, other = pair.struct.unnest()
        with np.errstate(invalid="ignore"):
            found = np.fmod(one.to_numpy(), other.to_numpy())
        # Where a null was, to_numpy has NaN.
        return pl.Series(found, dtype=kind).set(one.is_null() | other.is_null(), None)

    pair = pl.struct(left.cast(kind).alias("left"), right.cast(kind).alias("right"))
    return pair.map_batches(rest, return_dtype=kind, is_elementwise=True)


def _decimals(call: Call, args: Sequence[pl.Expr]) -> Result:
    precision, scale = types.digits(call.type)
    left, right = units(args[0]), units(args[1])
    match call.op:
        case Op.MULTIPLY:
            found = _product(call, left, right)
        case Op.REMAINDER:
            found = _integers(call.op, left, right)
        case _:
            right = 0 - right if call.op is Op.SUBTRACT else right
            found = _sum(left, right)
    return failing(from_units(found, precision, scale))


def _sum(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """
    Return the sum, null where it has more digits than there are: it could wrap.
    """
    most = number(10**types.MAX_DIGITS - 1)
    below = left >= 0 - most - right
    fits = pl.when(right >= 0).then(left <= most - right).otherwise(below)
    return pl.when(fits).then(left + right)


def _product(call: Call, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    digits = sum(types.digits(arg.type)[0] for arg in call.args)
    if digits <= types.MAX_DIGITS:
        return left * right
    most = number(10**types.MAX_DIGITS - 1)
    fits = (right == 0) | (left.abs() <= most // right.abs())
    return pl.when(fits).then(left * right)


def _negate(call: Call, args: Sequence[pl.Expr]) -> Result:
    value = args[0]
    if not types.is_integer(call.type):
        return sure(-value)
    wide = 0 - value.cast(_wide(call.type, call.op))
    return failing(wide.cast(data_type(call.type), strict=False))


def _abs(call: Call, args: Sequence[pl.Expr]) -> Result:
    value = args[0]
    if not types.is_integer(call.type) or not types.is_signed(call.type):
        return sure(value.abs())
    wide = value.cast(_wide(call.type, call.op)).abs()
    return failing(wide.cast(data_type(call.type), strict=False))


def _round(call: Call, args: Sequence[pl.Expr]) -> Result:
    places = int(call.given[0])
    kind, value = call.args[0].type, args[0]
    if types.is_decimal(kind):
        return _round_decimal(call, args, places)
    if kind in types.FLOATS:
        return sure(_round_float(value, places, kind))
    if places >= 0:
        return sure(value)
    whole = lowered(value.cast(WHOLE), -places)
    fits = bounded(raised(whole, -places), types.MAX_DIGITS)
    return failing(fits.cast(data_type(call.type), strict=False))


def _round_decimal(call: Call, args: Sequence[pl.Expr], places: int) -> Result:
    _, scale = types.digits(call.args[0].type)
    precision, kept = types.digits(call.type)
    found = lowered(units(args[0]), scale - places)
    return failing(from_units(raised(found, kept - places), precision, kept))


def _round_float(value: pl.Expr, places: int, kind: str) -> pl.Expr:
    """
    Return *value* rounded as DuckDB does it: moved, rounded half away, moved back.
    """
    if not places:
        return value.round(0, mode="half_away_from_zero")
    wide, factor = value.cast(pl.Float64), 10.0 ** abs(places)
    moved = wide * factor if places > 0 else divided(wide, factor)
    whole = moved.round(0, mode="half_away_from_zero")
    back = divided(whole, factor) if places > 0 else whole * factor
    # Where moving it overflows, it has no digits there.
    found = pl.when(back.is_finite()).then(back).otherwise(wide)
    return found.cast(data_type(kind))


def _floor(call: Call, args: Sequence[pl.Expr]) -> Result:
    value = args[0]
    if call.type in types.FLOATS:
        return sure(value.floor() if call.op is Op.FLOOR else value.ceil())
    _, scale = types.digits(call.args[0].type)
    unit = number(10**scale)
    whole = units(value)
    found = whole // unit if call.op is Op.FLOOR else 0 - (0 - whole) // unit
    return failing(from_units(found, types.digits(call.type)[0], 0))


ARITHMETIC: Final[dict[Op, Compiler]] = {
    Op.ADD: _binary,
    Op.SUBTRACT: _binary,
    Op.MULTIPLY: _binary,
    Op.DIVIDE: _binary,
    Op.DIVIDE_WHOLE: _binary,
    Op.REMAINDER: _binary,
    Op.NEGATE: _negate,
    Op.ABS: _abs,
    Op.ROUND: _round,
    Op.FLOOR: _floor,
    Op.CEIL: _floor,
}
