"""
What is wrong with records, looked at all at once; their values are another matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingestd.errors import Reason
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.octets import Bytes, Positions
from ingestd.run.text.records import Table

_ESCAPED = (0xDC80, 0xDCFF)
"""What Python makes of bytes that are no UTF-8; text itself cannot have these."""
_LONGER = (0x80, 0x800, 0x10000)
"""From these code points on UTF-8 takes one byte more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What is sound: *fields* per record, and how many records may be set aside (*limit*;
    the next one raises). *whole_end*: a last record without a line end is set aside.
    *nulls*: a value that is no value of its type becomes *null_text*, and missing
    fields become null, instead.
    """

    fields: int
    limit: int
    whole_end: bool = False
    nulls: bool = False
    null_text: bytes = b""


def unsound(
    array: Bytes, table: Table, dialect: Dialect, rules: Rules
) -> Iterator[tuple[int, tuple[Reason, str]]]:
    """
    Yield the records of *table* that are not sound, the weightiest reason last.
    """
    wanted, records = rules.fields, ~table.skipped
    for index in np.flatnonzero((table.fields != wanted) & records).tolist():
        has = int(table.fields[index])
        reason = Reason.TOO_FEW_FIELDS if has < wanted else Reason.TOO_MANY_FIELDS
        yield index, (reason, f"{has} fields, expected {wanted}")
    if not table.ended and rules.whole_end and records[-1]:
        detail = "the last record has no newline: was it cut?"
        yield len(records) - 1, (Reason.NO_FINAL_NEWLINE, detail)
    sizes = table.ends - table.starts
    for index in np.flatnonzero((sizes > dialect.max_line_bytes) & records).tolist():
        detail = f"{int(sizes[index])} bytes, expected at most {dialect.max_line_bytes}"
        yield index, (Reason.LINE_TOO_LONG, detail)
    used = array[: table.used]
    for index in _holding(np.flatnonzero(used == 0), table):
        if records[index]:
            yield index, (Reason.NUL_BYTE, "a NUL byte")
    for index in _holding(_no_text(used.tobytes()), table):
        if records[index]:
            yield index, (Reason.BAD_ENCODING, "bytes that are no text")


def _holding(places: Positions, table: Table) -> list[int]:
    found = np.searchsorted(table.starts, places, side="right") - 1
    return [int(index) for index in np.unique(found)]


def _no_text(text: bytes) -> Positions:
    """
    Return where *text* is no UTF-8.
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        said = text.decode("utf-8", "surrogateescape")
    else:
        return np.zeros(0, np.intp)
    codes = np.frombuffer(said.encode("utf-32-le", "surrogatepass"), np.uint32)
    bad = (codes >= _ESCAPED[0]) & (codes <= _ESCAPED[1])
    sizes = np.ones(len(codes), np.intp)
    for least in _LONGER:
        sizes += codes >= least
    sizes[bad] = 1
    return np.asarray(np.cumsum(sizes)[bad] - 1, np.intp)
