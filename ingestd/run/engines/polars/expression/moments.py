"""
Dates and timestamps. What is computed lies in the years 1 to 9999, or is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.arithmetic import divided
from ingestd.run.engines.polars.expression.outcome import (
    Compiler,
    Result,
    failing,
    sure,
)
from ingestd.run.transform.tree import Call, Op

FIRST_DAY: Final = date(1, 1, 1)
LAST_DAY: Final = date(9999, 12, 31)
_EPOCH: Final = date(1970, 1, 1)
_MICROS: Final = 1_000_000
_MILLI: Final = 1_000
_DAY: Final = 86_400 * _MICROS
_LAST_RULED: Final = date(2100, 1, 1)
_YEARS: Final = {"decade": 10, "century": 100, "millennium": 1000}
_STEPS: Final = {
    "microsecond": "1us",
    "millisecond": "1ms",
    "second": "1s",
    "minute": "1m",
    "hour": "1h",
    "day": "1d",
    "week": "1w",
    "month": "1mo",
    "quarter": "1q",
    "year": "1y",
}


def in_years(days: pl.Expr, moment: pl.Expr) -> pl.Expr:
    """
    Return *moment*, null where *days* since 1970 are outside of the years 1 to 9999.
    """
    first, last = (FIRST_DAY - _EPOCH).days, (LAST_DAY - _EPOCH).days
    return pl.when((days >= first) & (days <= last)).then(moment)


def _in_years(moment: pl.Expr) -> pl.Expr:
    return in_years(moment.to_physical() // _DAY, moment)


def _truncate(call: Call, args: Sequence[pl.Expr]) -> Result:
    value, unit = args[0], str(call.given[0])
    if unit in _YEARS:
        year = value.dt.year() // _YEARS[unit] * _YEARS[unit]
        found = _first_of(year, pl.lit(1), call.type)
        return sure(pl.when(value.is_not_null()).then(found))
    return sure(value.dt.truncate(_STEPS[unit]))


def _first_of(year: pl.Expr, month: pl.Expr, kind: str) -> pl.Expr:
    """
    Return the first moment of a month.
    """
    zone = "UTC" if kind == "timestamp(tz)" else None
    return pl.datetime(year, month, 1, time_unit="us", time_zone=zone)


def _bucket(call: Call, args: Sequence[pl.Expr]) -> Result:
    months, micros, origin = (int(number) for number in call.given)
    value = args[0]
    if micros:
        at = value.to_physical()
        found = (at - (at - origin) % micros).cast(data_type(call.type))
        return failing(_in_years(found))
    month = value.dt.year().cast(pl.Int64) * 12 + value.dt.month() - (1970 * 12 + 1)
    begin = month - (month - origin) % months + 1970 * 12
    found = _first_of(begin // 12, begin % 12 + 1, call.type)
    return failing(pl.when(value.is_not_null()).then(_in_years(found)))


def _extract(call: Call, args: Sequence[pl.Expr]) -> Result:
    value = args[0]
    field = str(call.given[0])
    if field == "epoch":
        return sure(_epoch(value.to_physical(), call.args[0].type))
    return sure(_field(value, field).cast(pl.Int64))


def _epoch(micros: pl.Expr, kind: str) -> pl.Expr:
    """
    Return seconds; those of a timestamp(tz) in DuckDB's two parts, to the last bit.
    """
    if kind != "timestamp(tz)":
        return divided(micros.cast(pl.Float64), float(_MICROS))
    millis, rest = micros // _MILLI, micros % _MILLI
    parts = divided(millis.cast(pl.Float64), float(_MILLI))
    return parts + divided(rest.cast(pl.Float64), float(_MICROS))


def _field(value: pl.Expr, field: str) -> pl.Expr:
    moment = value.dt
    second = moment.second().cast(pl.Int64)
    fields: dict[str, Callable[[], pl.Expr]] = {
        "year": moment.year,
        "isoyear": moment.iso_year,
        "quarter": moment.quarter,
        "month": moment.month,
        "week": moment.week,
        "day": moment.day,
        "doy": moment.ordinal_day,
        "dow": lambda: moment.weekday() % 7,
        "isodow": moment.weekday,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "millisecond": lambda: second * _MILLI + moment.millisecond(),
        "microsecond": lambda: second * _MICROS + moment.microsecond(),
    }
    return fields[field]()


def _shift(call: Call, args: Sequence[pl.Expr]) -> Result:
    months, micros = int(call.given[0]), int(call.given[1])
    value = args[0]
    moved = value.dt.offset_by(f"{months}mo") if months else value
    if micros:
        moved = moved + pl.lit(timedelta(microseconds=micros))
    return failing(_in_years(moved))


def _add_days(_: Call, args: Sequence[pl.Expr]) -> Result:
    days = args[0].to_physical().cast(pl.Int64) + args[1]
    day = days.cast(pl.Int32, strict=False).cast(pl.Date)
    return failing(in_years(days, day))


def _days_between(_: Call, args: Sequence[pl.Expr]) -> Result:
    later, earlier = (arg.to_physical().cast(pl.Int64) for arg in args)
    return sure(later - earlier)


def _to_local(call: Call, args: Sequence[pl.Expr]) -> Result:
    zone = str(call.given[0])
    local = _ruled(args[0]).dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return failing(_in_years(local))


def _from_local(call: Call, args: Sequence[pl.Expr]) -> Result:
    """
    Take clock times of a zone for moments.

    Of a time that the clock shows twice, the later one; a time that it leaves out is
    taken as if the clock had not been moved: as DuckDB does it.
    """
    value, zone = _ruled(args[0]), str(call.given[0])
    before = pl.lit(timedelta(days=1))
    found = _moment(value, zone, "latest")
    left_out = _moment(value - before, zone, "earliest") + before
    return failing(_in_years(pl.coalesce(found, left_out)))


def _ruled(value: pl.Expr) -> pl.Expr:
    """
    Return *value*, null where Polars has no rules for the clocks of a time zone.
    """
    last = (_LAST_RULED - _EPOCH).days * _DAY
    return pl.when(value.to_physical() < last).then(value)


def _moment(
    value: pl.Expr, zone: str, ambiguous: Literal["latest", "earliest"]
) -> pl.Expr:
    local = value.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")
    return local.dt.convert_time_zone("UTC")


MOMENTS: Final[dict[Op, Compiler]] = {
    Op.TRUNCATE: _truncate,
    Op.BUCKET: _bucket,
    Op.EXTRACT: _extract,
    Op.SHIFT: _shift,
    Op.ADD_DAYS: _add_days,
    Op.DAYS_BETWEEN: _days_between,
    Op.TO_LOCAL: _to_local,
    Op.FROM_LOCAL: _from_local,
}
