"""
The types of columns from a batch's values, strict enough that a second batch of the
same kind fits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ingestd.config import Csv, Pipeline
from ingestd.model import UNTYPED, Member
from ingestd.run.engines.polars.convert import converted
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.faults import Fault
from ingestd.run.header import Header, look
from ingestd.run.member_text import glimpse
from ingestd.run.text.emit import Plain, plain_for
from ingestd.run.text.sieve import Sieve
from ingestd.run.text.unsound import Rules

ALL_BYTES = 32 << 20
"""A batch up to here is looked at whole; of a larger one, heads and tails."""

MAX_FILES = 1000
"""Of more, these many are looked at, evenly spread."""

_INTEGER = r"^[+-]?(?:0|[1-9][0-9]*)$"
_FLOAT = (
    r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))$"
)
_PADDED = r"^[+-]?0[0-9]"
_FEW = 100
_SURE_DIGITS = 18
LEAST = 16 << 10
ORDER = (
    "bool",
    "int64",
    "float64",
    "date",
    "timestamp",
    "timestamp(ns)",
    "timestamp(tz)",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Whole records of a plain dialect, and the names of their fields.
    """

    text: bytes
    names: tuple[str, ...]
    plain: Plain


def pieces(
    pipeline: Pipeline, root: str, member: Member, share: int
) -> Iterator[Piece]:
    """
    Yield the head of *member*, and its tail if it is longer; sound records alone.
    """
    options = pipeline.csv
    seen = glimpse(root, member, share, options)
    if not seen.head:
        return
    head = seen.head if seen.whole else seen.head[: seen.head.rfind(b"\n") + 1]
    header = look(head, len(head), options)
    plain = plain_for(header.dialect, head, header.end, len(head))
    yield Piece(_sound(head, header, plain), header.names, plain)
    if seen.tail and header.dialect.plain:
        tail = seen.tail[seen.tail.find(b"\n") + 1 :]
        yield Piece(tail, header.names, plain)


def _sound(text: bytes, header: Header, plain: Plain) -> bytes:
    rules = Rules(len(header.names), limit=sys.maxsize)
    try:
        pieces = Sieve(header.dialect, plain, rules).pieces(text, header.end, len(text))
        return b"".join(pieces)
    except Fault:
        return b""


def narrow(misfits: dict[str, set[str]], piece: Piece, options: Csv) -> None:
    """
    Add to *misfits* the types that a value of *piece* rules out; a column without any
    value so far has an empty set.
    """
    frame = _frame(piece, options)
    if frame is None:
        return
    for name in piece.names:
        narrow_column(misfits[name], frame[name].drop_nulls(), options)


def narrow_column(misfits: set[str], values: pl.Series, options: Csv) -> None:
    """
    Add to *misfits* the types that one of *values*, text and no nulls, rules out.
    """
    # A few values rule out most types; only what is left is tried on all.
    for some in (values.head(_FEW), values) if len(values) else ():
        misfits.add("string")
        misfits |= {
            column_type
            for column_type in ORDER
            if column_type not in misfits and not _all_fit(some, column_type, options)
        }


def _frame(piece: Piece, options: Csv) -> pl.DataFrame | None:
    if not piece.text:
        return None
    settings = {**reader_options(options, piece.plain), "has_header": False}
    try:
        return pl.read_csv(
            piece.text,
            schema=dict.fromkeys(piece.names, pl.String()),
            truncate_ragged_lines=True,
            **settings,  # type: ignore[arg-type]
        )
    except pl.exceptions.PolarsError:
        # A tail may begin within quotes, and a bad file is judged when it is read.
        return None


def _all_fit(values: pl.Series, column_type: str, options: Csv) -> bool:
    if column_type in ("int64", "float64") and not _numbers(values, column_type):
        return False
    column = pl.col(values.name)
    # Nulls are gone already, and a value may be what marks none here.
    plain = options.model_copy(update={"nulls": ("",)})
    typed = converted(column, column_type, plain, strict=False)
    return values.to_frame().select(typed.is_not_null().all()).item() is True


def _numbers(values: pl.Series, column_type: str) -> bool:
    if values.str.contains(_PADDED).any():
        return False  # 007 is a code
    if column_type == "int64":
        return bool(values.str.contains(_INTEGER).all())
    long = values.filter(values.str.len_bytes() > _SURE_DIGITS)
    whole = long.filter(long.str.contains(_INTEGER))
    # As a float an integer beyond 64 bit would lose digits.
    exact = whole.cast(pl.Int64, strict=False).is_not_null().all()
    return bool(exact) and bool(values.str.contains(_FLOAT).all())


def narrowest(misfits: set[str]) -> str:
    """
    Return the narrowest type that *misfits* leaves; UNTYPED where no value was seen.
    """
    if not misfits:
        return UNTYPED
    return next((t for t in ORDER if t not in misfits), "string")
