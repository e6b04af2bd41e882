"""
What is taken of a growing file now: whole records, in pieces of a bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ingestd.discover.tail.sight import Opened
from ingestd.ends import END_BYTES, ends
from ingestd.growing import Borders, Growing, Grown, Piece, Whole

WINDOW_BYTES = 8 << 20
PIECE_BYTES = 64 << 20


def take(
    found: Opened,
    one: Growing,
    borders: Borders,
    known: bytes | None,
    *,
    final: bool,
    most: int,
) -> Grown:
    """
    Take what is whole of the open file of *one*, at least one piece if there is any,
    and no more when it is *most* bytes.

    *known* is the header that files of its name had before; *final*: nothing more will
    be written to it.
    """
    one = replace(one, size=found.sight.size)
    if not one.end:
        data = found.read(0, END_BYTES)
        begun = borders.begin(data, known, final=final) if data else None
        if begun is None:
            return Grown(one)
        one = replace(one, header=begun.header, end=begun.start, lines=begun.lines)
    pieces: list[Piece] = []
    end, records, lines = one.end, one.records, one.lines
    while end - one.end < most:
        whole = _whole(found, end, borders, final=final)
        if not whole.size:
            break
        head, tail = ends(found.fd, end, whole.size)
        mtime = found.sight.mtime_ns
        pieces.append(Piece(end, whole.size, mtime, head, tail, records, lines))
        end, records = end + whole.size, records + whole.records
        lines += whole.lines
    head, tail = ends(found.fd, 0, end)
    # It may have grown since it was opened.
    size = max(one.size, end)
    one = replace(one, size=size, end=end, records=records, lines=lines)
    one = replace(one, head=head, tail=tail)
    return Grown(one, tuple(pieces))


def _whole(found: Opened, start: int, borders: Borders, *, final: bool) -> Whole:
    """
    Return the whole records from byte *start* on, of up to a piece.
    """
    size = records = lines = 0
    while size < PIECE_BYTES:
        some = _some(found, start + size, borders, final=final)
        if not some.size:
            break
        size, records = size + some.size, records + some.records
        lines += some.lines
    return Whole(size, records, lines)


def _some(found: Opened, start: int, borders: Borders, *, final: bool) -> Whole:
    for window in _windows(borders.longest):
        data = found.read(start, window)
        all_read = start + len(data) >= found.sight.size
        some = borders.whole(data, final=final and all_read)
        if some.size or len(data) < window:
            return some
    # No record ends within all that one may take: the reader shall say so.
    return _to_line_end(found, start, borders.longest)


def _windows(longest: int) -> Iterator[int]:
    window = WINDOW_BYTES
    while window < longest:
        yield window
        window *= 2
    yield window


def _to_line_end(found: Opened, start: int, longest: int) -> Whole:
    data = found.read(start, longest)
    cut = data.rfind(b"\n") + 1
    if cut:
        return Whole(cut, 1, data.count(b"\n", 0, cut))
    at = start + len(data)
    while more := found.read(at, WINDOW_BYTES):
        cut = more.find(b"\n") + 1
        at += cut or len(more)
        if cut:
            return Whole(at - start, 1, 1)
    return Whole(0, 0, 0)
