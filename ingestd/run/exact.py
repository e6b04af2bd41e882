"""
The scan that knows quotes: each record's fields, blank lines, and the first fault.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ingestd.run.blocks import NEWLINE, RETURN, Blocks, Bytes, Count, Shape

_WRAPS = 200
"""Below this many fields a count modulo 256 and the sum together are exact: a record
that is off by 256 fields cannot be made up for by a shorter one."""

Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]


class ExactScan:
    """
    A scan in progress; feed it blocks in order, then ``finish``.
    """

    def __init__(self, shape: Shape, start: int = 0, *, wide: bool = False) -> None:
        self.count = Count(exact=True)
        self._shape = shape
        # Sums of bytes wrap at 256, and are much faster.
        narrow = shape.fields < _WRAPS and not wide
        self._sums = np.uint8 if narrow else np.uint32
        self._inside = False  # within quotes at the end of the block before
        self._before = NEWLINE  # the byte before this block
        self._closing = False  # that byte closed a quote
        self._line_at = start  # where the current record began
        self._first = NEWLINE  # its first byte
        self._fields = 0  # its delimiters so far

    def feed(self, at: int, array: Bytes) -> tuple[Positions, Flags]:
        """
        Take a block at offset *at*; return its record ends, and which are blank lines.
        """
        nul = np.flatnonzero(array == 0)
        if len(nul) and self.count.nul < 0:
            self.count.nul = at + int(nul[0])
        newline = array == NEWLINE
        delimiter = array == self._shape.delimiter[0]
        outside = self._quotes(at, array)
        if outside is not None:
            newline &= outside
            delimiter &= outside
        ends = np.flatnonzero(newline)
        self.count.delimiters += int(np.count_nonzero(delimiter))
        blank = self._records(at, array, ends, delimiter)
        self._before = int(array[-1])
        return ends, blank

    def _quotes(self, at: int, array: Bytes) -> Flags | None:
        quote = self._shape.quote
        if not quote:
            return None
        is_quote = array == quote[0]
        places = np.flatnonzero(is_quote)
        if self._closing and not self._may_follow(int(array[0])):
            self._fault(at - 1)
        self._closing = False
        if not len(places):
            return np.zeros(len(array), bool) if self._inside else None
        self._check(at, array, places)
        parity = np.bitwise_xor.accumulate(is_quote)
        inside = ~parity if self._inside else parity
        self._closing = bool(is_quote[-1]) and not bool(inside[-1])
        self._inside = bool(inside[-1])
        return ~inside

    def _check(self, at: int, array: Bytes, places: Positions) -> None:
        """
        An opening quote begins a field, a closing one ends it or is doubled.
        """
        opens, closes = places[self._inside :: 2], places[not self._inside :: 2]
        marks = (NEWLINE, self._shape.delimiter[0], self._shape.quote[0])
        before = np.where(opens > 0, array[opens - 1], self._before)
        wrong = opens[~np.isin(before, marks)]
        inner = closes[closes < len(array) - 1]
        wrong_end = inner[~np.isin(array[inner + 1], (*marks, RETURN))]
        for places_at_fault in (wrong, wrong_end):
            if len(places_at_fault):
                self._fault(at + int(places_at_fault[0]))

    def _may_follow(self, byte: int) -> bool:
        mark = (self._shape.delimiter[0], self._shape.quote[0], NEWLINE, RETURN)
        return byte in mark

    def _fault(self, offset: int) -> None:
        if self.count.bad_quote < 0 or offset < self.count.bad_quote:
            self.count.bad_quote = offset

    def _records(
        self, at: int, array: Bytes, ends: Positions, delimiter: Flags
    ) -> Flags:
        if not len(ends):
            self._grow(at, array, 0, delimiter)
            return np.zeros(0, bool)
        starts = np.empty_like(ends)
        starts[0], starts[1:] = self._line_at - at, ends[:-1] + 1
        lengths = ends - starts
        firsts = array[np.maximum(starts, 0)]
        if starts[0] < 0:
            firsts[0] = self._first
        blank = (lengths == 0) | ((lengths == 1) & (firsts == RETURN))
        fields = self._per_record(delimiter, ends)
        fields[0] += self._fields
        self._judge(at, starts, lengths, fields, blank)
        self._fields, self._line_at = 0, at + int(ends[-1]) + 1
        self._grow(at, array, int(ends[-1]) + 1, delimiter)
        return np.asarray(blank)

    def _grow(self, at: int, array: Bytes, tail: int, delimiter: Flags) -> None:
        if tail < len(array) and self._line_at == at + tail:
            self._first = int(array[tail])
        self._fields += int(np.count_nonzero(delimiter[tail:]))

    def _per_record(self, delimiter: Flags, ends: Positions) -> npt.NDArray[np.int64]:
        starts = np.concatenate(([0], ends[:-1] + 1))
        return np.add.reduceat(
            delimiter[: ends[-1] + 1].view(np.uint8), starts, dtype=self._sums
        ).astype(np.int64)

    def _judge(
        self,
        at: int,
        starts: Positions,
        lengths: Positions,
        fields: npt.NDArray[np.int64],
        blank: Flags,
    ) -> None:
        count, shape = self.count, self._shape
        ragged = np.flatnonzero((fields != shape.fields - 1) & ~blank)
        if len(ragged) and count.ragged < 0:
            row = int(ragged[0])
            count.ragged = at + int(starts[row])
            count.ragged_record = count.records + row + 1 - int(blank[:row].sum())
            count.ragged_fields = int(fields[row]) + 1
        long = np.flatnonzero(lengths > shape.max_line_bytes)
        if len(long) and count.long_line < 0:
            count.long_line = at + int(starts[long[0]])
        blanks = int(np.count_nonzero(blank))
        count.blank += blanks
        count.records += len(blank) - blanks

    def finish(self, size: int) -> Count:
        """
        Take the end of the content at offset *size*; return the count.
        """
        count, length = self.count, size - self._line_at
        count.final_newline = length <= 0
        if self._inside:
            self._fault(self._line_at)
        if length > 0:
            self._judge(
                self._line_at,
                np.zeros(1, np.intp),
                np.array([length]),
                np.array([self._fields]),
                np.array([length == 1 and self._first == RETURN]),
            )
        return count


def exact_count(content: int | bytes, shape: Shape, start: int = 0) -> Count:
    """
    Count the records of *content* from offset *start*, looking at each.
    """
    found = _scanned(content, shape, start, wide=False)
    if found.ragged < 0 and found.delimiters != (shape.fields - 1) * found.records:
        # A record is too long by a multiple of 256 fields.
        return _scanned(content, shape, start, wide=True)
    return found


def _scanned(content: int | bytes, shape: Shape, start: int, *, wide: bool) -> Count:
    scan, end = ExactScan(shape, start, wide=wide), start
    for at, _, array in Blocks(content, start):
        scan.feed(at, array)
        end = at + len(array)
    return scan.finish(end)


def without_blank_lines(
    content: int | bytes, shape: Shape, start: int
) -> Iterator[bytes]:
    """
    Yield *content* from offset *start* without its blank lines.

    A line that crosses a block's border is held back until its end is known, so that a
    blank one can still be dropped.
    """
    scan, held = ExactScan(shape, start), b""
    for at, _, array in Blocks(content, start):
        ends, blank = scan.feed(at, array)
        if not len(ends):
            held += array.tobytes()
            continue
        keep = np.ones(len(array), bool)
        for row in np.flatnonzero(blank):
            begin = int(ends[row - 1]) + 1 if row else 0
            keep[begin : int(ends[row]) + 1] = False
        if blank[0]:
            held = b""
        keep[int(ends[-1]) + 1 :] = False
        yield held + array[keep].tobytes()
        held = array[int(ends[-1]) + 1 :].tobytes()
    if held not in (b"", b"\r"):
        yield held
