"""
Text. Positions and lengths are those of characters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import polars as pl

from ingestd.run.engines.polars.expression.outcome import (
    Compiler,
    Result,
    failing,
    sure,
)
from ingestd.run.transform.pattern import Any, like, quoted
from ingestd.run.transform.tree import Call, Op

_FURTHEST = 2**32


def _lower(_: Call, args: Sequence[pl.Expr]) -> Result:
    return sure(args[0].str.to_lowercase())


def _upper(_: Call, args: Sequence[pl.Expr]) -> Result:
    return sure(args[0].str.to_uppercase())


def _trim(call: Call, args: Sequence[pl.Expr]) -> Result:
    value, characters = args[0], str(call.given[0])
    strips: dict[Op, Callable[[str], pl.Expr]] = {
        Op.TRIM: value.str.strip_chars,
        Op.LTRIM: value.str.strip_chars_start,
        Op.RTRIM: value.str.strip_chars_end,
    }
    return sure(strips[call.op](characters) if characters else value)


def _substr(_: Call, args: Sequence[pl.Expr]) -> Result:
    """
    Cut a text: a start below zero counts from the end, a length below zero goes back.
    """
    text, start = args[0], _near(args[1])
    size = text.str.len_chars().cast(pl.Int64)
    begin = pl.when(start < 0).then(size + start).otherwise(start - 1)
    if len(args) == len(("text", "start")):
        return failing(_between(text, begin, size, size))
    end = begin + _near(args[2])
    first, last = pl.min_horizontal(begin, end), pl.max_horizontal(begin, end)
    known = begin.is_not_null() & end.is_not_null()
    return failing(pl.when(known).then(_between(text, first, last, size)))


def _near(value: pl.Expr) -> pl.Expr:
    """
    Return a position or length, null where it is further than DuckDB allows.
    """
    return pl.when((value >= -_FURTHEST) & (value < _FURTHEST)).then(value)


def _between(text: pl.Expr, begin: pl.Expr, end: pl.Expr, size: pl.Expr) -> pl.Expr:
    first = pl.max_horizontal(begin, pl.lit(0, dtype=pl.Int64))
    last = pl.min_horizontal(end, size)
    length = pl.max_horizontal(last - first, pl.lit(0, dtype=pl.Int64))
    return pl.when(begin.is_not_null()).then(text.str.slice(first, length))


def _replace(call: Call, args: Sequence[pl.Expr]) -> Result:
    what, by = str(call.given[0]), str(call.given[1])
    value = args[0]
    if not what:
        return sure(value)
    return sure(value.str.replace_all(what, by, literal=True))


def _concat(call: Call, args: Sequence[pl.Expr]) -> Result:
    ignored = call.op is Op.CONCAT
    return sure(pl.concat_str(list(args), ignore_nulls=ignored))


def _like(call: Call, args: Sequence[pl.Expr]) -> Result:
    value = args[0]
    match like(str(call.given[0]), str(call.given[1])):
        case []:
            found = value == ""
        case [str() as text]:
            found = value == text
        case [str() as text, Any(many=True)]:
            found = value.str.starts_with(text)
        case [Any(many=True), str() as text]:
            found = value.str.ends_with(text)
        case [Any(many=True), str() as text, Any(many=True)]:
            found = value.str.contains(text, literal=True)
        case pieces:
            pattern = "".join(_piece(piece) for piece in pieces)
            found = value.str.contains(rf"(?s)\A{pattern}\z")
    return sure(found)


def _piece(piece: str | Any) -> str:
    if isinstance(piece, str):
        return quoted(piece)
    return ".*" if piece.many else "."


def _matches(call: Call, args: Sequence[pl.Expr]) -> Result:
    return sure(args[0].str.contains(str(call.given[0])))


TEXT: Final[dict[Op, Compiler]] = {
    Op.LOWER: _lower,
    Op.UPPER: _upper,
    Op.TRIM: _trim,
    Op.LTRIM: _trim,
    Op.RTRIM: _trim,
    Op.SUBSTR: _substr,
    Op.REPLACE: _replace,
    Op.CONCAT: _concat,
    Op.JOIN: _concat,
    Op.LIKE: _like,
    Op.MATCHES: _matches,
}
