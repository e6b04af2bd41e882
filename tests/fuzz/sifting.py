"""
What the careful reading must make of a text, by the reference; and what it does make.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingestd.errors import Reason
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import plain_for
from ingestd.run.text.sieve import Sieve
from ingestd.run.text.unsound import Rules
from tests.fuzz.reference import CR, LF, Line, lines_of, record_at

MANY = 10**6

Aside = tuple[int, int, int, Reason, bytes]  # record, line, offset, reason, raw


@dataclass(frozen=True, slots=True)
class Item:
    """
    A record as the reference has it; with a *reason* why it is set aside, or None.
    """

    record: int
    line: int
    offset: int
    raw: bytes
    fields: list[bytes]
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Sifted:
    """
    The *rows* that are kept, what is set *aside*, and how many *lines* end.
    """

    rows: list[list[bytes]]
    aside: list[Aside]
    lines: int

    @property
    def records(self) -> int:
        """
        How many records there are.
        """
        return len(self.rows) + len(self.aside)


def expected(text: bytes, dialect: Dialect, rules: Rules) -> Sifted:
    """
    Return what *text* holds, by the reference.
    """
    found = items(text, dialect, rules)
    return Sifted(
        [item.fields for item in found if item.reason is None],
        [
            (item.record, item.line, item.offset, item.reason, item.raw)
            for item in found
            if item.reason is not None
        ],
        sum(line.ends for line in lines_of(text, dialect)),
    )


def items(text: bytes, dialect: Dialect, rules: Rules) -> list[Item]:
    """
    Return the records of *text*, by the reference, and what is wrong with them.
    """
    found: list[Item] = []
    for line in lines_of(text, dialect):
        if line.fields is None:
            continue
        if not line.sound:
            found += _broken(text, line, dialect, len(found))
            continue
        raw = text[line.start : line.end]
        reason = _reason(text, line, dialect, rules)
        place = (len(found) + 1, line.number, line.start, raw)
        found.append(Item(*place, line.fields, reason))
    return found


def _broken(text: bytes, line: Line, dialect: Dialect, done: int) -> list[Item]:
    """
    Return the lines of a record with a quote out of place, one by one.
    """
    found: list[Item] = []
    at, number = line.start, line.number
    while at < line.after:
        stop = at
        while stop < line.after and not _ends(text, stop, dialect):
            stop += 1
        raw = text[at:stop].removesuffix(b"" if dialect.returns else CR)
        if raw:
            record = done + len(found) + 1
            found.append(Item(record, number, at, raw, [], Reason.BAD_QUOTE))
        at = stop + (2 if text.startswith(CR + LF, stop) else 1)
        number += 1
    return found


def _ends(text: bytes, at: int, dialect: Dialect) -> bool:
    return text[at : at + 1] in ((LF, CR) if dialect.returns else (LF,))


def _reason(text: bytes, line: Line, dialect: Dialect, rules: Rules) -> Reason | None:
    whole = text[line.start : line.after]
    try:
        whole.decode()
    except UnicodeDecodeError:
        return Reason.BAD_ENCODING
    if b"\0" in whole:
        return Reason.NUL_BYTE
    if line.end - line.start > dialect.max_line_bytes:
        return Reason.LINE_TOO_LONG
    ended = line.ends_with_line_end(text, dialect)
    if rules.whole_end and not ended:
        return Reason.NO_FINAL_NEWLINE
    has = len(line.fields or ())
    if has != rules.fields:
        few = has < rules.fields
        return Reason.TOO_FEW_FIELDS if few else Reason.TOO_MANY_FIELDS
    return None


@contextmanager
def opened(text: bytes) -> Iterator[int]:
    """
    Yield the descriptor of a file that holds *text*.
    """
    fd = os.memfd_create("text", os.MFD_CLOEXEC)
    try:
        os.write(fd, text)
        yield fd
    finally:
        os.close(fd)


def sifted(
    text: bytes, dialect: Dialect, rules: Rules, size: int, start: int = 0
) -> Sifted:
    """
    Return what the careful reading makes of *text* from *start* on, looked at in
    windows of *size* bytes at first.
    """
    written, sieve = sieved(text, dialect, rules, size, start)
    rows = plain_rows(written, Dialect(sieve.plain.delimiter, sieve.plain.quote))
    aside = [(a.record, a.line, a.offset, a.reason, a.raw) for a in sieve.aside]
    assert sieve.rows == len(rows)
    return Sifted(rows, aside, sieve.lines)


def sieved(
    text: bytes, dialect: Dialect, rules: Rules, size: int, start: int = 0
) -> tuple[bytes, Sieve]:
    """
    Return what the careful reading writes, and its counts.
    """
    with opened(text) as fd:
        plain = plain_for(dialect, fd, start, len(text))
        sieve = Sieve(dialect, plain, rules)
        written = b"".join(sieve.pieces(fd, start, len(text), size=size))
        assert len(text) == sieve.stop
    return written, sieve


def plain_rows(written: bytes, dialect: Dialect) -> list[list[bytes]]:
    """
    Return the rows of text that was *written* anew, in which an empty line is a row.
    """
    rows, at = [], 0
    while at < len(written):
        line = record_at(written, dialect, at)
        assert line.sound
        assert line.ends_with_line_end(written, dialect)
        rows.append(line.fields or [b""])
        at = line.after
    return rows
