"""
Dates and timestamps from text in declared formats.

A format becomes a regular expression that a value must match as a whole. Numbers of
fixed width are then parsed where they stand; anything else (names, one or two digits,
twelve hours, offsets) is taken apart and put together anew in one plain form, so that
no leniency of a parser is ever asked.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from ingestd.config.formats import (
    FIXED_DIGITS,
    ISO,
    MOST_DIGITS,
    Piece,
    fits,
    is_epoch,
    pieces,
)
from ingestd.run.engines.polars.convert.epoch import since_1970
from ingestd.run.engines.polars.convert.moments import (
    OFFSET,
    YEAR,
    assembled,
    at_offset,
    in_utc,
    iso_date,
    iso_timestamp,
    none_of,
    parsed,
)
from ingestd.run.engines.polars.convert.numbers import literal

Field = Callable[[str], pl.Expr]

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS_IN_FULL = (
    "january|february|march|april|may|june|july|august|september|october|november|"
    "december"
)
_DAYS = "mon|tue|wed|thu|fri|sat|sun"
_DAYS_IN_FULL = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_NAMED = len("jan")
_CENTURY_BREAK = "69"

_PATTERNS = {
    "%Y": YEAR,
    "%y": "[0-9]{2}",
    "%m": "0[1-9]|1[0-2]",
    "%-m": "[1-9]|1[0-2]",
    "%b": f"(?i-u:{_MONTHS})",
    "%B": f"(?i-u:{_MONTHS_IN_FULL})",
    "%d": "0[1-9]|[12][0-9]|3[01]",
    "%-d": "[1-9]|[12][0-9]|3[01]",
    "%e": " [1-9]|[12][0-9]|3[01]",
    "%j": "[0-9]{3}",
    "%a": f"(?i-u:{_DAYS})",
    "%A": f"(?i-u:{_DAYS_IN_FULL})",
    "%H": "[01][0-9]|2[0-3]",
    "%-H": "[0-9]|1[0-9]|2[0-3]",
    "%I": "0[1-9]|1[0-2]",
    "%-I": "[1-9]|1[0-2]",
    "%p": "(?i-u:am|pm)",
    "%M": "[0-5][0-9]",
    "%S": "[0-5][0-9]",
    "%z": OFFSET,
}
_STANDING = ("%Y", "%m", "%d", "%H", "%M", "%S", *FIXED_DIGITS)
"""Not %y: Polars begins the twentieth century with 70, POSIX with 69."""


def formatted(
    text: pl.Expr, column_type: str, formats: tuple[str, ...], last: str = ""
) -> pl.Expr:
    """
    Return *text* as dates or timestamps, each by the first of *formats* that fits it,
    null where none does. *last*: try none behind this one.
    """
    tried = formats[: formats.index(last) + 1] if last in formats else formats
    usable = [form for form in tried if fits(form, column_type)]
    values = [in_format(text, column_type, form) for form in usable]
    return pl.coalesce(values) if values else none_of(text, column_type)


def in_format(text: pl.Expr, column_type: str, form: str) -> pl.Expr:
    """
    Return *text* in the one format *form*, null where it has another.
    """
    date = column_type == "date"
    if form == ISO:
        return iso_date(text) if date else iso_timestamp(text, column_type)
    if not date and is_epoch(form):
        return since_1970(text, column_type, form)
    found = pieces(form)
    if _stands(found, column_type):
        return _where_it_stands(text, column_type, found)
    return _taken_apart(text, column_type, found)


def _pattern(found: tuple[Piece, ...], column_type: str) -> str:
    return "".join(_one(piece, column_type) for piece in found)


def _one(piece: Piece, column_type: str) -> str:
    if not piece.directive:
        return literal(piece.text)
    if piece.part == "fraction":
        fixed = FIXED_DIGITS.get(piece.directive)
        count = str(fixed or f"1,{MOST_DIGITS[column_type]}")
        form = f"[0-9]{{{count}}}"
    else:
        form = _PATTERNS[piece.directive]
    return f"(?P<{_name(piece.part)}>{form})"


def _stands(found: tuple[Piece, ...], column_type: str) -> bool:
    """
    Tell whether Polars' fast parser takes the format; fenced in, it errs in none.
    """
    parts = {piece.part for piece in found}
    texts = "".join(piece.text for piece in found)
    return (
        all(piece.directive in ("", *_STANDING) for piece in found)
        and texts.isascii()
        and texts.isprintable()
        and "%" not in texts
        and ("hour" in parts) == ("minute" in parts)
        and column_type != "timestamp(ns)"  # it would wrap
    )


def _where_it_stands(
    text: pl.Expr, column_type: str, found: tuple[Piece, ...]
) -> pl.Expr:
    form = "".join(piece.directive or piece.text for piece in found)
    fence = text.str.contains(f"^{_pattern(found, column_type)}$")
    if column_type == "date":
        return pl.when(fence).then(text.str.to_date(form, strict=False))
    moment = pl.when(fence).then(parsed(text, form, column_type))
    return in_utc(moment, column_type)


def _taken_apart(text: pl.Expr, column_type: str, found: tuple[Piece, ...]) -> pl.Expr:
    groups = text.str.extract_groups(f"^{_pattern(found, column_type)}$")
    told = {piece.part: piece.directive for piece in found}

    def field(part: str) -> pl.Expr:
        return groups.struct.field(_name(part))

    day = _date(field, told)
    if column_type == "date":
        value = day.str.to_date("%Y-%m-%d", strict=False)
    else:
        fraction = field("fraction") if "fraction" in told else None
        value = assembled(day, _clock(field, told), fraction, column_type)
    if "weekday" in told:
        value = pl.when(value.dt.weekday() == _named(field("weekday"), _DAYS)).then(
            value
        )
    if "offset" in told:
        value = at_offset(value, field("offset"))
    return value if column_type == "date" else in_utc(value, column_type)


def _name(part: str) -> str:
    return part.replace(" ", "_")


def _date(field: Field, told: dict[str, str]) -> pl.Expr:
    """
    Return the date as YYYY-MM-DD; whether there is such a day is found later.
    """
    year = field("year")
    if told["year"] == "%y":
        century = (
            pl.when(year >= _CENTURY_BREAK).then(pl.lit("19")).otherwise(pl.lit("20"))
        )
        year = pl.concat_str(century, year)
    if "day of the year" in told:
        first = pl.concat_str(year, pl.lit("-01-01"))
        first = first.str.to_date("%Y-%m-%d", strict=False)
        ordinal = field("day of the year").cast(pl.Int64, strict=False)
        day = first + pl.duration(days=ordinal - 1)
        return pl.when(day.dt.year() == first.dt.year()).then(
            day.dt.to_string("%Y-%m-%d")
        )
    month = field("month")
    if told["month"] in ("%b", "%B"):
        month = _named(month, _MONTHS).cast(pl.String)
    day = field("day").str.strip_chars_start(" ")
    dash = pl.lit("-")
    return pl.concat_str(year, dash, month.str.zfill(2), dash, day.str.zfill(2))


def _clock(field: Field, told: dict[str, str]) -> list[pl.Expr | str]:
    if "hour" not in told:
        return ["00:00:00"]
    hour = field("hour")
    if "half of the day" in told:
        late = field("half of the day").str.to_lowercase() == "pm"
        number = hour.cast(pl.Int8, strict=False) % 12 + late.cast(pl.Int8) * 12
        hour = number.cast(pl.String)
    minute = field("minute") if "minute" in told else "00"
    second = field("second") if "second" in told else "00"
    return [hour.str.zfill(2), ":", minute, ":", second]


def _named(name: pl.Expr, names: str) -> pl.Expr:
    """
    Return the number, from 1, of each *name* in *names*, by its first three letters.
    """
    numbers = {known: number for number, known in enumerate(names.split("|"), 1)}
    key = name.str.slice(0, _NAMED).str.to_lowercase()
    return key.replace_strict(numbers, default=None, return_dtype=pl.Int8)
