"""
From text to values, as strictly as the columns of a file are read.
"""

from __future__ import annotations

import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.transform import types

_TRUE = ["true", "t", "1", "yes", "y"]
_FALSE = ["false", "f", "0", "no", "n"]
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-5][0-9]"
_OFFSET = r"(?:Z|[+-][0-9]{2}(?::?[0-5][0-9])?)"
_FLOAT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_WORDS = r"[+-]?(?:inf|infinity)|nan"
_NANO_YEARS = ("1678", "2262")
_CLOCKLESS = len("2026-01-01")
_SECONDLESS = len("2026-01-01T00:00")


def from_text(value: pl.Expr, target: str) -> pl.Expr:
    """
    Return *value* as *target*, null where it is none.
    """
    if target == types.BOOL:
        word = value.str.to_lowercase()
        found = pl.when(word.is_in(_TRUE)).then(pl.lit(value=True))
        return found.when(word.is_in(_FALSE)).then(pl.lit(value=False))
    if types.is_integer(target):
        # Zero has no sign, and Polars takes none for what is unsigned.
        number = _where(value, "[+-]?[0-9]+").str.replace("^-(0+)$", "$1")
        return _cast(number, target)
    if types.is_decimal(target):
        return _decimal(value, target)
    if target in types.FLOATS:
        return _cast(_where(value, rf"(?i:{_FLOAT}|{_WORDS})"), target)
    if target == types.DATE:
        return _where(value, _DATE).str.to_date("%Y-%m-%d", strict=False)
    return _timestamp(value, target)


def _where(value: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(value.str.contains(rf"\A(?:{pattern})\z")).then(value)


def _cast(value: pl.Expr, target: str) -> pl.Expr:
    return value.str.strip_prefix("+").cast(data_type(target), strict=False)


def _decimal(value: pl.Expr, target: str) -> pl.Expr:
    _, scale = types.digits(target)
    fraction = rf"(?:\.[0-9]{{0,{scale}}})?" if scale else r"\.?"
    pattern = rf"[+-]?(?:[0-9]+{fraction}|\.[0-9]{{1,{max(scale, 1)}}})"
    return _cast(_where(value, pattern), target)


def _timestamp(value: pl.Expr, target: str) -> pl.Expr:
    digits = 9 if target == types.TIMESTAMP_NS else 6
    zoned = target == types.TIMESTAMP_TZ
    end = f"{_OFFSET}?" if zoned else ""
    text = _where(value, rf"{_DATE}(?:[T ]{_CLOCK}(?:\.[0-9]{{1,{digits}}})?)?{end})?")
    if target == types.TIMESTAMP_NS:
        text = pl.when((text >= _NANO_YEARS[0]) & (text < _NANO_YEARS[1])).then(text)
    local = text.str.replace(rf"(:[0-9:.]+){_OFFSET}$", "$1") if zoned else text
    local = local.str.replace(" ", "T", literal=True)
    size = local.str.len_bytes()
    whole = (
        pl.when(size == _CLOCKLESS)
        .then(local + "T00:00:00")
        .when(size == _SECONDLESS)
        .then(local + ":00")
        .otherwise(local)
    )
    moment = whole.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f",
        time_unit="ns" if target == types.TIMESTAMP_NS else "us",
        strict=False,
    )
    return (moment - _offset(text)).dt.replace_time_zone("UTC") if zoned else moment


def _offset(text: pl.Expr) -> pl.Expr:
    sign = text.str.extract(r":[0-9:.]+([+-])[0-9]{2}(?::?[0-9]{2})?$")
    hours = text.str.extract(r":[0-9:.]+[+-]([0-9]{2})(?::?[0-9]{2})?$")
    minutes = text.str.extract(r":[0-9:.]+[+-][0-9]{2}:?([0-9]{2})$")
    total = hours.cast(pl.Int64).fill_null(0) * 60 + minutes.cast(pl.Int64).fill_null(0)
    return pl.duration(minutes=pl.when(sign == "-").then(-total).otherwise(total))
