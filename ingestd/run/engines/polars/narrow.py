"""
The narrowest type that takes every value of a column, as far as it was looked at.

Nothing may be lost by it: a code with zeros in front stays text, and so does an integer
of more than 64 bit, or one that a float would round; text takes the next one too.
"""

from __future__ import annotations

import polars as pl

from ingestd.config import Csv
from ingestd.config.formats import is_epoch
from ingestd.run.engines.polars.convert import NULL, misfit, notation

TEXT = "string"
_INTEGER = r"^[+-]?(?:0|[1-9][0-9]*)$"
_FLOAT = (
    r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))$"
)
_PADDED = r"^[+-]?0[0-9]"
_FEW = 100
_NUMBERS = ("int64", "float64")
_TIMESTAMPS = ("timestamp", "timestamp(ns)", "timestamp(tz)")
# Formats of digits alone come before numbers: they were declared.
_ORDER = ("bool", "date", *_TIMESTAMPS, *_NUMBERS)


class Narrowing:
    """
    What is known of the columns *names*: which types a value has ruled out.
    """

    def __init__(self, names: tuple[str, ...], options: Csv) -> None:
        self._options, self._order = _without_counts(options)
        self._nulls = list(options.nulls)
        self._misfits: dict[str, set[str]] = {name: set() for name in names}

    def look(self, frame: pl.DataFrame) -> None:
        """
        Look at the values of *frame*, which are text.
        """
        for name, misfits in self._misfits.items():
            values = frame[name].drop_nulls()
            values = values.filter(~values.is_in(self._nulls))
            # A few values rule out most types; only what is left is tried on all.
            for some in (values.head(_FEW), values) if len(values) else ():
                misfits |= {TEXT, *self._misfits_of(some, misfits)}

    def narrowest(self) -> tuple[tuple[str, str], ...]:
        """
        Return each column with its type: ``null`` where no value was seen.
        """
        return tuple(
            (name, self._narrowest(misfits)) for name, misfits in self._misfits.items()
        )

    def _narrowest(self, misfits: set[str]) -> str:
        if not misfits:
            return NULL
        return next((kind for kind in self._order if kind not in misfits), TEXT)

    def _misfits_of(self, values: pl.Series, known: set[str]) -> set[str]:
        return {
            column_type
            for column_type in self._order
            if column_type not in known and not self._all_fit(values, column_type)
        }

    def _all_fit(self, values: pl.Series, column_type: str) -> bool:
        if column_type in _NUMBERS and not self._keep_all(values, column_type):
            return False
        bad = misfit(pl.col(values.name), column_type, self._options)
        return not values.to_frame().select(bad.any()).item()

    def _keep_all(self, values: pl.Series, column_type: str) -> bool:
        """
        Tell whether no value loses anything as a number of *column_type*.
        """
        bare = notation(pl.col(values.name), column_type, self._options)
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
    order: tuple[str, ...] = _ORDER
    if formats and not kept:
        order = tuple(kind for kind in _ORDER if kind not in _TIMESTAMPS)
    update = {"nulls": (), "timestamp_formats": kept}
    return options.model_copy(update=update), order
