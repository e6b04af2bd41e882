"""
The Polars type of each column, and which columns the CSV reader parses by itself.
"""

from __future__ import annotations

import polars as pl

from ingestd.config import Csv
from ingestd.config.values import INTEGERS

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
_OTHERS: dict[str, pl.DataType] = {
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "timestamp(ns)": pl.Datetime("ns"),
    "timestamp(tz)": pl.Datetime("us", "UTC"),
}


def data_type(column_type: str) -> pl.DataType:
    """
    Return the Polars type of a column of *column_type*.

    A column of nulls is text: most readers refuse to read Parquet's own type for it
    beside another file's values.
    """
    if column_type in NUMBERS:
        return NUMBERS[column_type]
    if column_type.startswith("decimal("):
        precision, scale = precision_and_scale(column_type)
        return pl.Decimal(precision, scale)
    return _OTHERS.get(column_type, pl.String())


def precision_and_scale(column_type: str) -> tuple[int, int]:
    """
    Return p and s of ``decimal(p,s)``.
    """
    precision, scale = column_type[len("decimal(") : -1].split(",")
    return int(precision), int(scale)


def stored_type(column_type: str, options: Csv) -> pl.DataType:
    """
    Return the type that the CSV reader is asked for.

    Numbers and booleans are parsed by it where it takes what is theirs and nothing
    else; everything else is text first.
    """
    if keeps_empty(options) or has_quoted_marker(options):
        return pl.String()
    if column_type in NUMBERS:
        plain = is_plain(column_type, options)
        return NUMBERS[column_type] if plain else pl.String()
    known = column_type == "bool" and options.words_in_any_case
    return pl.Boolean() if known else pl.String()


def is_plain(column_type: str, options: Csv) -> bool:
    """
    Tell whether numbers of *column_type* are written with a point and without groups.
    """
    return not options.thousands and (column_type in INTEGERS or options.decimal == ".")


def keeps_empty(options: Csv) -> bool:
    """
    Tell whether an empty field is a value; then everything is read as text.
    """
    return "" not in options.nulls


def has_quoted_marker(options: Csv) -> bool:
    """
    Tell whether a null marker has a quote in it: the reader compares a field with the
    markers before it takes quotes out.
    """
    quotes = {'"', options.quote} - {""}
    return any(quote in marker for marker in options.nulls for quote in quotes)


def markers_are_words(options: Csv) -> bool:
    """
    Tell whether no null marker could be read as a number or a boolean.

    Then the reader need not compare every field with the markers: text is compared
    afterwards, and a marker where a number is expected makes a strict read fail.
    """
    words = {word.lower() for word in (*options.true_values, *options.false_values)}
    return not any(
        marker.lower() in words or _is_number(marker)
        for marker in options.nulls
        if marker
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text.strip(" \t")
    return True
