"""
Timestamps from text that counts since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import polars as pl

from ingestd.config.formats import FIXED_DIGITS, MOST_DIGITS, pieces
from ingestd.run.engines.polars.convert.moments import in_utc
from ingestd.run.engines.polars.convert.numbers import literal

_WHOLE = "-?(?:0|[1-9][0-9]{0,18})"
_FIRST_SECOND, _END = -62_135_596_800, 253_402_300_800
"""Of the years 0001 and 10000."""


def since_1970(text: pl.Expr, column_type: str, form: str) -> pl.Expr:
    """
    Return *text* in *form* (``%s`` and what may follow it) as timestamps, null where it
    is none.

    Digits are moved, never multiplied: no count passes through a float.
    """
    most = MOST_DIGITS[column_type]
    _, *rest = pieces(form)
    if len(rest) > 1:
        mark, fraction = rest[0].text, rest[1].directive
        count = str(FIXED_DIGITS.get(fraction) or f"1,{most}")
        groups = text.str.extract_groups(
            f"^({_WHOLE}){literal(mark)}([0-9]{{{count}}})$"
        ).struct
        digits = pl.concat_str(
            groups.field("1"), groups.field("2").str.pad_end(most, "0")
        )
    else:
        known = FIXED_DIGITS[rest[0].directive] if rest else 0
        fits = text.str.contains(f"^{_WHOLE}$")
        digits = pl.when(fits).then(pl.concat_str(text, pl.lit("0" * (most - known))))
    moment = digits.cast(pl.Int64, strict=False)
    if column_type == "timestamp(ns)":
        return moment.cast(pl.Datetime("ns"))
    first, end = _FIRST_SECOND * 10**most, _END * 10**most
    moment = pl.when(moment.is_between(first, end, closed="left")).then(moment)
    return in_utc(moment.cast(pl.Datetime("us")), column_type)
