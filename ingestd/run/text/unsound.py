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
    array: Bytes, table: Table, dialect: Dialect, rules: Rules, *, ended: bool
) -> Iterator[tuple[int, tuple[Reason, str]]]:
    """
    Yield the records of *table* that are not sound, the weightiest reason last.
    """
    wanted, records = rules.fields, ~table.skipped
    for index in np.flatnonzero((table.fields != wanted) & records).tolist():
        has = int(table.fields[index])
        reason = Reason.TOO_FEW_FIELDS if has < wanted else Reason.TOO_MANY_FIELDS
        yield index, (reason, f"{has} fields, expected {wanted}")
    if not ended and rules.whole_end and records[-1]:
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
    at, places = 0, []
    while True:
        try:
            text[at:].decode()
        except UnicodeDecodeError as error:
            places.append(at + error.start)
            at += error.end
        else:
            return np.array(places, np.intp)
