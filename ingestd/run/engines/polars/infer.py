"""
A schema from the first batch, strict enough that a second one of the same kind fits.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from ingestd.config import Csv, Drift, Pipeline
from ingestd.errors import ConfigError, Quarantine, Reason
from ingestd.model import Member, Schema
from ingestd.run.content import source_head
from ingestd.run.engines.polars.convert import converted
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.faults import Fault
from ingestd.run.header import Header, fits, look

ALL_BYTES = 64 << 20
"""A batch up to here is looked at whole; of a larger one, heads and tails."""

UNPINNED = "string"
_INTEGER = r"^[+-]?(?:0|[1-9][0-9]*)$"
_FLOAT = (
    r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))$"
)
_PADDED = r"^[+-]?0[0-9]"
_ORDER = (
    "bool",
    "int64",
    "float64",
    "date",
    "timestamp",
    "timestamp(ns)",
    "timestamp(tz)",
)


def inferred(pipeline: Pipeline, root: str, members: tuple[Member, ...]) -> Schema:
    """
    Return the schema of *members*: the first readable header's columns, and for each
    the narrowest type that takes every value looked at.

    A column of which only nulls were seen is text.
    """
    if not pipeline.csv.header:
        raise ConfigError(["csv.header = false: expected the names in the schema"])
    share = max(64 << 10, ALL_BYTES // max(1, len(members)))
    names: tuple[str, ...] = ()
    fitting: dict[str, set[str]] = {}
    fault: Fault | None = None
    for member in members:
        try:
            for piece, header in _pieces(pipeline, root, member, share):
                if not names:
                    fits(header.names, header.names, Drift())
                    names = header.names
                    fitting = {name: set() for name in names}
                if set(header.names) == set(names):
                    _narrow(fitting, piece, header, pipeline.csv)
        except Fault as found:
            fault = fault or found
    if not names:
        raise _none_readable(fault)
    types = ((name, _narrowest(fitting[name])) for name in names)
    return Schema(tuple(types), source="inferred")


def _none_readable(fault: Fault | None) -> Quarantine:
    reason = fault.reason if fault and fault.reason else Reason.NO_HEADER
    detail = fault.detail if fault else "every file is empty"
    return Quarantine(reason, f"no schema can be inferred: {detail}")


def _pieces(
    pipeline: Pipeline, root: str, member: Member, share: int
) -> Iterator[tuple[bytes, Header]]:
    """
    Yield the head of *member*, and its tail if it is longer; whole records as far as
    newlines tell.
    """
    head, tail, size = source_head(root, member, share)
    if not head:
        return
    header = look(head, size, pipeline.csv, ())
    if len(head) < size:
        head = head[: head.rfind(b"\n") + 1]
    yield head[header.end :], header
    if tail:
        yield tail[tail.find(b"\n") + 1 :], header


def _narrow(
    fitting: dict[str, set[str]], piece: bytes, header: Header, options: Csv
) -> None:
    """
    Take from *fitting* what a value of *piece* does not allow: sets of types that fit
    none, so that an empty set still means "no value seen"; see ``_narrowest``.
    """
    frame = _frame(piece, header, options)
    if frame is None:
        return
    for name in header.names:
        values = frame[name].drop_nulls()
        if len(values):
            fitting[name].add("seen")
            fitting[name] |= {
                column_type
                for column_type in _ORDER
                if not _all_fit(values, column_type, options)
            }


def _frame(piece: bytes, header: Header, options: Csv) -> pl.DataFrame | None:
    settings = {**reader_options(options), "has_header": False}
    try:
        return pl.read_csv(
            piece,
            schema=dict.fromkeys(header.names, pl.String()),
            truncate_ragged_lines=True,
            **settings,  # type: ignore[arg-type]
        )
    except pl.exceptions.PolarsError:
        # A tail may begin within quotes, and a bad file is judged when it is read.
        return None


def _all_fit(values: pl.Series, column_type: str, options: Csv) -> bool:
    if column_type in ("int64", "float64"):
        if values.str.contains(_PADDED).any():
            return False  # 007 is a code, not a number
        pattern = _INTEGER if column_type == "int64" else _FLOAT
        if not values.str.contains(pattern).all():
            return False
    column = pl.col(values.name)
    plain = options.model_copy(update={"nulls": ("",)})
    typed = converted(column, column_type, plain, strict=False)
    return values.to_frame().select(typed.is_not_null().all()).item() is True


def _narrowest(misfits: set[str]) -> str:
    if not misfits:
        return UNPINNED
    return next((t for t in _ORDER if t not in misfits), "string")
