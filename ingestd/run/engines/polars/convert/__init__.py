"""
From text to typed columns, strictly: what does not fit is refused, nothing is guessed.

Numbers and the default words for true and false are parsed by Polars' CSV reader; all
else is read as text and converted here. Both ways take the same texts and give the same
values, so that a file of which a part had to be read with care is not read otherwise.
docs/types.md says what each type takes.
"""

from __future__ import annotations

import polars as pl

from ingestd.config import Csv
from ingestd.config.formats import ISO
from ingestd.model import UNTYPED
from ingestd.run.engines.polars.convert.formats import formatted
from ingestd.run.engines.polars.convert.kinds import (
    NUMBERS,
    data_type,
    has_quoted_marker,
    keeps_empty,
    markers_are_words,
    precision_and_scale,
    stored_type,
)
from ingestd.run.engines.polars.convert.moments import (
    form_of,
    iso_date,
    iso_timestamp,
    none_of,
)
from ingestd.run.engines.polars.convert.numbers import (
    decimal,
    notation,
    number,
    only_blanks,
)

__all__ = [
    "UNTYPED_VALUE",
    "converted",
    "data_type",
    "expected_form",
    "keeps_empty",
    "markers_are_words",
    "misfit",
    "notation",
    "precision_and_scale",
    "stored_type",
]

UNTYPED_VALUE = "ingestd:untyped"
"""What the error names where a column without a type has a value."""

_BAD = 300
BAD_VALUE = "ingestd:bad"
"""No int8, so that a strict cast to one raises."""


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

    *form* is what to expect of dates and timestamps (see ``expected_form``); what it
    does not take is refused. Not *strict*: *column* is text, and what does not fit
    becomes null. *unmarked*: the reader was not told the null markers.
    """
    if strict and not isinstance(stored_type(column_type, options), pl.String):
        return column
    value, bad = _judged(column, column_type, options, form, unmarked)
    if not strict or column_type == "string":
        return value
    name = UNTYPED_VALUE if column_type == UNTYPED else BAD_VALUE
    raising = pl.when(bad).then(pl.lit(_BAD, pl.Int16).alias(name)).otherwise(None)
    return pl.coalesce(value, raising.cast(pl.Int8).cast(data_type(column_type)))


def misfit(text: pl.Expr, column_type: str, options: Csv, form: str = "") -> pl.Expr:
    """
    Tell which of *text*, as the CSV reader gave it, a strict conversion refuses; one
    that expects *form* of dates and timestamps refuses more.
    """
    return _judged(text, column_type, options, form, unmarked=False)[1]


def expected_form(values: pl.Series, column_type: str, options: Csv) -> str:
    """
    Return the form in which *values*, some of a column and none of them null, let the
    others be expected; "" when any may come.

    That is the last of the declared formats that is needed for them (those before it
    come first for every value) if others follow, or the one form of ISO 8601 (see
    ``form_of``).
    """
    formats = _formats(column_type, options)
    if not len(values) or (column_type == "date" and not formats):
        return ""
    if not formats:
        return form_of(values[0]) if column_type.startswith("timestamp") else ""
    frame = values.to_frame()
    for form in formats[:-1]:
        value = formatted(pl.col(values.name), column_type, formats, form)
        if frame.select(value.is_not_null().all()).item():
            return form
    return ""


def _judged(
    column: pl.Expr, column_type: str, options: Csv, form: str, unmarked: bool
) -> tuple[pl.Expr, pl.Expr]:
    """
    Return the values of *column*, null where it has none, and where that is wrong.
    """
    value = _value(column, column_type, options, form)
    bad = value.is_null() & column.is_not_null()
    for null in _nulls(column, column_type, options, unmarked):
        value, bad = pl.when(~null).then(value), bad & ~null
    return value, bad


def _nulls(
    column: pl.Expr, column_type: str, options: Csv, unmarked: bool
) -> list[pl.Expr]:
    """
    Return what tells the nulls that the reader did not tell.
    """
    nulls = []
    if unmarked or keeps_empty(options) or has_quoted_marker(options):
        nulls.append(column.is_in(list(options.nulls)))
    if column_type in NUMBERS and not keeps_empty(options):
        nulls.append(only_blanks(column))
    return nulls


def _value(  # noqa: PLR0911 - one for each kind
    column: pl.Expr, column_type: str, options: Csv, form: str
) -> pl.Expr:
    formats = _formats(column_type, options)
    if formats:
        return formatted(column, column_type, formats, form)
    if column_type == "date":
        return iso_date(column)
    if column_type.startswith("timestamp"):
        return iso_timestamp(column, column_type, form)
    if column_type.startswith("decimal("):
        return decimal(column, column_type, options)
    if column_type == "bool":
        return _boolean(column, options)
    if column_type in NUMBERS:
        return number(column, column_type, options)
    return none_of(column, column_type) if column_type == UNTYPED else column


def _formats(column_type: str, options: Csv) -> tuple[str, ...]:
    """
    Return the formats of *column_type*; none where ISO 8601 alone holds.
    """
    formats: tuple[str, ...] = ()
    if column_type == "date":
        formats = options.date_formats
    elif column_type.startswith("timestamp"):
        formats = options.timestamp_formats
    return () if formats == (ISO,) else formats


def _boolean(column: pl.Expr, options: Csv) -> pl.Expr:
    true, false = list(options.true_values), list(options.false_values)
    if options.words_in_any_case:
        column, true, false = column.str.to_lowercase(), ["true"], ["false"]
    yes = column.is_in(true)
    return pl.when(yes | column.is_in(false)).then(yes)
