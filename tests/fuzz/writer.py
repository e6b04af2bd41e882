"""
Tables written as CSV in any dialect, in any of the ways that the dialect allows.

What cannot be written is a delimiter in a value where there is neither quote nor
escape, and the like: ``writable`` tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ingestd.run.text.dialect import Dialect

CR, LF, BLANK = b"\r", b"\n", b" "


@dataclass(frozen=True, slots=True)
class Writer:
    """
    Writes in *dialect*; *random* chooses between the ways there are. *ends* are the
    line ends to choose from. *careful*: what some readers take for a line end, or for
    no field at all, is quoted.
    """

    dialect: Dialect
    random: Random
    ends: tuple[bytes, ...] = (LF,)
    careful: bool = False

    def text(self, table: list[list[bytes]], *, noise: bool = False) -> bytes:
        """
        Return *table* as text; with *noise* there are blank lines and comments, and
        the last line end may be missing.
        """
        pieces: list[bytes] = []
        for row in table:
            if noise and self._seldom():
                pieces.append(self._no_record())
            pieces += [self.record(row), self.random.choice(self.ends)]
        if noise and pieces and self._seldom():
            pieces.pop()
        return b"".join(pieces)

    def record(self, row: list[bytes]) -> bytes:
        """
        Return *row* as a line without its end.
        """
        last = len(row) - 1
        fields = [self._field(value, i == last) for i, value in enumerate(row)]
        line = self.dialect.delimiter.join(fields)
        if not line or self._is_comment(line):
            fields[0] = self._guarded(row[0])
            line = self.dialect.delimiter.join(fields)
        return line

    def _field(self, value: bytes, last: bool) -> bytes:
        blanks = b""
        if self.dialect.skip_blanks and self._seldom():
            blanks = BLANK * self.random.randint(1, 3)
        if self._may_be_bare(value, last) and not self._seldom():
            return blanks + value
        return blanks + self._guarded(value)

    def _may_be_bare(self, value: bytes, last: bool) -> bool:
        dialect = self.dialect
        marks = [m for m in (dialect.quote, dialect.escape, LF) if m]
        if self.careful or dialect.returns:
            marks.append(CR)
        if any(mark in value for mark in marks):
            return False
        if dialect.skip_blanks and value.startswith(BLANK):
            return False
        if last and value.endswith(CR):
            return False
        return (value + dialect.delimiter).find(dialect.delimiter) == len(value)

    def _guarded(self, value: bytes) -> bytes:
        dialect = self.dialect
        escapes = dialect.escape and value and self.random.random() < 0.5
        if dialect.quote and not escapes:
            return dialect.quote + self._inner(value) + dialect.quote
        return self._escaped(value) if dialect.escape else value

    def _inner(self, value: bytes) -> bytes:
        dialect = self.dialect
        pieces = []
        for byte in value:
            mark = bytes((byte,))
            if mark == dialect.escape:
                pieces.append(mark * 2)
            elif mark == dialect.quote:
                doubled = not dialect.escape or self.random.random() < 0.5
                pieces.append(mark * 2 if doubled else dialect.escape + mark)
            else:
                pieces.append(mark)
        return b"".join(pieces)

    def _escaped(self, value: bytes) -> bytes:
        dialect = self.dialect
        special = {dialect.delimiter[:1], dialect.quote, dialect.escape, CR, LF}
        first = {dialect.comment[:1], BLANK if dialect.skip_blanks else b""}
        pieces = []
        for at in range(len(value)):
            mark = value[at : at + 1]
            if mark in special or (not at and mark in first):
                pieces.append(dialect.escape)
            pieces.append(mark)
        return b"".join(pieces)

    def _no_record(self) -> bytes:
        end = self.random.choice(self.ends)
        if not self.dialect.comment or self.random.random() < 0.5:
            return end
        return self.dialect.comment + b"it's \\a " + self.dialect.quote + end

    def _is_comment(self, line: bytes) -> bool:
        comment = self.dialect.comment
        return bool(comment) and line.startswith(comment)

    def _seldom(self) -> bool:
        return self.random.random() < 0.2


def writable(table: list[list[bytes]], dialect: Dialect) -> bool:
    """
    Tell whether *table* can be written in *dialect* at all.
    """
    if dialect.quote:
        return True
    comment = dialect.comment
    if any(row == [b""] for row in table):  # a blank line
        return False
    if comment and dialect.delimiter.startswith(comment):  # behind an empty field
        return False
    if dialect.escape:
        return True
    marks = {dialect.delimiter[:1], CR, LF, comment[:1]} - {b""}
    values = [value for row in table for value in row]
    if dialect.skip_blanks and any(value.startswith(BLANK) for value in values):
        return False
    return not any(mark in value for value in values for mark in marks)
