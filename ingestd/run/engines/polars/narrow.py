"""
The narrowest type that takes every value of a column, as far as it was looked at.

Nothing may be lost by it: a code with zeros in front stays text, and so does an integer
of more than 64 bit, or one that a float would round; text takes the next one too.
"""

from __future__ import annotations

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
_TEXT = "string"
_NUMBERS = ("int64", "float64")
_TIMESTAMPS = ("timestamp", "timestamp(ns)", "timestamp(tz)")
# Formats of digits alone come before numbers: they were declared.
ORDER = ("bool", "date", *_TIMESTAMPS, *_NUMBERS)
"""The types that are looked for, the narrowest first."""


def narrow_column(misfits: set[str], values: pl.Series, options: Csv) -> None:
    """
    Add to *misfits* the types that one of *values*, which are text, rules out; nulls
    rule out none.
    """
    values = values.drop_nulls()
    values = values.filter(~values.is_in(list(options.nulls)))
    options, candidates = _without_counts(options)
    # A few values rule out most types; only what is left is tried on all.
    for some in (values.head(_FEW), values) if len(values) else ():
        misfits |= {_TEXT, *(kind for kind in ORDER if kind not in candidates)}
        misfits |= {
            column_type
            for column_type in candidates
            if column_type not in misfits and not _all_fit(some, column_type, options)
        }


def narrowest(misfits: set[str]) -> str:
    """
    Return the first type that is not among *misfits*; UNTYPED if no value was seen.
    """
    if not misfits:
        return UNTYPED
    return next((kind for kind in ORDER if kind not in misfits), _TEXT)


def _all_fit(values: pl.Series, column_type: str, options: Csv) -> bool:
    if column_type in _NUMBERS and not _keep_all(values, column_type, options):
        return False
    bad = misfit(pl.col(values.name), column_type, options)
    return not values.to_frame().select(bad.any()).item()


def _keep_all(values: pl.Series, column_type: str, options: Csv) -> bool:
    """
    Tell whether no value loses anything as a number of *column_type*.
    """
    bare = notation(pl.col(values.name), column_type, options)
    plain = values.to_frame().select(bare).to_series()
    if plain.has_nulls() or plain.str.contains(_PADDED).any():
        return False  # 007 is a code
    if column_type == "int64":
        return bool(plain.str.contains(_INTEGER).all())
    whole = plain.filter(plain.str.contains(_INTEGER)).cast(pl.Int64, strict=False)
    back = whole.cast(pl.Float64).cast(pl.Int64, strict=False)
    exact = not whole.has_nulls() and (whole == back).fill_null(value=False).all()
    return bool(exact) and bool(plain.str.contains(_FLOAT).all())


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
