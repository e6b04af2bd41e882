"""
Our own count of a CSV's records and fields, independent of the parser's.

Polars pads short rows, drops the surplus fields of long ones when it parses only some
columns, and gives a row of nulls for a blank line, so what it returns is believed only
where this count agrees. Two speeds: a count of newlines and delimiters over blocks that
stay in cache, for files without any quote; and a scan that knows quotes, looks at each
record, and says where the first fault is.
"""

from __future__ import annotations

import numpy as np

from ingestd.run.blocks import BLOCK, NEWLINE, Blocks, Count, Shape
from ingestd.run.exact import exact_count

__all__ = ["Count", "Shape", "count", "exact_count"]


def count(content: int | bytes, shape: Shape, start: int = 0) -> Count:
    """
    Count the records of *content* from offset *start*, as cheaply as is exact enough.

    Returns an exact count where a quote was found, the sum of fields is wrong, or a
    record has one field (an empty line and an empty field would look the same).
    """
    if shape.fields > 1:
        fast = _sums(content, shape, start)
        if fast is not None and (fast.nul >= 0 or fast.long_line >= 0):
            return fast
        if fast is not None and fast.delimiters == (shape.fields - 1) * fast.records:
            return fast
    return exact_count(content, shape, start)


def _sums(content: int | bytes, shape: Shape, start: int) -> Count | None:
    """
    Count newlines and delimiters; None when the content holds a quote.
    """
    tally = Count()
    delimiter, quote = shape.delimiter[0], shape.quote
    carried, end = 0, b""
    size = min(BLOCK, shape.max_line_bytes)
    for at, buffer, array in Blocks(content, start, size):
        if quote and buffer.find(quote) >= 0:
            return None
        nul = buffer.find(0)
        if nul >= 0:
            tally.nul = at + nul
            return tally
        tally.records += int(np.count_nonzero(array == NEWLINE))
        tally.delimiters += int(np.count_nonzero(array == delimiter))
        # A block is no longer than the longest line allowed, so a longer one must
        # cross a border: only first and last newline matter.
        first = buffer.find(NEWLINE)
        if carried + (first if first >= 0 else len(buffer)) > shape.max_line_bytes:
            tally.long_line = at - carried
            return tally
        last = buffer.rfind(NEWLINE)
        carried = len(buffer) - last - 1 if last >= 0 else carried + len(buffer)
        end = bytes(buffer[-1:])
    tally.final_newline = end in (b"\n", b"")
    tally.records += not tally.final_newline
    return tally
