"""
Numbers from text: integers, floats, decimals, with any decimal and thousands mark.

An integer or float may have blanks in front, because the CSV reader skips them where it
parses numbers by itself, and one text must not mean two things. Digits are those of
ASCII; a number has its groups of three everywhere or nowhere. As IEEE 754 has it, 1e400
is inf.
"""

from __future__ import annotations

import polars as pl

from ingestd.config import Csv
from ingestd.config.values import INTEGERS
from ingestd.run.engines.polars.convert.kinds import (
    NUMBERS,
    data_type,
    is_plain,
    precision_and_scale,
)

BLANKS = " \t"
_SIGN = "[+-]?"
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
_WORDS = "(?i:inf|infinity|nan)"


def number(text: pl.Expr, column_type: str, options: Csv) -> pl.Expr:
    """
    Return *text* as numbers of *column_type*, null where it is none.
    """
    bare = notation(text.str.strip_chars_start(BLANKS), column_type, options)
    return bare.cast(NUMBERS[column_type], strict=False)


def notation(text: pl.Expr, column_type: str, options: Csv) -> pl.Expr:
    """
    Return *text* in plain notation, without groups and with a point; null where the
    marks of *options* are not where they belong.
    """
    if is_plain(column_type, options):
        return text
    whole, mark = _whole(options), literal(options.decimal)
    if column_type in INTEGERS:
        form = whole
    else:
        form = f"(?:(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+){_EXPONENT}|{_WORDS})"
    return _bare(text, f"^{_SIGN}{form}$", options)


def decimal(text: pl.Expr, column_type: str, options: Csv) -> pl.Expr:
    """
    Return *text* as exact decimals, null where it is none or a digit would be lost.
    """
    _, scale = precision_and_scale(column_type)
    whole, mark = _whole(options), literal(options.decimal)
    some = f"[0-9]{{1,{scale}}}0*" if scale else "0+"
    form = f"^{_SIGN}(?:{whole}(?:{mark}(?:{some})?)?|{mark}{some})$"
    return _bare(text, form, options).cast(data_type(column_type), strict=False)


def only_blanks(text: pl.Expr) -> pl.Expr:
    """
    Tell which of *text* consist of blanks alone: the CSV reader makes nulls of them
    where it parses numbers.
    """
    return text.str.strip_chars(BLANKS) == ""


def literal(text: str) -> str:
    """
    Return a regular expression for *text*.
    """
    return "".join(c if c.isalnum() else f"\\x{{{ord(c):x}}}" for c in text)


def _whole(options: Csv) -> str:
    if not options.thousands:
        return "[0-9]+"
    # A group never follows a leading zero: 0,123 is what others call 0.123.
    return f"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{literal(options.thousands)}[0-9]{{3}})+)"


def _bare(text: pl.Expr, form: str, options: Csv) -> pl.Expr:
    bare: pl.Expr = pl.when(text.str.contains(form)).then(text)
    if options.thousands:
        bare = bare.str.replace_all(options.thousands, "", literal=True)
    if options.decimal != ".":
        bare = bare.str.replace(options.decimal, ".", literal=True)
    return bare
