"""
Reading with care: every record is looked at, and what is not sound is set aside.

Only text that could not be read as it is comes here. The records that are kept are
written anew in a plain dialect; so a file with bad rows gives what the same file
without them would give. Each record is judged by itself, so that it makes no
difference how a text is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import Emitter, Plain
from ingestd.run.text.lines import line_ends, lines, settled
from ingestd.run.text.mend import Mender, Misfit
from ingestd.run.text.octets import Bytes, Flags, Positions
from ingestd.run.text.records import Table, scan, table_of
from ingestd.run.text.tokens import Record, read_record
from ingestd.run.text.unsound import Rules, unsound
from ingestd.run.text.window import Window

HARD = 8
"""A record is looked for up to this many times the longest allowed."""

_MOST_DOUBTS = 4
"""One row in so many may be looked at a second time."""


@dataclass(frozen=True, slots=True)
class Aside:
    """
    A record that is set aside. *record* counts from 1 at the beginning of what was
    sifted; *line* is that of the text, and *offset* the place of its first byte.
    """

    record: int
    line: int
    offset: int
    reason: Reason
    detail: str
    raw: bytes
    column: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """
    Tells values that do not fit: *misfits* those of a text. *doubts*, where there is
    one, tells for less which rows may have some, never too few; *partly*: it looks at
    some columns only.
    """

    misfits: Callable[[bytes], Sequence[Misfit]]
    doubts: Callable[[bytes], Positions] | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    """
    The *good* records of a *table* of *array*, and their *text*.
    """

    array: Bytes
    table: Table
    good: Flags
    text: bytes


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

    *rows* were kept, *aside* set aside, *nulled* values became null; *lines* of the
    text are behind it, those before what is sifted too. *stop* is where the next record
    begins.
    """

    dialect: Dialect
    plain: Plain
    rules: Rules
    judge: Judge | None = None
    rows: int = 0
    nulled: int = 0
    lines: int = 0
    stop: int = 0
    note: str = ""
    aside: list[Aside] = field(default_factory=list)

    def pieces(
        self,
        source: int | bytes,
        start: int,
        stop: int,
        *,
        until: int | None = None,
        size: int = 2 << 20,
    ) -> Iterator[bytes]:
        """
        Yield what is kept of bytes [start, stop) of *source*, whole records; with
        *until* of those that begin before it.

        Raises TooMany; Fault where no record's end can be told.
        """
        last = stop if until is None else min(until, stop)
        window = Window(source, start, stop, size)
        self.stop = start
        while window.at < last and len(array := window.array):
            table = table_of(array, self.dialect, self.rules.fields, final=window.final)
            table = table.before(last - window.at)
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
            self.stop = window.at

    def _longest(self, array: Bytes) -> bool:
        return len(array) >= HARD * self.dialect.max_line_bytes

    def _kept(self, array: Bytes, table: Table, window: Window) -> bytes:
        """
        Set aside what is not sound of *table*; return the rest.
        """
        records = np.cumsum(~table.skipped)
        found = dict(unsound(array, table, self.dialect, self.rules))
        mender = Mender(array, table, self.dialect, self.plain, self.rules)
        if self.rules.nulls:
            mender.pad(found)
        good = ~table.skipped
        good[list(found)] = False
        emitter = Emitter(self.dialect, self.plain)
        text = emitter.emit(array, table, good, mender.instead)
        columns: dict[int, str] = {}
        kept = _Kept(array, table, good, text)
        if text and (misfits := self._misfits(kept, emitter, mender)):
            places = np.flatnonzero(good)
            if self.rules.nulls:
                mender.blank_out(places, misfits)
            else:
                for misfit in reversed(misfits):
                    index = int(places[misfit.row])
                    found[index] = (misfit.reason, misfit.detail)
                    columns[index] = misfit.column
                    good[index] = False
            text = emitter.emit(array, table, good, mender.instead)
        done = self.rows + len(self.aside)
        ends = np.flatnonzero(line_ends(array[: table.used], self.dialect))
        for index in sorted(found):
            start, end = int(table.starts[index]), int(table.ends[index])
            self._put(
                Aside(
                    done + int(records[index]),
                    self.lines + int(np.searchsorted(ends, start)) + 1,
                    window.at + start,
                    *found[index],
                    array[start:end].tobytes(),
                    columns.get(index, ""),
                )
            )
        self.nulled += mender.nulled
        self.rows += int(good.sum())
        self.lines += len(ends)
        return text

    def _misfits(
        self, kept: _Kept, emitter: Emitter, mender: Mender
    ) -> Sequence[Misfit]:
        if self.judge is None:
            return ()
        if self.judge.doubts is None:
            return self.judge.misfits(kept.text)
        rows = self.judge.doubts(kept.text)
        if not len(rows):
            return ()
        places = np.flatnonzero(kept.good)
        if _MOST_DOUBTS * len(rows) > len(places) and not self.judge.partly:
            # A column of many nulls: it is cheaper to look at all at once from here on.
            self.judge = replace(self.judge, doubts=None)
            return self.judge.misfits(kept.text)
        some = np.zeros(len(kept.good), bool)
        some[places[rows]] = True
        text = emitter.emit(kept.array, kept.table, some, mender.instead)
        return [
            replace(misfit, row=int(rows[misfit.row]))
            for misfit in self.judge.misfits(text)
        ]

    def _put(self, aside: Aside) -> None:
        if len(self.aside) >= self.rules.limit:
            raise TooMany(aside)
        self.aside.append(aside)

    def _alone(self, window: Window) -> Iterator[bytes]:
        """
        Read the record or comment that the window begins with, by itself.
        """
        comment = self.dialect.comment
        text = window.array.tobytes()
        if comment and text.startswith(comment):
            self._pass_line(window)
            return
        record = read_record(text, 0, self.dialect)
        while not (window.final or _ends_within(record, window)):
            if self._longest(window.array):
                raise self._endless(window)
            window.grow()
            text = window.array.tobytes()
            record = read_record(text, 0, self.dialect)
        array = window.array[: record.end]
        if record.sound:
            yield self._kept(array, _single(array, record), window)
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
            raw = line.removesuffix(b"\n").removesuffix(b"\r")
            if raw:
                record = self.rows + len(self.aside) + 1
                detail = "a quote out of place"
                self._put(
                    Aside(record, self.lines + 1, at, Reason.BAD_QUOTE, detail, raw)
                )
            at += len(line)
            self.lines += line.endswith(b"\n") or (
                self.dialect.returns and line.endswith(b"\r")
            )

    def _skip(self, window: Window) -> None:
        """
        Pass a line that does not end within all that may be looked at.
        """
        array, dialect = window.array, self.dialect
        if dialect.comment and array.tobytes().startswith(dialect.comment):
            self._pass_line(window)
            return
        if not scan(array, dialect, final=window.final).closed:
            raise self._endless(window)
        most = dialect.max_line_bytes
        raw, at, line = array[:most].tobytes(), window.at, self.lines + 1
        self._move(window, settled(array, window))
        if self._pass_line(window, (dialect.quote, dialect.escape)):
            # Whether a line end behind one of these is the record's cannot be told.
            raise Fault(
                Reason.LINE_TOO_LONG,
                f"the record in line {line} at offset {at} is longer than "
                f"{HARD * most} bytes, and has quotes behind that",
            )
        record = self.rows + len(self.aside) + 1
        detail = f"longer than {most} bytes"
        self._put(Aside(record, line, at, Reason.LINE_TOO_LONG, detail, raw))

    def _pass_line(self, window: Window, marks: tuple[bytes, ...] = ()) -> bool:
        """
        Move behind the next line end; tell whether one of *marks* is passed.
        """
        marked = False
        while len(array := window.array):
            ends = np.flatnonzero(line_ends(array, self.dialect, final=window.final))
            used = int(ends[0]) + 1 if len(ends) else settled(array, window)
            passed = array[:used].tobytes()
            marked = marked or any(mark and mark in passed for mark in marks)
            if used:
                self._move(window, used)
            else:
                window.grow()
            if len(ends):
                break
        return marked

    def _move(self, window: Window, used: int) -> None:
        self.lines += lines(window.array[:used], self.dialect)
        window.move(used)

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


def _single(array: Bytes, record: Record) -> Table:
    return Table(
        starts=np.zeros(1, np.intp),
        ends=np.array([record.stop], np.intp),
        fields=np.array([len(record.fields)]),
        skipped=np.zeros(1, bool),
        used=len(array),
        ended=record.closed,
    )


def _ends_within(record: Record, window: Window) -> bool:
    return record.closed and record.end <= settled(window.array, window)
