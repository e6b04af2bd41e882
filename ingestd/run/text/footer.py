"""
Where a text ends when its last lines are none of its records.
"""

from __future__ import annotations

import os

from ingestd.run.text.dialect import NEWLINE, RETURN

_PIECE = 64 << 10


def without_footer(
    source: int | bytes, start: int, stop: int, skip: int, *, returns: bool = False
) -> int:
    """
    Return where the last *skip* lines of bytes [start, stop) begin; blank lines are not
    counted. *returns*: a CR alone ends a line too.
    """
    end = stop
    while skip and end > start:
        # The line's own end is none of a line before it.
        tail = _read(source, max(start, end - 2), end)
        text = end - len(tail) + len(tail.removesuffix(NEWLINE).removesuffix(RETURN))
        end = _line_start(source, start, text, returns=returns)
        skip -= end < text
    return end


def _line_start(source: int | bytes, start: int, end: int, *, returns: bool) -> int:
    """
    Return where the line begins that ends at *end*.
    """
    at = end
    while at > start:
        begin = max(start, at - _PIECE)
        piece = _read(source, begin, at)
        place = piece.rfind(NEWLINE)
        if returns:
            place = max(place, piece.rfind(RETURN))
        if place >= 0:
            return begin + place + 1
        at = begin
    return start


def _read(source: int | bytes, begin: int, end: int) -> bytes:
    if isinstance(source, bytes):
        return source[begin:end]
    return os.pread(source, end - begin, begin)
