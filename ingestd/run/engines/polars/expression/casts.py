"""
Conversions between types: what does not fit is an error of its row.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.arithmetic import divided
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
from ingestd.run.engines.polars.expression.from_text import from_text
from ingestd.run.engines.polars.expression.moments import FIRST_DAY, LAST_DAY
from ingestd.run.engines.polars.expression.outcome import Result, failing, sure
from ingestd.run.transform import types
from ingestd.run.transform.tree import Call

_NANOS = 1000
_NANO_BOUNDS = (-(2**63) // _NANOS + 1, (2**63 - 1) // _NANOS)


def cast(call: Call, args: Sequence[pl.Expr]) -> Result:
    """
    Return the one of *args* as the type of *call*.
    """
    source, target, value = call.args[0].type, call.type, args[0]
    if source == target:
        return sure(value)
    return failing(_converted(value, source, target))


def _converted(value: pl.Expr, source: str, target: str) -> pl.Expr:
    if types.is_number(source) and types.is_number(target):
        return _number(value, source, target)
    if source == types.TEXT:
        return from_text(value, target)
    if target == types.TEXT:
        return _to_text(value, source)
    if source in types.TEMPORAL:
        return _moment(value, source, target)
    return value != 0 if target == types.BOOL else value.cast(data_type(target))


def _number(value: pl.Expr, source: str, target: str) -> pl.Expr:
    if types.is_decimal(target):
        return _to_decimal(value, source, target)
    if types.is_decimal(source):
        return _from_decimal(value, source, target)
    if source in types.FLOATS and types.is_integer(target):
        value = value.round(0, mode="half_to_even")
    found = value.cast(data_type(target), strict=False)
    if source == types.FLOAT64 and target == types.FLOAT32:
        # What is too large becomes an infinity, which only an infinity may.
        return pl.when(value.is_infinite() | ~found.is_infinite()).then(found)
    return found


def _to_decimal(value: pl.Expr, source: str, target: str) -> pl.Expr:
    precision, scale = types.digits(target)
    if source in types.FLOATS:
        moved = value.cast(pl.Float64) * 10.0**scale
        whole = moved.round(0, mode="half_away_from_zero").cast(WHOLE, strict=False)
        return from_units(whole, precision, scale)
    if types.is_integer(source):
        return from_units(raised(value.cast(WHOLE), scale), precision, scale)
    before = types.digits(source)[1]
    whole = units(value)
    if scale < before:
        return from_units(lowered(whole, before - scale), precision, scale)
    return from_units(raised(whole, scale - before), precision, scale)


def _from_decimal(value: pl.Expr, source: str, target: str) -> pl.Expr:
    scale = types.digits(source)[1]
    if target in types.FLOATS:
        return _to_float(units(value), scale).cast(data_type(target))
    whole = lowered(units(value), scale)
    return bounded(whole, types.MAX_DIGITS).cast(data_type(target), strict=False)


def _to_float(value: pl.Expr, scale: int) -> pl.Expr:
    """
    Return units as a float: in two parts where one float does not hold all digits.
    """
    unit = 10**scale
    exact = divided(value.cast(pl.Float64), float(unit))
    whole = signed(value.abs() // number(unit), value < number(0))
    rest = value - whole * number(unit)
    parts = whole.cast(pl.Float64) + divided(rest.cast(pl.Float64), float(unit))
    held = (value >= number(-(2**53))) & (value <= number(2**53))
    return pl.when(held).then(exact).otherwise(parts)


def _moment(value: pl.Expr, source: str, target: str) -> pl.Expr:
    if source == types.TIMESTAMP_NS:
        # Towards zero, as DuckDB does it.
        at = value.to_physical()
        micros = (at.abs() // _NANOS) * at.sign()
        value = micros.cast(pl.Datetime("us"))
        return value if target == types.TIMESTAMP else value.dt.date()
    if source == types.TIMESTAMP_TZ:
        value = value.dt.replace_time_zone(None)
    if target == types.DATE:
        return value.dt.date()
    moment = value.cast(pl.Datetime("us"))
    if target == types.TIMESTAMP_TZ:
        return moment.dt.replace_time_zone("UTC")
    if target == types.TIMESTAMP_NS:
        low, high = _NANO_BOUNDS
        at = moment.to_physical()
        fits = pl.when((at >= low) & (at <= high)).then(at)
        return (fits * _NANOS).cast(pl.Datetime("ns"))
    return moment


def _to_text(value: pl.Expr, source: str) -> pl.Expr:
    if source not in types.TEMPORAL:
        return value.cast(pl.String)
    day = value if source == types.DATE else value.dt.date()
    within = value.is_null() | day.is_between(pl.lit(FIRST_DAY), pl.lit(LAST_DAY))
    if source == types.DATE:
        return pl.when(within).then(value.dt.strftime("%Y-%m-%d"))
    digits = "%.9f" if source == types.TIMESTAMP_NS else "%.6f"
    text = value.dt.strftime(f"%Y-%m-%d %H:%M:%S{digits}")
    short = text.str.strip_chars_end("0").str.strip_chars_end(".")
    # Of ":00" or ":30" the zeros are none of a fraction.
    whole = text.str.slice(0, len("2026-01-01 00:00:00"))
    short = pl.when(short.str.len_bytes() > whole.str.len_bytes()).then(short)
    found = short.fill_null(whole)
    if source == types.TIMESTAMP_TZ:
        found = found + "+00"
    return pl.when(within).then(found)
