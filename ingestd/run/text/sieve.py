"""
Reading with care: every record is looked at, and what is not sound is set aside.

Only text that could not be read as it is comes here. The records that are kept are
written anew in a plain dialect; so a file with bad rows gives what the same file
without them would give. Each record is judged by itself, so that it makes no
difference how a text is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import Emitter, Plain
from ingestd.run.text.records import (
    CR,
    LF,
    Bytes,
    Flags,
    Positions,
    Table,
    scan,
    table_of,
)
from ingestd.run.text.tokens import Record, read_record, rewritten
from ingestd.run.text.window import Window

HARD = 8
"""A record is looked for up to this many times the longest allowed."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """
    A value that is none of its column's type: the *row* of the text that was judged,
    from 0, the *place* of the field in it, from 0, its *column* and a sentence.
    """

    row: int
    place: int
    column: str
    detail: str


@dataclass(frozen=True, slots=True)
class Aside:
    """
    A record that is set aside. *record* and *line* count from 1 at the beginning of the
    text that was sifted; *offset* is that of its first byte.
    """

    record: int
    line: int
    offset: int
    reason: Reason
    detail: str
    raw: bytes
    column: str = ""


Judge = Callable[[bytes], Sequence[Misfit]]


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What is sound: *fields* per record, and how many records may be set aside (*limit*;
    the next one raises). *whole_end*: a last record without a line end is set aside.
    *nulls*: a value that is no value of its type becomes *null_text*, and missing
    fields become null, instead.
    """

    fields: int
    limit: int
    whole_end: bool = False
    nulls: bool = False
    null_text: bytes = b""


class TooMany(Exception):
    """
    One record more than the limit is not sound; *last* is that one.
    """

    def __init__(self, last: Aside) -> None:
        super().__init__(last.detail)
        self.last = last


@dataclass(slots=True)
class Sieve:
    """
    One text on its way; iterate ``pieces``, then ask for the counts.

    *rows* were kept, *aside* set aside, *nulled* values became null, *lines* were
    passed.
    """

    dialect: Dialect
    plain: Plain
    rules: Rules
    judge: Judge | None = None
    rows: int = 0
    nulled: int = 0
    lines: int = 0
    aside: list[Aside] = field(default_factory=list)

    def pieces(
        self, source: int | bytes, start: int, stop: int, size: int = 1 << 20
    ) -> Iterator[bytes]:
        """
        Yield what is kept of bytes [start, stop) of *source*, whole records.

        Raises TooMany; Fault where no record's end can be told.
        """
        window = Window(source, start, stop, size)
        while len(array := window.array):
            table = table_of(array, self.dialect, self.rules.fields, final=window.final)
            if len(table.starts):
                yield self._kept(array, table, window)
            used = table.used
            if table.alone:
                window.move(used)
                yield from self._alone(window)
            elif used:
                window.move(used)
            elif self._longest(array):
                self._skip(window)
            else:
                window.grow()

    def _longest(self, array: Bytes) -> bool:
        return len(array) >= HARD * self.dialect.max_line_bytes

    def _kept(self, array: Bytes, table: Table, window: Window) -> bytes:
        """
        Set aside what is not sound of *table*; return the rest.
        """
        records = np.cumsum(~table.skipped)
        ended = not window.final or table.used < len(array) or array[-1] in (LF, CR)
        found = dict(_unsound(array, table, self.dialect, self.rules, ended=ended))
        instead: dict[int, bytes] = {}
        if self.rules.nulls:
            self._pad(array, table, found, instead)
        good = ~table.skipped
        good[list(found)] = False
        emitter = Emitter(self.dialect, self.plain)
        text = emitter.emit(array, table, good, instead)
        columns: dict[int, str] = {}
        if self.judge is not None and text and (misfits := self.judge(text)):
            places = np.flatnonzero(good)
            if self.rules.nulls:
                self._blank_out(array, table, places, misfits, instead)
            else:
                for misfit in reversed(misfits):
                    index = int(places[misfit.row])
                    found[index] = (Reason.BAD_VALUE, misfit.detail)
                    columns[index] = misfit.column
                    good[index] = False
            text = emitter.emit(array, table, good, instead)
        done = self.rows + len(self.aside)
        for index in sorted(found):
            reason, detail = found[index]
            aside = self._aside(
                array, table, index, done + int(records[index]), window.at
            )
            self._put(
                Aside(*aside[:3], reason, detail, aside[3], columns.get(index, ""))
            )
        self.rows += int(good.sum())
        self.lines += _lines(array[: table.used], self.dialect)
        return text

    def _aside(
        self, array: Bytes, table: Table, index: int, record: int, at: int
    ) -> tuple[int, int, int, bytes]:
        start, end = int(table.starts[index]), int(table.ends[index])
        line = self.lines + _lines(array[:start], self.dialect) + 1
        return record, line, at + start, array[start:end].tobytes()

    def _put(self, aside: Aside) -> None:
        if len(self.aside) >= self.rules.limit:
            raise TooMany(aside)
        self.aside.append(aside)

    def _pad(
        self,
        array: Bytes,
        table: Table,
        found: dict[int, tuple[Reason, str]],
        instead: dict[int, bytes],
    ) -> None:
        """
        Give records with too few fields nulls for the rest.
        """
        short = [i for i, why in found.items() if why[0] is Reason.TOO_FEW_FIELDS]
        for index in short:
            fields = self._fields(array, table, index)
            missing = self.rules.fields - len(fields)
            fields += [self.rules.null_text] * missing
            instead[index] = self._rewritten(fields)
            self.nulled += missing
            del found[index]

    def _blank_out(
        self,
        array: Bytes,
        table: Table,
        places: Positions,
        misfits: Sequence[Misfit],
        instead: dict[int, bytes],
    ) -> None:
        """
        Make nulls of the values that do not fit.
        """
        cells: dict[int, list[int]] = {}
        for misfit in misfits:
            cells.setdefault(int(places[misfit.row]), []).append(misfit.place)
        for index, wrong in cells.items():
            fields = self._fields(array, table, index)
            fields += [self.rules.null_text] * (self.rules.fields - len(fields))
            for place in wrong:
                fields[place] = self.rules.null_text
            instead[index] = self._rewritten(fields)
            self.nulled += len(wrong)

    def _fields(self, array: Bytes, table: Table, index: int) -> list[bytes]:
        raw = array[int(table.starts[index]) : int(table.ends[index])].tobytes()
        return read_record(raw, 0, self.dialect).fields

    def _rewritten(self, fields: list[bytes]) -> bytes:
        return rewritten(fields, self.plain.delimiter, self.plain.quote)

    def _alone(self, window: Window) -> Iterator[bytes]:
        """
        Read the record or comment that the window begins with, by itself.
        """
        comment = self.dialect.comment
        text = window.array.tobytes()
        if comment and text.startswith(comment):
            self._pass_line(window, 0)
            return
        record = read_record(text, 0, self.dialect)
        while not record.closed and not window.final:
            if self._longest(window.array):
                raise self._endless(window)
            window.grow()
            text = window.array.tobytes()
            record = read_record(text, 0, self.dialect)
        array = window.array[: record.end]
        if record.sound:
            yield self._kept(array, _single(array, record, self.dialect), window)
        else:
            self._broken(text[: record.end], window.at)
        window.move(record.end)

    def _broken(self, text: bytes, at: int) -> None:
        """
        Set aside each line of a record with broken quotes: which of them are rows
        cannot be told.
        """
        if len(text) > self.dialect.max_line_bytes:
            detail = f"a quote out of place in the record at offset {at}"
            raise Fault(Reason.BAD_QUOTE, f"{detail}, which does not end soon after")
        for line in _split(text, self.dialect):
            raw = line.rstrip(b"\r\n")
            if raw:
                record = self.rows + len(self.aside) + 1
                detail = "a quote out of place"
                self._put(
                    Aside(record, self.lines + 1, at, Reason.BAD_QUOTE, detail, raw)
                )
            self.lines += line.endswith((b"\n", b"\r"))
            at += len(line)

    def _skip(self, window: Window) -> None:
        """
        Pass a line that does not end within all that may be looked at.
        """
        if not scan(window.array, self.dialect).closed:
            raise self._endless(window)
        most = self.dialect.max_line_bytes
        raw, at, line = window.array[:most].tobytes(), window.at, self.lines + 1
        self._pass_line(window, HARD * most)
        record = self.rows + len(self.aside) + 1
        detail = f"longer than {most} bytes"
        self._put(Aside(record, line, at, Reason.LINE_TOO_LONG, detail, raw))

    def _pass_line(self, window: Window, least: int) -> None:
        """
        Move behind the first line end that is not among the first *least* bytes.
        """
        while len(array := window.array):
            ends = np.flatnonzero(_line_ends(array[least:], self.dialect))
            used = least + int(ends[0]) + 1 if len(ends) else len(array)
            self.lines += _lines(array[:used], self.dialect)
            window.move(used)
            if len(ends):
                return
            least = 0

    def _endless(self, window: Window) -> Fault:
        most = HARD * self.dialect.max_line_bytes
        return Fault(
            Reason.BAD_QUOTE,
            f"the record in line {self.lines + 1} at offset {window.at} has a quote "
            f"that is not closed within {most} bytes",
        )


def _split(text: bytes, dialect: Dialect) -> list[bytes]:
    if dialect.returns:
        return text.splitlines(keepends=True)
    pieces = text.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + [p for p in pieces[-1:] if p]


def _single(array: Bytes, record: Record, dialect: Dialect) -> Table:
    end = len(array)
    while end and array[end - 1] in (LF, CR) and record.closed:
        end -= 1
    if not record.closed and not dialect.returns and end and array[end - 1] == CR:
        end -= 1
    return Table(
        starts=np.zeros(1, np.intp),
        ends=np.array([end], np.intp),
        fields=np.array([len(record.fields)]),
        skipped=np.zeros(1, bool),
        used=len(array),
    )


def _unsound(
    array: Bytes, table: Table, dialect: Dialect, rules: Rules, *, ended: bool
) -> Iterator[tuple[int, tuple[Reason, str]]]:
    """
    Yield the records of *table* that are not sound, the weightiest reason last.
    """
    wanted, records = rules.fields, ~table.skipped
    for index in np.flatnonzero((table.fields != wanted) & records).tolist():
        has = int(table.fields[index])
        reason = Reason.TOO_FEW_FIELDS if has < wanted else Reason.TOO_MANY_FIELDS
        yield index, (reason, f"{has} fields, expected {wanted}")
    if not ended and rules.whole_end and records[-1]:
        detail = "the last record has no newline: was it cut?"
        yield len(records) - 1, (Reason.NO_FINAL_NEWLINE, detail)
    sizes = table.ends - table.starts
    for index in np.flatnonzero((sizes > dialect.max_line_bytes) & records).tolist():
        detail = f"{int(sizes[index])} bytes, expected at most {dialect.max_line_bytes}"
        yield index, (Reason.LINE_TOO_LONG, detail)
    used = array[: table.used]
    for index in _holding(np.flatnonzero(used == 0), table):
        if records[index]:
            yield index, (Reason.NUL_BYTE, "a NUL byte")
    for index in _holding(_no_text(used.tobytes()), table):
        if records[index]:
            yield index, (Reason.BAD_ENCODING, "bytes that are no text")


def _holding(places: Positions, table: Table) -> list[int]:
    found = np.searchsorted(table.starts, places, side="right") - 1
    return [int(index) for index in np.unique(found)]


def _no_text(text: bytes) -> Positions:
    """
    Return where *text* is no UTF-8.
    """
    at, places = 0, []
    while True:
        try:
            text[at:].decode()
        except UnicodeDecodeError as error:
            places.append(at + error.start)
            at += error.end
        else:
            return np.array(places, np.intp)


def _line_ends(array: Bytes, dialect: Dialect) -> Flags:
    newline = array == LF
    return np.asarray(newline | (array == CR) if dialect.returns else newline)


def _lines(array: Bytes, dialect: Dialect) -> int:
    """
    Return how many lines end in *array*.
    """
    count = int(np.count_nonzero(_line_ends(array, dialect)))
    if dialect.returns and len(array) > 1:
        count -= int(np.count_nonzero((array[:-1] == CR) & (array[1:] == LF)))
    return count
