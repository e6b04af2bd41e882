"""
What a count of records is made of: the shape looked for, the findings, the blocks read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK = 128 << 10
NEWLINE = 10
RETURN = 13

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """
    What the count must know: the marks, the fields per record, the longest record.

    *quote* is empty when fields are never quoted.
    """

    delimiter: bytes
    quote: bytes
    fields: int
    max_line_bytes: int = 1 << 20


@dataclass(slots=True)
class Count:
    """
    What was counted. Offsets are -1 where there is nothing at fault.

    *records* includes the header. *exact* says that each record's fields were counted,
    not only their sum; *blank* and *bad_quote* are known only then. A ragged record is
    told by its number, from 1, its offset, and the fields it has.
    """

    records: int = 0
    delimiters: int = 0
    blank: int = 0
    exact: bool = False
    nul: int = -1
    long_line: int = -1
    bad_quote: int = -1
    ragged: int = -1
    ragged_record: int = 0
    ragged_fields: int = 0
    final_newline: bool = True

    @property
    def sound(self) -> bool:
        """
        Whether no fault was found.
        """
        return max(self.nul, self.long_line, self.bad_quote, self.ragged) < 0


class Blocks:
    """
    The bytes of an open file or of a buffer, block by block, from an offset.

    A file is read into one buffer again and again: no page is faulted in twice.
    """

    def __init__(self, content: int | bytes, start: int = 0, size: int = BLOCK) -> None:
        self._content = content
        self._start = start
        self._size = size

    def __iter__(self) -> Iterator[tuple[int, bytes | bytearray, Bytes]]:
        """
        Yield (offset, buffer, the same as an array); valid until the next one.
        """
        if isinstance(self._content, bytes):
            yield from self._slices(self._content)
        else:
            yield from self._reads(self._content)

    def _slices(self, data: bytes) -> Iterator[tuple[int, bytes, Bytes]]:
        for at in range(self._start, len(data), self._size):
            piece = data[at : at + self._size]
            yield at, piece, np.frombuffer(piece, np.uint8)

    def _reads(self, fd: int) -> Iterator[tuple[int, bytearray, Bytes]]:
        buffer = bytearray(self._size)
        array = np.frombuffer(buffer, np.uint8)
        at = self._start
        while n := os.preadv(fd, [buffer], at):
            if n < self._size:
                short = bytearray(buffer[:n])
                yield at, short, np.frombuffer(short, np.uint8)
            else:
                yield at, buffer, array
            at += n
