"""
From text to typed columns, strictly: what does not fit raises, nothing is guessed.

Numbers and the default words for true and false are parsed by Polars' CSV reader.
Everything that Polars takes too liberally there is read as text and converted here: a
date only as YYYY-MM-DD (the reader also takes 28/02/2026 and 2026-2-8), timestamps only
as ISO 8601 and without an offset unless the type says so, decimals without rounding.
As Polars, pandas and IEEE 754 have it, 1e400 is inf; quoted null markers are null;
blanks before a number are skipped.
"""

from __future__ import annotations

import polars as pl

from ingestd.config import Csv
from ingestd.model import UNTYPED

MICRO_DIGITS = 6
BAD = "\N{REPLACEMENT CHARACTER}"
"""Put in place of text that has the wrong form, so that the strict cast raises."""

UNTYPED_VALUE = "ingestd:untyped"
"""What the error names where a column without a type has a value."""

_DEFAULT_TRUE = {"true", "True", "TRUE"}
_DEFAULT_FALSE = {"false", "False", "FALSE"}
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-5][0-9]"
_OFFSET = r"(?:Z|[+-][0-9]{2}(?::?[0-5][0-9])?)"
_NS_YEARS = ("1678", "2262")

NUMBERS: dict[str, pl.DataType] = {
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "uint8": pl.UInt8(),
    "uint16": pl.UInt16(),
    "uint32": pl.UInt32(),
    "uint64": pl.UInt64(),
    "float32": pl.Float32(),
    "float64": pl.Float64(),
}


def data_type(column_type: str) -> pl.DataType:
    """
    Return the Polars type of a column of *column_type*.
    """
    if column_type in NUMBERS:
        return NUMBERS[column_type]
    if column_type.startswith("decimal("):
        precision, scale = precision_and_scale(column_type)
        return pl.Decimal(precision, scale)
    named: dict[str, pl.DataType] = {
        "bool": pl.Boolean(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
        "timestamp(ns)": pl.Datetime("ns"),
        "timestamp(tz)": pl.Datetime("us", "UTC"),
    }
    return named.get(column_type, pl.String())


def precision_and_scale(column_type: str) -> tuple[int, int]:
    """
    Return p and s of ``decimal(p,s)``.
    """
    precision, scale = column_type[len("decimal(") : -1].split(",")
    return int(precision), int(scale)


def stored_type(column_type: str, options: Csv) -> pl.DataType:
    """
    Return the type that the CSV reader is asked for.
    """
    if keeps_empty(options):
        return pl.String()
    if column_type in NUMBERS:
        return NUMBERS[column_type]
    return pl.Boolean() if column_type == "bool" and _plain(options) else pl.String()


def keeps_empty(options: Csv) -> bool:
    """
    Tell whether an empty field is a value; then everything is read as text.
    """
    return "" not in options.nulls


def _plain(options: Csv) -> bool:
    true, false = set(options.true_values), set(options.false_values)
    return true == _DEFAULT_TRUE and false == _DEFAULT_FALSE


def markers_are_words(options: Csv) -> bool:
    """
    Tell whether no null marker could be read as a number or a boolean.

    Then the reader need not compare every field with the markers: text is compared
    afterwards, and a marker where a number is expected makes a strict read fail.
    """
    words = {*options.true_values, *options.false_values}
    return not any(
        marker in words or _is_number(marker) for marker in options.nulls if marker
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def converted(
    column: pl.Expr,
    column_type: str,
    options: Csv,
    form: str = "",
    *,
    strict: bool = True,
    unmarked: bool = False,
) -> pl.Expr:
    """
    Return *column*, as the CSV reader gave it, as a column of *column_type*.

    *form* is the one form of timestamp to expect (see ``form_of``), much faster than
    taking all. Not *strict*: what does not fit becomes null; the column is text then.
    *unmarked*: the reader was not told the null markers.
    """
    if strict and not isinstance(stored_type(column_type, options), pl.String):
        return column
    if unmarked or keeps_empty(options):
        column = pl.when(~column.is_in(list(options.nulls))).then(column)
    return _typed(column, column_type, options, form, strict)


def _typed(  # noqa: PLR0911 - one for each type
    column: pl.Expr, column_type: str, options: Csv, form: str, strict: bool
) -> pl.Expr:
    if column_type == UNTYPED:
        bad = pl.when(column.is_not_null()).then(pl.lit(BAD).alias(UNTYPED_VALUE))
        return bad.cast(pl.Int8, strict=strict).cast(pl.String)
    if column_type == "date":
        return _where(column, f"^{_DATE}$").str.to_date("%Y-%m-%d", strict=strict)
    if column_type.startswith("timestamp"):
        return _timestamp(column, column_type, form, strict)
    if column_type.startswith("decimal("):
        _, scale = precision_and_scale(column_type)
        fraction = rf"(?:\.[0-9]{{0,{scale}}})?" if scale else r"\.?"
        pattern = rf"^[+-]?(?:[0-9]+{fraction}|\.[0-9]{{1,{max(scale, 1)}}})$"
        exact = _where(column, pattern).str.strip_prefix("+")
        return exact.cast(data_type(column_type), strict=strict)
    if column_type == "bool":
        words = dict.fromkeys(options.true_values, True)
        words |= dict.fromkeys(options.false_values, False)
        if strict:
            return column.replace_strict(words, return_dtype=pl.Boolean)
        return column.replace_strict(words, default=None, return_dtype=pl.Boolean)
    if column_type in NUMBERS:
        return column.cast(data_type(column_type), strict=strict)
    return column


def _where(column: pl.Expr, pattern: str) -> pl.Expr:
    """
    Return *column* with BAD where *pattern* does not match; nulls stay nulls.
    """
    return pl.when(~column.str.contains(pattern)).then(pl.lit(BAD)).otherwise(column)


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


def _timestamp(column: pl.Expr, column_type: str, form: str, strict: bool) -> pl.Expr:
    unit = "ns" if column_type == "timestamp(ns)" else "us"
    zoned = column_type == "timestamp(tz)"
    most = 9 if unit == "ns" else 6
    if form and form.endswith("Z") == zoned:
        text, pattern = _fast(column, form, most)
        moment = text.str.to_datetime(
            pattern, time_unit="us" if unit == "us" else "ns", strict=strict
        )
    else:
        moment = _slow(column, most, zoned=zoned, strict=strict)
    return moment.dt.replace_time_zone("UTC") if zoned else moment


def _fast(column: pl.Expr, form: str, most: int) -> tuple[pl.Expr, str]:
    mark, digits = form[0], form[2:].removesuffix("Z") if "." in form else ""
    if digits and int(digits) > most:
        return _where(column, "^$"), "%Y"
    fraction = rf"\.[0-9]{{{digits}}}" if digits else ""
    zulu = "Z" if form.endswith("Z") else ""
    pattern = f"^{_DATE}{mark}{_TIME}){fraction}{zulu}$".replace("(?:", "").replace(
        ")", ""
    )
    text = _in_range(_where(column, pattern), most)
    dots = f"%.{digits}f" if digits else ""
    return text, f"%Y-%m-%d{mark}%H:%M:%S{dots}{zulu}"


def _in_range(text: pl.Expr, most: int) -> pl.Expr:
    """
    Nanoseconds since the epoch wrap outside the years that an int64 holds.
    """
    if most <= 6:  # noqa: PLR2004 - microseconds
        return text
    first, last = _NS_YEARS
    outside = (text < first) | (text >= last)
    return pl.when(outside).then(pl.lit(BAD)).otherwise(text)


def _slow(column: pl.Expr, most: int, *, zoned: bool, strict: bool) -> pl.Expr:
    end = _OFFSET if zoned else ""
    pattern = rf"^{_DATE}[T ]{_TIME}(?:\.[0-9]{{1,{most}}})?)?{end}$"
    text = _in_range(_where(column, pattern), most)
    local = text.str.replace(rf"{_OFFSET}$", "") if zoned else text
    local = local.str.replace(" ", "T", literal=True)
    whole = (
        pl.when(local.str.len_bytes() == len("2026-01-01T00:00"))
        .then(local + ":00")
        .otherwise(local)
    )
    moment = whole.str.to_datetime(
        "%Y-%m-%dT%H:%M:%S%.f",
        time_unit="ns" if most > MICRO_DIGITS else "us",
        strict=strict,
    )
    return moment - _offset(column) if zoned else moment


def _offset(column: pl.Expr) -> pl.Expr:
    sign = column.str.extract(r"([+-])[0-9]{2}(?::?[0-9]{2})?$")
    hours = column.str.extract(r"[+-]([0-9]{2})(?::?[0-9]{2})?$").cast(pl.Int64)
    minutes = column.str.extract(r"[+-][0-9]{2}:?([0-9]{2})$").cast(pl.Int64)
    total = hours.fill_null(0) * 60 + minutes.fill_null(0)
    return pl.duration(minutes=pl.when(sign == "-").then(-total).otherwise(total))
