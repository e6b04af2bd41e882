"""
A moving window over a text, which always begins where a record begins.
"""

from __future__ import annotations

import os

import numpy as np

from ingestd.run.text.octets import Bytes

WINDOW = 256 << 10


class Window:
    """
    The bytes from *at* on, of an open file or of a buffer.

    A file is read into one buffer again and again: no page is faulted in twice. The
    array is valid until the window moves. A window over a buffer is no larger than one
    over a file: what is looked at again behind a broken record is bounded alike.
    """

    def __init__(
        self, source: int | bytes, start: int, stop: int, size: int = WINDOW
    ) -> None:
        """
        Look at bytes [start, stop) of *source*, *size* of them at first.
        """
        self.at = start
        self._source = source
        self._stop = stop
        self._size = size
        self._room = size  # that of a window over a buffer
        self._buffer = bytearray()
        self._filled = 0
        self._fill()

    @property
    def final(self) -> bool:
        """
        Whether the window reaches the end of the text.
        """
        return self.at + self._length >= self._stop

    @property
    def array(self) -> Bytes:
        """
        The bytes in the window.
        """
        if isinstance(self._source, bytes):
            whole = np.frombuffer(self._source, np.uint8)
            return whole[self.at : self.at + self._length]
        return np.frombuffer(self._buffer, np.uint8, self._filled)

    def move(self, used: int) -> None:
        """
        Go *used* bytes on, and look at as many as before.
        """
        self.at += used
        self._room = self._size
        if isinstance(self._source, int):
            rest = self._buffer[used : self._filled]
            # Of a window that had to grow for one record only the usual size is kept.
            self._buffer = bytearray(max(self._size, len(rest)))
            self._buffer[: len(rest)] = rest
            self._filled = len(rest)
        self._fill()

    def grow(self) -> None:
        """
        Look at twice as many bytes.
        """
        if isinstance(self._source, int):
            self._buffer = self._buffer + bytearray(len(self._buffer))
        self._room *= 2
        self._fill()

    @property
    def _length(self) -> int:
        if isinstance(self._source, bytes):
            return min(self._stop - self.at, len(self._source) - self.at, self._room)
        return self._filled

    def _fill(self) -> None:
        if isinstance(self._source, bytes):
            return
        if not self._buffer:
            self._buffer = bytearray(self._size)
        room = memoryview(self._buffer)
        while self._filled < len(room):
            left = min(len(room) - self._filled, self._stop - self.at - self._filled)
            if left <= 0:
                return
            place = room[self._filled : self._filled + left]
            n = os.preadv(self._source, [place], self.at + self._filled)
            if not n:  # shorter than it was: the caller finds it changed
                self._stop = self.at + self._filled
                return
            self._filled += n
