"""
Timestamps from text that counts since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import polars as pl

from ingestd.config.formats import FIXED_DIGITS, MOST_DIGITS, pieces
from ingestd.run.engines.polars.convert.moments import in_utc
from ingestd.run.engines.polars.convert.numbers import literal

_WHOLE = "-?(?:0|[1-9][0-9]{0,18})"
_SECONDS = {6: (-62_135_596_800, 253_402_300_800), 9: (-9_214_560_000, 9_214_646_400)}
"""The first second of the years 0001 and 10000; of 1678 and 2262 in nanoseconds."""


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
        number = str(FIXED_DIGITS.get(fraction) or f"1,{most}")
        groups = text.str.extract_groups(
            f"^({_WHOLE}){literal(mark)}([0-9]{{{number}}})$"
        ).struct
        digits = pl.concat_str(
            groups.field("1"), groups.field("2").str.pad_end(most, "0")
        )
    else:
        known = FIXED_DIGITS[rest[0].directive] if rest else 0
        fits = text.str.contains(f"^{_WHOLE}$")
        digits = pl.when(fits).then(pl.concat_str(text, pl.lit("0" * (most - known))))
    count = digits.cast(pl.Int64, strict=False)
    first, end = (second * 10**most for second in _SECONDS[most])
    count = pl.when(count.is_between(first, end, closed="left")).then(count)
    nano = column_type == "timestamp(ns)"
    moment = count.cast(pl.Datetime("ns") if nano else pl.Datetime("us"))
    return in_utc(moment, column_type)
