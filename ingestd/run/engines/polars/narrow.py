"""
The narrowest type that takes every value of a column, as far as it was looked at.

Nothing may be lost by it: a code with zeros in front stays text, and so does an integer
of more than 64 bit, or one that a float would round; text takes the next one too.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ingestd.config import Csv
from ingestd.config.formats import is_epoch
from ingestd.model import UNTYPED
from ingestd.run.engines.polars.convert import misfit, notation

_INTEGER = r"^[+-]?(?:0|[1-9][0-9]*)$"
_FLOAT = (
    r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))$"
)
_PADDED = r"^[+-]?0[0-9]"
_FEW = 100
_COLUMN, _VALUE = "column", "value"
_TEXT = "string"
NUMBERS = ("int64", "float64")
_TIMESTAMPS = ("timestamp", "timestamp(ns)", "timestamp(tz)")
# Formats of digits alone come before numbers: they were declared.
ORDER = ("bool", "date", *_TIMESTAMPS, *NUMBERS)
"""The types that are looked for, the narrowest first."""


def narrow_column(misfits: set[str], values: pl.Series, options: Csv) -> None:
    """
    Add to *misfits* the types that one of *values*, which are text, rules out; nulls
    rule out none.
    """
    narrow_columns({values.name: misfits}, values.to_frame(), options)


def narrow_columns(
    misfits: Mapping[str, set[str]], frame: pl.DataFrame, options: Csv
) -> None:
    """
    Add to the *misfits* of each column of *frame* the types that one of its values,
    which are text, rules out.

    All columns are tried in one query: what a query costs by itself, a wide file would
    pay for each of its columns.
    """
    nulls = list(options.nulls)
    options, candidates = _without_counts(options)
    ruled_out = {_TEXT, *(kind for kind in ORDER if kind not in candidates)}
    named = [name for name in frame.columns if not misfits[name] >= {_TEXT, *ORDER}]
    seen = frame.select(_is_value(pl.col(name), nulls).any() for name in named)
    for name in seen.columns:
        misfits[name] |= ruled_out if seen[name].item() else set()
    # A few values rule out most types; only what is left is tried on all.
    few = _few(frame.select(named), nulls)
    for kind in candidates:
        unfit = few.filter(_unfit(pl.col(_VALUE), kind, options))
        for number in unfit[_COLUMN].unique():
            misfits[named[number]].add(kind)
    if frame.height <= _FEW:
        return
    left = [(name, k) for name in named for k in candidates if k not in misfits[name]]
    wrong = frame.select(
        (_is_value(pl.col(name), nulls) & _unfit(pl.col(name), kind, options))
        .any()
        .alias(str(number))
        for number, (name, kind) in enumerate(left)
    )
    for (name, kind), any_wrong in zip(left, wrong.row(0) if left else (), strict=True):
        misfits[name] |= {kind} if any_wrong else set()


def _few(frame: pl.DataFrame, nulls: list[str]) -> pl.DataFrame:
    """
    Return the first values of all columns, each beside its column's number.
    """
    few = frame.head(_FEW)
    # Names may be any, also those that are given here.
    few.columns = [str(number) for number in range(few.width)]
    few = few.unpivot(variable_name=_COLUMN, value_name=_VALUE)
    few = few.cast({_COLUMN: pl.Int64(), _VALUE: pl.String()})
    return few.filter(_is_value(pl.col(_VALUE), nulls))


def _is_value(text: pl.Expr, nulls: list[str]) -> pl.Expr:
    return text.is_not_null() & ~text.is_in(nulls)


def narrowest(misfits: set[str]) -> str:
    """
    Return the first type that is not among *misfits*; UNTYPED if no value was seen.
    """
    if not misfits:
        return UNTYPED
    return next((kind for kind in ORDER if kind not in misfits), _TEXT)


def _unfit(text: pl.Expr, column_type: str, options: Csv) -> pl.Expr:
    """
    Tell which of *text* are none of *column_type*, or would lose something as such.
    """
    bad = misfit(text, column_type, options)
    return bad | _loses(text, column_type, options) if column_type in NUMBERS else bad


def _loses(text: pl.Expr, column_type: str, options: Csv) -> pl.Expr:
    """
    Tell which of *text* lose something as numbers of *column_type*.
    """
    plain = notation(text, column_type, options)
    integer = plain.str.contains(_INTEGER)
    padded = plain.str.contains(_PADDED)  # 007 is a code
    if column_type == "int64":
        return (padded | ~integer).fill_null(value=True)
    whole = plain.cast(pl.Int64, strict=False)
    back = whole.cast(pl.Float64).cast(pl.Int64, strict=False)
    rounded = integer & ~(whole == back).fill_null(value=False)
    return (padded | rounded | ~plain.str.contains(_FLOAT)).fill_null(value=True)


def _without_counts(options: Csv) -> tuple[Csv, tuple[str, ...]]:
    """
    Return *options* as inference takes them, and the types that may be inferred.

    No nulls: they are gone before. No counts since 1970: any integer might be one.
    """
    formats = options.timestamp_formats
    kept = tuple(form for form in formats if not is_epoch(form))
    none = _TIMESTAMPS if formats and not kept else ()
    update = {"nulls": (), "timestamp_formats": kept}
    candidates = tuple(kind for kind in ORDER if kind not in none)
    return options.model_copy(update=update), candidates
