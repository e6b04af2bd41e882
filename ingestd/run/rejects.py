"""
Rows that were set aside, one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingestd.errors import Reason

_FIXED_BYTES = 300
"""What a reject takes in memory beside its texts."""
_ESCAPED = re.compile(rb"\\(\\|x[0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Reject:
    """
    One record of a file that is in no output, and why.

    *record* counts from 1, the first after the header; *line* from 1, the first line of
    the file; *offset* is the record's first byte in the file's text (unpacked, in its
    own encoding). *column* is "" where the whole record is at fault. *raw* is the
    record's text in UTF-8 without its line end, with bytes that are no UTF-8 as they
    are; *header* likewise, so that both together are a CSV file that can be repaired
    and read again.
    """

    file_id: int
    path: bytes
    record: int
    line: int
    offset: int
    column: str
    reason: Reason
    detail: str
    header: bytes
    raw: bytes

    @property
    def size(self) -> int:
        """
        About the bytes that it takes; without the header, which many share.
        """
        texts = len(self.path) + len(self.detail) + len(self.raw) + len(self.column)
        return _FIXED_BYTES + texts


def shown(path: bytes) -> str:
    r"""
    Return *path* as text that can be turned back: bytes that are no UTF-8 become
    ``\xNN``, a backslash is doubled.
    """
    return path.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def turned_back(text: str) -> bytes:
    """
    Return the path that ``shown`` made *text* of.
    """
    return _ESCAPED.sub(_byte, text.encode())


def _byte(match: re.Match[bytes]) -> bytes:
    found = match[1]
    return b"\\" if found == b"\\" else bytes([int(found[1:], 16)])
