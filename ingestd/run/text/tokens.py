"""
One record, byte by byte: its fields, where it ends, and whether its quotes are sound.

The scan of many records at once (``records``) leaves to this what is rare: headers,
records with broken quotes, and records that must be written anew. Where quotes are
broken a record ends where Python's csv module lets it end: a quote within a bare field
is text, and so is what follows a closing quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ingestd.run.text.dialect import NEWLINE, RETURN, Dialect

_CACHED = 64
Buffer = bytes | bytearray


@dataclass(frozen=True, slots=True)
class Record:
    """
    *fields* are their values, quotes and escapes taken away. *stop* is where its text
    ends, *end* the offset after the line's end. *sound*: every quote is where one may
    be, and closed. *closed*: a line end was found; else the buffer ended.
    """

    fields: list[bytes]
    stop: int
    end: int
    sound: bool
    closed: bool


@dataclass(slots=True)
class _Field:
    value: bytes
    stop: int  # where its text ends
    at: int  # after the mark that ended it
    mark: bytes  # the delimiter, a line end, or b"" where the buffer ended
    sound: bool = True


def read_record(buffer: Buffer, at: int, dialect: Dialect) -> Record:
    """
    Read the record that begins at offset *at*; complete, whatever it holds.
    """
    fields, sound = [], True
    while True:
        field = _field(buffer, at, dialect)
        fields.append(field.value)
        sound = sound and field.sound
        at = field.at
        if field.mark != dialect.delimiter:
            return Record(fields, field.stop, at, sound, bool(field.mark))


def _field(buffer: Buffer, at: int, dialect: Dialect) -> _Field:
    if dialect.skip_blanks:
        while buffer[at : at + 1] == b" ":
            at += 1
    if dialect.escaped_null and (null := _escaped_null(dialect).match(buffer, at)):
        end = null.end()
        rest = _bare(buffer, end, dialect)
        return _Field(null[0], rest.stop, rest.at, rest.mark, rest.sound)
    if dialect.quote and buffer.startswith(dialect.quote, at):
        return _quoted(buffer, at + 1, dialect)
    return _bare(buffer, at, dialect)


def _bare(buffer: Buffer, at: int, dialect: Dialect) -> _Field:
    pieces: list[bytes] = []
    sound = True
    marks = _marks(dialect)
    while True:
        found = marks.search(buffer, at)
        if found is None:
            return _ended(pieces, buffer, at, sound, dialect)
        mark, stop = found[0], found.start()
        pieces.append(bytes(buffer[at:stop]))
        at = found.end()
        if mark == dialect.escape:
            # The next byte is text, whatever it is; there has to be one.
            pieces.append(bytes(buffer[at : at + 1]))
            sound = sound and at < len(buffer)
            at = min(at + 1, len(buffer))
        elif mark == dialect.quote:
            pieces.append(mark)
            sound = False
        else:
            return _line_end(pieces, buffer, at, mark, sound, dialect)


def _ended(
    pieces: list[bytes], buffer: Buffer, at: int, sound: bool, dialect: Dialect
) -> _Field:
    pieces.append(bytes(buffer[at:]))
    stop = len(buffer)
    if not dialect.returns:
        stop -= _without_return(pieces)
    return _Field(b"".join(pieces), stop, len(buffer), b"", sound)


def _line_end(
    pieces: list[bytes],
    buffer: Buffer,
    at: int,
    mark: bytes,
    sound: bool,
    dialect: Dialect,
) -> _Field:
    stop = at - len(mark)
    if mark == NEWLINE and not dialect.returns:
        stop -= _without_return(pieces)
    if mark == RETURN and buffer[at : at + 1] == NEWLINE:
        at += 1
    return _Field(b"".join(pieces), stop, at, mark, sound)


def _without_return(pieces: list[bytes]) -> int:
    """
    Take a CR off the end of *pieces*, which is the line end's; return how many. One
    that is escaped is text, and stands in a piece of its own before the last.
    """
    bare = pieces[-1].removesuffix(RETURN)
    taken = len(pieces[-1]) - len(bare)
    pieces[-1] = bare
    return taken


def _quoted(buffer: Buffer, at: int, dialect: Dialect) -> _Field:
    pieces: list[bytes] = []
    quote, marks = dialect.quote, _inner_marks(dialect)
    while True:
        found = marks.search(buffer, at)
        if found is None:
            pieces.append(bytes(buffer[at:]))
            value = b"".join(pieces)
            return _Field(value, len(buffer), len(buffer), b"", sound=False)
        pieces.append(bytes(buffer[at : found.start()]))
        at = found.end()
        if found[0] == dialect.escape:
            pieces.append(bytes(buffer[at : at + 1]))
            at = min(at + 1, len(buffer))
        elif buffer.startswith(quote, at):
            pieces.append(quote)
            at += 1
        else:
            return _closed(b"".join(pieces), buffer, at, dialect)


def _closed(value: bytes, buffer: Buffer, at: int, dialect: Dialect) -> _Field:
    """
    Go on after a closing quote: a delimiter or a line end may follow, nothing else.
    """
    rest = _bare(buffer, at, dialect)
    sound = rest.sound and not rest.value
    return _Field(value + rest.value, rest.stop, rest.at, rest.mark, sound)


def rewritten(fields: list[bytes], delimiter: bytes, quote: bytes) -> bytes:
    """
    Return *fields* as one record of a plain dialect, with its line end.
    """
    special = (delimiter, NEWLINE, RETURN, *((quote,) if quote else ()))
    return (
        delimiter.join(
            quote + value.replace(quote, quote + quote) + quote
            if quote and any(mark in value for mark in special)
            else value
            for value in fields
        )
        + NEWLINE
    )


@lru_cache(maxsize=_CACHED)
def _marks(dialect: Dialect) -> re.Pattern[bytes]:
    marks = [dialect.delimiter, NEWLINE, dialect.escape, dialect.quote]
    if dialect.returns:
        marks.append(RETURN)
    return re.compile(b"|".join(re.escape(mark) for mark in marks if mark))


@lru_cache(maxsize=_CACHED)
def _inner_marks(dialect: Dialect) -> re.Pattern[bytes]:
    marks = [dialect.quote, dialect.escape]
    return re.compile(b"|".join(re.escape(mark) for mark in marks if mark))


@lru_cache(maxsize=_CACHED)
def _escaped_null(dialect: Dialect) -> re.Pattern[bytes]:
    ends = b"[\r\n]" if dialect.returns else rb"\r?\n|\r?\Z"
    null = re.escape(dialect.escape) + b"N"
    marks = re.escape(dialect.delimiter) + b"|" + ends + rb"|\Z"
    return re.compile(null + b"(?=" + marks + b")")
