"""
Rows that were set aside, one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.errors import Reason


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
