"""
How many records a text of a plain dialect holds, and whether all of them are sound.

Two speeds: sums of newlines and delimiters over blocks that stay in cache, for text
without any quote; and the scan of records. Polars pads short rows, drops the surplus
fields of long ones when it parses only some columns, and gives a row of nulls for a
blank line, so what it returns is believed only where this count agrees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestd.run.text.blocks import BLOCK, blocks, line_start
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.octets import CR, LF, Bytes
from ingestd.run.text.records import table_of
from ingestd.run.text.window import Window


@dataclass(frozen=True, slots=True)
class Count:
    """
    *records* after the header, none of them skipped. *clean*: each has the expected
    fields, there are no blank lines or comments, and nothing that Polars would alter.
    Where it is not, *records* says nothing. *exact*: each record was looked at, not
    only their sum. *stop* is where the next record begins, and *lines* how many end
    before it.
    """

    records: int = 0
    stop: int = 0
    lines: int = 0
    clean: bool = True
    exact: bool = False


DIRTY = Count(clean=False)
_BLANKS = (b" ", b"\t", b"\r", b"\n")
_BEGUN = tuple(b"\n" + blank for blank in _BLANKS)
"""Without these each line begins with more than a blank."""
_FILLED = ~np.isin(np.arange(256), list(b" \t\r\n"))


def count(
    source: int | bytes,
    start: int,
    stop: int,
    dialect: Dialect,
    fields: int,
    *,
    exact: bool = False,
    until: int | None = None,
) -> Count:
    """
    Count the records of bytes [start, stop) of *source*, as cheaply as is sure; with
    *until* those that begin before it.

    *exact* looks at every record. Of a record of one field a blank line is told only
    that way.
    """
    last = stop if until is None else min(until, stop)
    if start >= last:
        return Count(stop=start, exact=True)
    if fields > 1 and not exact:
        found = _sums(source, start, line_start(source, last, stop), dialect, fields)
        if found is not None:
            return found
    return _looked_at(source, start, stop, dialect, fields, last)


def _sums(
    source: int | bytes, start: int, stop: int, dialect: Dialect, fields: int
) -> Count | None:
    """
    Count newlines and delimiters; None where that is not enough.
    """
    delimiter, longest = dialect.delimiter[0], dialect.max_line_bytes
    marks = [mark for mark in (dialect.quote, dialect.comment) if mark]
    records, delimiters, carried, ended, returned = 0, 0, 0, True, False
    for text in blocks(source, start, stop, min(BLOCK, longest)):
        if any(text.find(mark) >= 0 for mark in marks):
            return None
        if text.find(0) >= 0:
            return DIRTY
        array = np.frombuffer(text, np.uint8)
        if text.find(CR) >= 0 and _misread(array, delimiter, returned=returned):
            return DIRTY
        returned = text[-1] == CR
        records += int(np.count_nonzero(array == LF))
        delimiters += int(np.count_nonzero(array == delimiter))
        # A block is no longer than the longest line allowed, so a longer one must
        # cross a border: only first and last newline matter.
        first, last = text.find(b"\n"), text.rfind(b"\n")
        if carried + (first if first >= 0 else len(text)) > longest:
            return DIRTY
        carried = len(text) - last - 1 if last >= 0 else carried + len(text)
        ended = last == len(text) - 1
    records += not ended
    if delimiters != (fields - 1) * records:
        return None
    return Count(records, stop, records - (not ended))


def _misread(array: Bytes, delimiter: int, *, returned: bool = False) -> bool:
    """
    Tell whether a CR may end a bare field that is not the last: Polars takes it off.
    *returned*: there is a CR in front of *array*.
    """
    if returned and array[0] == delimiter:
        return True
    return bool(((array[:-1] == CR) & (array[1:] == delimiter)).any())


def _looked_at(
    source: int | bytes,
    start: int,
    stop: int,
    dialect: Dialect,
    fields: int,
    until: int,
) -> Count:
    records, lines = 0, 0
    window = Window(source, start, stop)
    while window.at < until and len(array := window.array):
        table = table_of(array, dialect, fields, final=window.final)
        table = table.before(until - window.at)
        sizes = table.ends - table.starts
        if (
            table.alone
            or table.skipped.any()
            or (table.fields != fields).any()
            or (len(sizes) and int(sizes.max()) > dialect.max_line_bytes)
            or bool((array[: table.used] == 0).any())
            or _misread(array[: table.used], dialect.delimiter[0])
        ):
            return DIRTY
        records += len(table.starts)
        lines += int(np.count_nonzero(array[: table.used] == LF))
        if table.used:
            window.move(table.used)
        elif len(array) > 2 * dialect.max_line_bytes:
            return DIRTY
        else:
            window.grow()
    return Count(records, window.at, lines, exact=True)


def filled_lines(text: bytes) -> int:
    """
    Count the lines of *text* that hold more than blanks.
    """
    if not text.startswith(_BLANKS) and not any(mark in text for mark in _BEGUN):
        return text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
    array = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(array == LF)
    filled = _FILLED[array]
    starts = np.append(0, ends + 1)
    starts = starts[starts < len(array)]
    if not len(starts):
        return 0
    return int(np.count_nonzero(np.logical_or.reduceat(filled, starts)))
