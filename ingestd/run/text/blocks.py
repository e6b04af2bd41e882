"""
The bytes of an open file or of a buffer, block by block.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

BLOCK = 128 << 10


def blocks(
    source: int | bytes, start: int, stop: int, size: int = BLOCK
) -> Iterator[bytes | bytearray]:
    """
    Yield bytes [start, stop) of *source*, *size* at a time; each is valid until the
    next one.

    A file is read into one buffer again and again: no page is faulted in twice.
    """
    if isinstance(source, bytes):
        for at in range(start, min(stop, len(source)), size):
            yield source[at : min(at + size, stop)]
        return
    buffer, at = bytearray(size), start
    while at < stop and (n := os.preadv(source, [buffer], at)):
        n = min(n, stop - at)
        yield buffer if n == size else buffer[:n]
        at += n


def line_start(source: int | bytes, at: int, stop: int) -> int:
    """
    Return where the first line begins at or behind offset *at*; *stop* if none does.
    """
    if at <= 0 or at >= stop:
        return min(max(at, 0), stop)
    behind = at - 1
    for text in blocks(source, behind, stop, BLOCK):
        found = text.find(b"\n")
        if found >= 0:
            return behind + found + 1
        behind += len(text)
    return stop
