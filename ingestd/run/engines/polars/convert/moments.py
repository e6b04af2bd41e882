"""
Dates and timestamps from text in ISO 8601, and from parts that were taken out of text.

Polars' parsers are lenient (2026-2-8, 28/02/2026, a sign before the year), so a regular
expression fences each of them in. Years are 0001 to 9999: what is outside, few readers
of Parquet can show.
"""

from __future__ import annotations

import polars as pl

from ingestd.config.formats import MOST_DIGITS
from ingestd.run.engines.polars.convert.kinds import data_type

YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_DATE = f"{YEAR}-[0-9]{{2}}-[0-9]{{2}}"
_MINUTES = "[0-9]{2}:[0-9]{2}"
_SECONDS = ":[0-5][0-9]"
_NS_FIRST, _NS_LAST = "1678", "2261"
_YEARS = (1, 9999)
_TO_MINUTES = len("2026-01-01T00:00")


def iso_date(text: pl.Expr) -> pl.Expr:
    """
    Return *text* of the form YYYY-MM-DD as dates, null where it is none.
    """
    fits = text.str.contains(f"^{_DATE}$")
    return pl.when(fits).then(text.str.to_date("%Y-%m-%d", strict=False))


def form_of(value: str) -> str:
    """
    Return the one form that *value*, a timestamp, has: ``T``, ``T.6``, `` .3Z`` and so
    on; empty when only the slower way takes it.
    """
    mark, rest = value[10:11], value[19:]
    zulu = rest.endswith("Z")
    fraction = rest.removesuffix("Z")
    digits = len(fraction) - 1
    if mark not in ("T", " ") or (fraction and fraction[0] != "."):
        return ""
    if fraction and digits not in (3, 6, 9):
        return ""
    return mark + (f".{digits}" if fraction else "") + ("Z" if zulu else "")


def iso_timestamp(text: pl.Expr, column_type: str, form: str = "") -> pl.Expr:
    """
    Return *text* in ISO 8601 as timestamps, null where it is none.

    *form*: take this one form alone (see ``form_of``), which is much faster.
    """
    zoned = column_type == "timestamp(tz)"
    digits = int(form[2:3] or 0)
    if form and digits <= MOST_DIGITS[column_type] and form.endswith("Z") == zoned:
        return _in_form(text, column_type, form[0], digits)
    return _in_any_form(text, column_type, zoned=zoned)


def _in_form(text: pl.Expr, column_type: str, mark: str, digits: int) -> pl.Expr:
    zulu = "Z" if column_type == "timestamp(tz)" else ""
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    fits = text.str.contains(f"^{_DATE}{mark}{_MINUTES}{_SECONDS}{fraction}{zulu}$")
    dots = f".%{digits}f" if digits else ""
    moment = parsed(text, f"%Y-%m-%d{mark}%H:%M:%S{dots}{zulu}", column_type)
    return in_utc(pl.when(fits & in_range(text, column_type)).then(moment), column_type)


def _in_any_form(text: pl.Expr, column_type: str, *, zoned: bool) -> pl.Expr:
    most = MOST_DIGITS[column_type]
    second = rf"(?:{_SECONDS}(?:\.[0-9]{{1,{most}}})?)?"
    end = OFFSET if zoned else ""
    fits = text.str.contains(f"^{_DATE}[T ]{_MINUTES}{second}{end}$")
    behind = text.str.slice(_TO_MINUTES)
    local = behind.str.replace(f"{OFFSET}$", "") if zoned else behind
    moment = assembled(
        text.str.slice(0, 10),
        [text.str.slice(11, 5), ":", local.str.slice(1, 2).str.pad_end(2, "0")],
        local.str.slice(4),
        column_type,
    )
    if zoned:
        moment = at_offset(moment, behind.str.extract(f"({OFFSET})$"))
    return in_utc(pl.when(fits).then(moment), column_type)


def assembled(
    date: pl.Expr,
    clock: list[pl.Expr | str],
    fraction: pl.Expr | None,
    column_type: str,
) -> pl.Expr:
    """
    Return the local moments of *date* (YYYY-MM-DD), *clock* (pieces of HH:MM:SS) and
    *fraction* (digits), null where there is no such day or time.
    """
    parts = [pl.lit(p) if isinstance(p, str) else p for p in (date, " ", *clock)]
    form, most = "%Y-%m-%d %H:%M:%S", MOST_DIGITS[column_type]
    if fraction is not None:
        parts += [pl.lit("."), fraction.str.pad_end(most, "0")]
        form += f".%{most}f"
    moment = parsed(pl.concat_str(parts), form, column_type)
    return pl.when(in_range(date, column_type)).then(moment)


def parsed(text: pl.Expr, form: str, column_type: str) -> pl.Expr:
    """
    Return *text* as Polars reads it in *form*, without a zone.
    """
    # Timestamps hardly repeat: looking for known ones costs more than parsing again.
    return text.str.to_datetime(
        form,
        time_unit="ns" if column_type == "timestamp(ns)" else "us",
        strict=False,
        cache=False,
    )


def in_range(text: pl.Expr, column_type: str) -> pl.Expr:
    """
    Tell of which *text*, which begins with a year, an int64 holds the nanoseconds:
    outside they wrap.
    """
    if column_type != "timestamp(ns)":
        return pl.lit(value=True)
    return text.str.slice(0, 4).is_between(pl.lit(_NS_FIRST), pl.lit(_NS_LAST))


def at_offset(moment: pl.Expr, zone: pl.Expr) -> pl.Expr:
    """
    Return local *moment* in UTC, where *zone* is Z, +hh, +hhmm or +hh:mm.
    """
    digits = zone.str.replace(":", "", literal=True)
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    total = hours * 60 + minutes
    east = pl.when(zone.str.starts_with("-")).then(-total).otherwise(total)
    utc = moment - pl.duration(minutes=east)
    return pl.when(utc.dt.year().is_between(*_YEARS)).then(utc)


def in_utc(moment: pl.Expr, column_type: str) -> pl.Expr:
    """
    Return *moment*, which is in UTC, with the zone that *column_type* has.
    """
    zoned = column_type == "timestamp(tz)"
    return moment.dt.replace_time_zone("UTC") if zoned else moment


def none_of(text: pl.Expr, column_type: str) -> pl.Expr:
    """
    Return a null of *column_type* for each of *text*.
    """
    nothing = pl.lit(None, dtype=data_type(column_type))
    return pl.when(text.is_null()).then(nothing)
