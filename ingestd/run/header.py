"""
The first bytes of a text: what is skipped before the header, and the header.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.text.dialect import NEWLINE, RETURN, Dialect, dialect_of
from ingestd.run.text.lines import line_ends, lines
from ingestd.run.text.octets import CR, Bytes, Positions
from ingestd.run.text.tokens import Record, read_record
from ingestd.run.text.window import Window

HEAD_BYTES = 64 << 10
UTF8_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n?|\n")
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
    dialect = dialect_of(options)
    passed = _preamble(window, options.skip_rows, dialect)
    head = window.array[:HEAD_BYTES].tobytes()
    if RETURN in head and not _ends_in_newlines(head, dialect):
        dialect = replace(dialect, returns=True)
    at = _behind_skipped(head, dialect)
    if not options.header:
        first = window.at
        return Header((), first, first, passed, b"", dialect)
    _refuse_json(head, at)
    record = read_record(head, at, dialect)
    if at == len(head) and window.final:
        raise Fault(Reason.NO_HEADER, "no header: only blank lines or comments")
    if not record.closed and not window.final:
        raise Fault(
            Reason.LINE_TOO_LONG, f"the header is longer than {len(head)} bytes"
        )
    names = _names(record)
    end = window.at + record.end
    passed += lines(window.array[: record.end], dialect)
    raw = head[at : record.stop]
    return Header(names, window.at + at, end, passed, raw, dialect)


def _refuse_json(head: bytes, at: int) -> None:
    """
    Raise Fault where the line at *at* is an object of JSON.
    """
    if not head.startswith(b"{", at):
        return
    try:
        found = json.loads(head[at:].split(NEWLINE, 1)[0])
    except (ValueError, RecursionError):
        return
    if isinstance(found, dict):
        detail = "the first record is a JSON object, no header"
        hint = 'expected source.format = "jsonl" for JSON lines'
        raise Fault(Reason.NO_HEADER, f"{detail}; {hint}")


def _preamble(window: Window, skip: int, dialect: Dialect) -> int:
    """
    Move *window* behind the first *skip* lines; return how many there were.
    """
    passed = 0
    # One line more, the header or the first record: a CR in the preamble ends no line
    # if an LF does, and an LF in a cell far below says nothing about it.
    first = _line_ends(window.array)[: skip + 1]
    returns = bool((window.array[first] == CR).all())
    dialect = replace(dialect, returns=returns)
    while passed < skip and len(array := window.array):
        ends = np.flatnonzero(line_ends(array, dialect))
        wanted = ends[: skip - passed]
        passed += len(wanted)
        window.move(int(wanted[-1]) + 1 if len(wanted) else len(array))
    return passed


def _ends_in_newlines(head: bytes, dialect: Dialect) -> bool:
    """
    Tell whether a line of *head* ends in LF, one outside quotes.
    """
    # Of nearly all files the first record tells.
    at, either = 0, replace(dialect, returns=True)
    while at < len(head):
        if dialect.comment and head.startswith(dialect.comment, at):
            found = _LINE_END.search(head, at)
            stop, at = found.span() if found else (at, len(head))
        else:
            record = read_record(head, at, either)
            stop, at = record.stop, record.end
        if NEWLINE in head[stop:at]:
            return True
    return False


def _line_ends(array: Bytes) -> Positions:
    """
    Return the last byte of each line end of any kind.
    """
    return np.flatnonzero(line_ends(array, Dialect(b"", returns=True)))


def _behind_skipped(head: bytes, dialect: Dialect) -> int:
    """
    Return where the first record begins behind blank lines and comments.
    """
    at = 0
    while at < len(head):
        ends = [head.find(mark, at) for mark in (NEWLINE, RETURN)]
        if not dialect.returns:
            ends = ends[:1]
        end = min((e for e in ends if e >= 0), default=len(head))
        line = head[at:end].removesuffix(RETURN)
        if line and not (dialect.comment and line.startswith(dialect.comment)):
            break
        at = min(end + 1, len(head))
    return at


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
