"""
Where the lines of a growing file of JSON end.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.config import Csv
from ingestd.growing import Begun, Whole
from ingestd.run.header import UTF8_MARK
from ingestd.run.text.count import filled_lines
from ingestd.run.text.sieve import HARD


@dataclass(frozen=True, slots=True)
class LineBorders:
    """
    The borders of records that are one line each; see ``Borders``.
    """

    options: Csv

    @property
    def longest(self) -> int:
        """
        The bytes in which a line must end.
        """
        return HARD * self.options.max_line_bytes

    def begin(self, data: bytes, known: bytes | None, *, final: bool) -> Begun | None:
        """
        Return what is in front of the records of *data*: a byte order mark, or nothing.
        """
        del known  # there are no headers
        if not final and len(data) < len(UTF8_MARK) and UTF8_MARK.startswith(data):
            return None
        start = len(UTF8_MARK) if data.startswith(UTF8_MARK) else 0
        return Begun(b"", start, 0)

    def whole(self, data: bytes, *, final: bool) -> Whole:
        """
        Return how much of *data* is whole lines.
        """
        size = len(data) if final else data.rfind(b"\n") + 1
        taken = data[:size]
        return Whole(size, filled_lines(taken), taken.count(b"\n"))
