"""
Filling buffers from shares of files, for the threads that load.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ingestd.run.engines.cudf.device import Share, Unfit, Why


def pieces(shares: Sequence[Share], most: int) -> Iterator[tuple[int, list[Share]]]:
    """
    Yield *shares* as pieces of up to *most* bytes, each with its offset in the whole.
    """
    at, piece, size = 0, list[Share](), 0
    for share in shares:
        start = share.start
        while start < share.stop:
            step = min(share.stop - start, most - size)
            piece.append(Share(share.source, start, start + step))
            start, size = start + step, size + step
            if size == most:
                yield at, piece
                at, piece, size = at + size, [], 0
    if piece:
        yield at, piece


def fill(target: memoryview, shares: Sequence[Share]) -> int:
    """
    Copy *shares* to *target*, one behind the other; return the bytes copied.

    Raises Unfit where a file ends before its share does.
    """
    at = 0
    for share in shares:
        if isinstance(share.source, int):
            _read(share.source, target[at : at + share.size], share.start)
        else:
            target[at : at + share.size] = share.source[share.start : share.stop]
        at += share.size
    return at


def _read(fd: int, target: memoryview, start: int) -> None:
    done = 0
    while done < len(target):
        count = os.preadv(fd, [target[done:]], start + done)
        if not count:
            raise Unfit(Why.SOURCE, "a file is shorter than when it was opened")
        done += count
