"""
The first bytes of a file: byte order mark and header.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.run.faults import Fault

HEAD_BYTES = 64 << 10
UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_FIRST_BYTES = b"\x00\xfe\xff\x28\xfdPB%"
_MAGIC = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"BZh91AY&SY": "bzip2",
    b"PAR1": "Parquet",
    b"%PDF-": "PDF",
}
_CACHED = 256
"""Most files of a unit have the same header."""


@dataclass(frozen=True, slots=True)
class Header:
    """
    The columns of a file, in its order, and where things begin: the content after a
    byte order mark, the header after blank lines, the data after the header.
    """

    names: tuple[str, ...]
    start: int
    first: int
    end: int


def look(head: bytes, size: int, options: Csv, columns: tuple[str, ...]) -> Header:
    """
    Return the header in *head*, the first bytes of a file of *size* bytes.

    Without a header in the file the names are *columns*. Raises Fault.
    """
    _known_kind(head)
    start = len(UTF8_MARK) if head.startswith(UTF8_MARK) else 0
    if not options.header:
        return Header(columns, start, start, start)
    first = start
    while head[first : first + 1] in (b"\n", b"\r"):  # blank lines are no records
        first += 1
    end = _record_end(head, first, options.quote.encode())
    if end < 0 and size > len(head):
        raise Fault(
            Reason.LINE_TOO_LONG, f"the header is longer than {len(head)} bytes"
        )
    stop = len(head) if end < 0 else end
    if stop == first:
        raise Fault(Reason.NO_HEADER, "no header: only blank lines")
    line = head[first:stop].removesuffix(b"\r")
    after = len(head) if end < 0 else end + 1
    return Header(_names(line, options.delimiter, options.quote), start, first, after)


def _known_kind(head: bytes) -> None:
    if head[:1] not in _FIRST_BYTES:
        return
    for mark, name in _OTHER_MARKS.items():
        if head.startswith(mark):
            raise Fault(Reason.BAD_ENCODING, f"encoded as {name}, expected UTF-8")
    for mark, name in _MAGIC.items():
        if head.startswith(mark):
            raise Fault(Reason.BAD_COMPRESSION, f"the content is {name}, expected CSV")


def _record_end(head: bytes, start: int, quote: bytes) -> int:
    """
    Return the offset of the newline that ends the record at *start*, or -1.
    """
    at = head.find(b"\n", start)
    while quote and at >= 0 and head.count(quote, start, at) % 2:
        at = head.find(b"\n", at + 1)
    return at


@lru_cache(maxsize=_CACHED)
def _names(line: bytes, delimiter: str, quote: str) -> tuple[str, ...]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(
            Reason.BAD_ENCODING, f"the header is not UTF-8 (byte {error.start})"
        ) from error
    if "\0" in text:
        raise Fault(Reason.NUL_BYTE, "a NUL byte in the header; is it UTF-16?")
    if "\r" in text:
        raise Fault(Reason.NO_HEADER, "lines end in CR alone, expected LF or CRLF")
    try:
        rows = list(
            csv.reader(
                text.splitlines(keepends=True) or [""],
                delimiter=delimiter,
                quotechar=quote or None,
                quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
                strict=True,
            )
        )
    except csv.Error as error:
        raise Fault(Reason.BAD_QUOTE, f"the header cannot be read: {error}") from error
    return tuple(rows[0])
