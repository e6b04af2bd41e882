"""
Where a text ends when its last lines are none of its records.
"""

from __future__ import annotations

import os

_PIECE = 64 << 10


def without_footer(source: int | bytes, start: int, stop: int, skip: int) -> int:
    """
    Return where the last *skip* lines of bytes [start, stop) begin; blank lines at the
    very end are not counted.
    """
    end = stop
    while skip and end > start:
        line = _line_start(source, start, end)
        if _read(source, line, end).strip(b"\r\n"):
            skip -= 1
        end = line
    return end


def _line_start(source: int | bytes, start: int, end: int) -> int:
    """
    Return where the last line of bytes [start, end) begins.
    """
    at = end
    # The line's own end is none of a line before it.
    if _read(source, max(start, end - 2), end) == b"\r\n":
        at = end - 2
    elif _read(source, end - 1, end) in (b"\n", b"\r"):
        at = end - 1
    while at > start:
        begin = max(start, at - _PIECE)
        piece = _read(source, begin, at)
        place = piece.rfind(b"\n")
        if place < 0:
            place = piece.rfind(b"\r")
        if place >= 0:
            return begin + place + 1
        at = begin
    return start


def _read(source: int | bytes, begin: int, end: int) -> bytes:
    if isinstance(source, bytes):
        return source[begin:end]
    return os.pread(source, end - begin, begin)
