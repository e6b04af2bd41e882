"""
Decimals as whole numbers of their last digit, in 128 bits.

Polars' own arithmetic of decimals raises where a result has too many digits, and one
row would end the pass. Here such a result is null.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from ingestd.run.transform.types import MAX_DIGITS

WHOLE = pl.Int128()


def units(value: pl.Expr) -> pl.Expr:
    """
    Return the decimals of *value* in units of their last digit.
    """
    return value.to_physical()


def from_units(value: pl.Expr, precision: int, scale: int) -> pl.Expr:
    """
    Return units as a decimal; null where it has more than *precision* digits.
    """
    held = bounded(value, precision)
    whole = held.cast(pl.Decimal(MAX_DIGITS, 0), strict=False)
    if scale:
        # Times 0.01 and the like: the digits stay, the point moves.
        last = pl.lit(Decimal(1).scaleb(-scale), dtype=pl.Decimal(MAX_DIGITS, scale))
        whole = whole * last
    return whole.cast(pl.Decimal(precision, scale), strict=False)


def bounded(value: pl.Expr, precision: int) -> pl.Expr:
    """
    Return whole numbers, null where one has more than *precision* digits.
    """
    limit = number(10**precision)
    return pl.when((value > 0 - limit) & (value < limit)).then(value)


def number(value: int) -> pl.Expr:
    """
    Return *value* as a constant of 128 bits.
    """
    return pl.lit(value, dtype=WHOLE)


def raised(value: pl.Expr, places: int) -> pl.Expr:
    """
    Return *value* times 10 to the power of *places*, null where that is too large.
    """
    if not places:
        return value
    return bounded(value, MAX_DIGITS - places) * number(10**places)


def lowered(value: pl.Expr, places: int) -> pl.Expr:
    """
    Return *value* by 10 to the power of *places*, rounded half away from zero.
    """
    if not places:
        return value
    if places > MAX_DIGITS:
        return value * number(0)
    unit = 10**places
    # Quotient and rest, for half of a unit more may not fit into 128 bits.
    size = value.abs()
    rest = size % number(unit)
    up = (rest >= number(unit // 2)).cast(WHOLE)
    return signed(size // number(unit) + up, value < number(0))


def signed(size: pl.Expr, negative: pl.Expr) -> pl.Expr:
    """
    Return *size*, below zero where *negative*.
    """
    return pl.when(negative).then(0 - size).otherwise(size)
