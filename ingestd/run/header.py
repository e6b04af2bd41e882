"""
The first bytes of a text: what is skipped before the header, and the header.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.text.dialect import NEWLINE, RETURN, Dialect, dialect_of
from ingestd.run.text.octets import CR, LF
from ingestd.run.text.records import scan
from ingestd.run.text.tokens import Record, read_record
from ingestd.run.text.window import Window

HEAD_BYTES = 64 << 10
UTF8_MARK = b"\xef\xbb\xbf"
_CACHED = 256
"""Most files of a unit have the same header."""


@dataclass(frozen=True, slots=True)
class Header:
    """
    The columns of a text, in its order, and where things begin: the header at *first*
    (behind byte order mark, preamble, blank lines and comments), the records at *end*,
    behind *lines* lines. *raw* is the header's text. *dialect* is that of the text.
    """

    names: tuple[str, ...]
    first: int
    end: int
    lines: int
    raw: bytes
    dialect: Dialect


def look(source: int | bytes, stop: int, options: Csv) -> Header:
    """
    Return the header of *source*, a text in UTF-8 that ends at offset *stop*.

    Without a header in the file there are no names. Raises Fault.
    """
    window = Window(source, 0, stop, HEAD_BYTES)
    start = len(UTF8_MARK) if window.array[:3].tobytes() == UTF8_MARK else 0
    window.move(start)
    lines = _preamble(window, options.skip_rows)
    head = window.array[:HEAD_BYTES].tobytes()
    dialect = dialect_of(options)
    if RETURN in head and not len(scan(window.array[: len(head)], dialect).ends):
        # No line ends in LF, but for some within quotes perhaps.
        dialect = replace(dialect, returns=True)
    at, more = _behind_skipped(head, dialect)
    if not options.header:
        first = window.at
        return Header((), first, first, lines, b"", dialect)
    record = read_record(head, at, dialect)
    if at == len(head) and window.final:
        raise Fault(Reason.NO_HEADER, "no header: only blank lines or comments")
    if not record.closed and not window.final:
        raise Fault(
            Reason.LINE_TOO_LONG, f"the header is longer than {len(head)} bytes"
        )
    names = _names(record)
    raw = head[at : record.end].rstrip(b"\r\n")
    end = window.at + record.end
    lines += more + max(1, head.count(NEWLINE, at, record.end))
    return Header(names, window.at + at, end, lines, raw, dialect)


def _preamble(window: Window, skip: int) -> int:
    """
    Move *window* behind the first *skip* lines; return how many there were.
    """
    passed = 0
    while passed < skip and len(array := window.array):
        ends = np.flatnonzero(array == LF)
        if not len(ends) and (returns := np.flatnonzero(array == CR)).size:
            ends = returns
        wanted = ends[: skip - passed]
        passed += len(wanted)
        window.move(int(wanted[-1]) + 1 if len(wanted) else len(array))
    return passed


def _behind_skipped(head: bytes, dialect: Dialect) -> tuple[int, int]:
    """
    Return where the first record begins behind blank lines and comments, and how many
    lines those are.
    """
    at, lines = 0, 0
    while at < len(head):
        ends = [head.find(mark, at) for mark in (NEWLINE, RETURN)]
        if not dialect.returns:
            ends = ends[:1]
        end = min((e for e in ends if e >= 0), default=len(head))
        line = head[at:end].removesuffix(RETURN)
        if line and not (dialect.comment and line.startswith(dialect.comment)):
            break
        at, lines = min(end + 1, len(head)), lines + 1
    return at, lines


def _names(record: Record) -> tuple[str, ...]:
    if not record.sound:
        raise Fault(Reason.BAD_QUOTE, "a quote out of place in the header")
    return _decoded(tuple(record.fields))


@lru_cache(maxsize=_CACHED)
def _decoded(fields: tuple[bytes, ...]) -> tuple[str, ...]:
    try:
        names = tuple(field.decode() for field in fields)
    except UnicodeDecodeError as error:
        raise Fault(
            Reason.BAD_ENCODING, f"the header is not UTF-8: {error.object[:40]!r}"
        ) from error
    if any("\0" in name for name in names):
        raise Fault(Reason.NUL_BYTE, "a NUL byte in the header; is it UTF-16?")
    return names
