"""
A reference reader: one byte after the other, as plain as can be, nothing shared with
the program. What ``ingestd/run/text`` says of a text is compared with it.

The rules, for a text that begins where a record begins:

- A line ends in LF, or in any of LF, CR and CRLF where *returns* is set. A CR before
  the LF that ends a record, or at the very end of the text, is part of the line end.
- A quote opens where a field begins, behind blanks if *skip_blanks* is set. Two quotes
  within are one; behind the closing one the field ends. Elsewhere a quote is text, and
  the record is not sound.
- An escape takes the meaning of the byte behind it. A bare field that is the escape and
  N stays as it is where *escaped_null* is set.
- A line that begins with the comment mark, or has nothing in it, is no record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ingestd.run.text.dialect import Dialect

CR, LF, BLANK = b"\r", b"\n", b" "


@dataclass(frozen=True, slots=True)
class Line:
    """
    A record, a comment or a blank line: bytes [start, end), the next one at *after*.

    *fields* is None for what is no record. *number* is the line's number, from 1, and
    *ends* how many lines end in it.
    """

    start: int
    end: int
    after: int
    number: int
    fields: list[bytes] | None = None
    sound: bool = True
    ends: int = 0

    def ends_with_line_end(self, text: bytes, dialect: Dialect) -> bool:
        """
        Tell whether a line end stands behind it; a CR alone may be the half of one.
        """
        behind = text[self.end : self.after]
        return behind.endswith(LF) or (dialect.returns and behind == CR)


def lines_of(text: bytes, dialect: Dialect, number: int = 1) -> Iterator[Line]:
    """
    Yield all that *text* holds, in order, without gaps.
    """
    at = 0
    while at < len(text):
        if dialect.comment and text.startswith(dialect.comment, at):
            line = _comment(text, at, dialect, number)
        else:
            line = record_at(text, dialect, at, number)
        ends = _ends_in(text, at, line.after, dialect)
        yield replace(line, ends=ends)
        number += ends
        at = line.after


def record_at(text: bytes, dialect: Dialect, at: int, number: int = 1) -> Line:
    """
    Return the record that begins at *at*, whatever that is.
    """
    return _Reader(text, dialect, at).record(number)


def _ends_in(text: bytes, start: int, stop: int, dialect: Dialect) -> int:
    """
    Return how many lines of *text* end at one of bytes [start, stop).
    """
    count = 0
    for at in range(start, stop):
        byte = text[at : at + 1]
        half = dialect.returns and byte == CR and text[at + 1 : at + 2] == LF
        if byte == LF or (dialect.returns and byte == CR and not half):
            count += 1
    return count


def _comment(text: bytes, at: int, dialect: Dialect, number: int) -> Line:
    end = at
    while end < len(text) and not _ends_line(text, end, dialect):
        end += 1
    return Line(at, end, _behind_line_end(text, end), number)


def _ends_line(text: bytes, at: int, dialect: Dialect) -> bool:
    return text[at : at + 1] in ((LF, CR) if dialect.returns else (LF,))


@dataclass(slots=True)
class _Reader:
    text: bytes
    dialect: Dialect
    at: int
    sound: bool = True
    fields: list[bytes] = field(default_factory=list)
    end: int = 0

    def record(self, number: int) -> Line:
        start = self.at
        while self._field():
            pass
        blank = self.end == start
        return Line(
            start,
            self.end,
            self.at,
            number,
            None if blank else self.fields,
            self.sound,
        )

    def _field(self) -> bool:
        """
        Read a field and what ends it; tell whether another one follows.
        """
        text, dialect = self.text, self.dialect
        while dialect.skip_blanks and text.startswith(BLANK, self.at):
            self.at += 1
        if dialect.escaped_null and text.startswith(dialect.escape + b"N", self.at):
            behind = self.at + len(dialect.escape) + 1
            if self._mark(behind):
                self.fields.append(text[self.at : behind])
                self.at = behind
                return self._go_on()
        value = b""
        if dialect.quote and text.startswith(dialect.quote, self.at):
            value = self._quoted()
            if not self._mark(self.at):
                self.sound = False
        self.fields.append(value + self._bare())
        return self._go_on()

    def _quoted(self) -> bytes:
        text, dialect, value = self.text, self.dialect, b""
        self.at += 1
        while self.at < len(text):
            byte = text[self.at : self.at + 1]
            if byte == dialect.escape:
                value += text[self.at + 1 : self.at + 2]
                self.at = min(self.at + 2, len(text))
            elif byte != dialect.quote:
                value += byte
                self.at += 1
            elif text.startswith(dialect.quote * 2, self.at):
                value += dialect.quote
                self.at += 2
            else:
                self.at += 1
                return value
        self.sound = False
        return value

    def _bare(self) -> bytes:
        text, dialect, value = self.text, self.dialect, b""
        while not self._mark(self.at):
            byte = text[self.at : self.at + 1]
            if byte == dialect.escape:
                if self.at + 1 == len(text):
                    self.sound = False
                value += text[self.at + 1 : self.at + 2]
                self.at = min(self.at + 2, len(text))
                continue
            if byte == dialect.quote:
                self.sound = False
            value += byte
            self.at += 1
        return value

    def _mark(self, at: int) -> str:
        """
        Return what begins at *at*: a delimiter, a line end, the end; "" for text.
        """
        text, dialect = self.text, self.dialect
        if at == len(text):
            return "end"
        if text.startswith(dialect.delimiter, at):
            return "delimiter"
        if _ends_line(text, at, dialect):
            return "line"
        half = text[at : at + 2] in (CR, CR + LF)
        return "line" if half and not dialect.returns else ""

    def _go_on(self) -> bool:
        text, mark = self.text, self._mark(self.at)
        if mark == "delimiter":
            self.at += len(self.dialect.delimiter)
            return True
        self.end = self.at
        self.at = _behind_line_end(text, self.at)
        return False


def _behind_line_end(text: bytes, at: int) -> int:
    size = 2 if text.startswith(CR + LF, at) else 1
    return min(at + size, len(text))
