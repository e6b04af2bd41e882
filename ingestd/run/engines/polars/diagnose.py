"""
Why one member cannot be read: the reason, and where.

Runs only on a file that has failed alone, so it may be slow.
"""

from __future__ import annotations

import codecs
from contextlib import ExitStack

import polars as pl

from ingestd.errors import Quarantine, Reason
from ingestd.run.blocks import Blocks
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import converted
from ingestd.run.engines.polars.read import scan, sources
from ingestd.run.faults import Fault

_SHOWN = 80
_ROW = "ingestd:row"


def diagnose(plan: Plan, content: Content, error: Exception) -> Fault:
    """
    Return what is wrong with *content*, whose reading alone ended with *error*.
    """
    try:
        content.unchanged()
        content.recount(plan)
        _is_utf8(content)
        if isinstance(error, Quarantine):
            return Fault(error.reason, str(error.args[0]))
        _values_fit(plan, content)
    except Fault as fault:
        return fault
    if isinstance(error, pl.exceptions.PolarsError):
        said = str(error).splitlines()[0]
        if "overflow in decimal" in said:
            return Fault(Reason.INTEGER_OVERFLOW, "a decimal sum exceeds 38 digits")
        return Fault(Reason.UNREADABLE, f"the parser refuses it: {said}")
    return Fault(Reason.ROW_COUNT, str(error))


def _is_utf8(content: Content) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    source = content.fd if content.data is None else content.data
    at, waiting = 0, 0
    try:
        for at, piece, _ in Blocks(source, content.header.start):  # noqa: B007 - told below
            waiting = len(decoder.getstate()[0])
            decoder.decode(bytes(piece))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        offset = at - waiting + error.start
        raise Fault(Reason.BAD_ENCODING, f"no UTF-8 at offset {offset}") from error


def _values_fit(plan: Plan, content: Content) -> None:
    """
    Find the first value, column by column, that is none of its column's type.
    """
    types = content.layout.stored(plan.schema)
    with ExitStack() as stack:
        paths = sources([content], plan, stack)
        frame = scan(paths, content.layout, plan, text=True).with_row_index(_ROW)
        for name in content.names:
            text = pl.col(name)
            typed = converted(text, types[name], plan.pipeline.csv, strict=False)
            bad = frame.filter(text.is_not_null() & typed.is_null())
            try:
                first = bad.select(_ROW, name).head(1).collect(engine="streaming")
            except pl.exceptions.PolarsError:
                continue
            if len(first):
                row, value = first.row(0)
                shown = repr(value[:_SHOWN])
                detail = (
                    f"record {row + 1}, column {name!r}: {shown} is no {types[name]}"
                )
                raise Fault(Reason.BAD_VALUE, detail)
