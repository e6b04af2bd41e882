"""
Lines of JSON on their way to a parser of CSV: what is no record is set aside.

As with CSV, care is a filter in front of the parser; here every text goes through it.
Each line is judged by itself, so that it makes no difference how a text is cut.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.jsonl.rows import Rows
from ingestd.run.jsonl.values import BLANKS, Unfit, keys_apart
from ingestd.run.text.count import filled_lines
from ingestd.run.text.dialect import CANONICAL_QUOTE, Dialect
from ingestd.run.text.emit import Plain
from ingestd.run.text.mend import Misfit
from ingestd.run.text.sieve import HARD, Aside, Judge, TooMany
from ingestd.run.text.tokens import read_record, rewritten
from ingestd.run.text.unsound import Rules
from ingestd.run.text.window import Window

PLAIN = Plain(b",", CANONICAL_QUOTE)
"""What is written."""

_WRITTEN = Dialect(PLAIN.delimiter, PLAIN.quote)
_MOST_DOUBTS = 4
"""One row in so many may be looked at a second time."""


@dataclass(slots=True)
class _Block:
    """
    Whole lines, of which *rows* came from those at *places*; *found* says what is wrong
    with others.
    """

    lines: list[bytes]
    rows: list[bytes]
    places: Sequence[int]
    found: dict[int, tuple[Reason, str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class LineSieve:
    """
    One text on its way; iterate ``pieces``, then ask for the counts, as of ``Sieve``.

    *first*: the text begins where its file does; *whole*: it is all of it.
    *max_line_bytes* bounds a line.
    """

    rows_of: Rows
    rules: Rules
    max_line_bytes: int
    judge: Judge | None = None
    first: bool = True
    whole: bool = True
    rows: int = 0
    nulled: int = 0
    lines: int = 0
    stop: int = 0
    aside: list[Aside] = field(default_factory=list)

    @property
    def note(self) -> str:
        """
        What differs from the schema, in words.
        """
        return self.rows_of.columns.note(whole=self.whole)

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
        Yield the rows of bytes [start, stop) of *source*; with *until* of the lines
        that begin before it.

        Raises TooMany, Outgrown, and Fault.
        """
        last = stop if until is None else min(until, stop)
        window = Window(source, start, stop, size)
        self.stop = start
        while window.at < last and len(array := window.array):
            text = array.tobytes()
            used = _used(text, last - window.at, final=window.final)
            if used:
                yield self._kept(text[:used], window.at)
                window.move(used)
            elif len(text) >= HARD * self.max_line_bytes:
                self._skip(window)
            else:
                window.grow()
            self.stop = window.at
        self._check()

    def _kept(self, text: bytes, at: int) -> bytes:
        """
        Return the rows of *text*, whole lines, and set the others aside.
        """
        lines = text.split(b"\n")
        ended = not lines[-1]
        if ended:
            lines.pop()
        block = self._block(text, lines, ended=ended)
        if len(block.rows) + len(block.found) != filled_lines(text):
            detail = "not as many records and rejects as there are lines"
            raise Fault(Reason.ROW_COUNT, f"{detail} behind offset {at}")
        self._judge(block)
        self._put(block, at)
        self.rows += len(block.rows)
        self.lines += len(lines) - (not ended)
        return b"".join(block.rows)

    def _block(self, text: bytes, lines: list[bytes], *, ended: bool) -> _Block:
        sound = (
            (ended or not self.rules.whole_end)
            and max(map(len, lines)) <= self.max_line_bytes
            and b"\0" not in text
            and _is_text(text)
        )
        if sound and (rows := self.rows_of.uniform(text, lines)) is not None:
            return _Block(lines, rows, range(len(lines)))
        places: list[int] = []
        block = _Block(lines, [], places)
        last, apart = -1 if ended else len(lines) - 1, keys_apart(text)
        for place, line in enumerate(lines):
            if not line.strip(BLANKS):
                continue
            try:
                if not sound:
                    self._check_line(line, cut=place == last)
                block.rows.append(self.rows_of.row(line, apart=apart))
            except Unfit as unfit:
                block.found[place] = (unfit.reason, unfit.detail, "")
            except Fault as fault:
                if not self.first:
                    raise
                where = f"line {self.lines + place + 1}"
                raise Fault(fault.reason, f"{where}: {fault.detail}") from fault
            else:
                places.append(place)
        return block

    def _check_line(self, line: bytes, *, cut: bool) -> None:
        size, most = len(line.removesuffix(b"\r")), self.max_line_bytes
        if cut and self.rules.whole_end:
            detail = "the last record has no newline: was it cut?"
            raise Unfit(Reason.NO_FINAL_NEWLINE, detail)
        if size > most:
            detail = f"{size} bytes, expected at most {most}"
            raise Unfit(Reason.LINE_TOO_LONG, detail)
        if b"\0" in line:
            raise Unfit(Reason.NUL_BYTE, "a NUL byte")
        if not _is_text(line):
            raise Unfit(Reason.BAD_ENCODING, "bytes that are no text")

    def _judge(self, block: _Block) -> None:
        """
        Take the rows with values that do not fit out of *block*, or make nulls of them.
        """
        misfits = self._misfits(block.rows) if block.rows else ()
        wrong: dict[int, list[Misfit]] = {}
        for misfit in misfits:
            wrong.setdefault(misfit.row, []).append(misfit)
        if self.rules.nulls:
            for row, several in wrong.items():
                block.rows[row] = self._mended(block.rows[row], several)
                self.nulled += len(several)
            return
        for row, (misfit, *_) in wrong.items():
            why = (misfit.reason, misfit.detail, misfit.column)
            block.found[block.places[row]] = why
        if wrong:
            block.rows = [row for n, row in enumerate(block.rows) if n not in wrong]

    def _mended(self, row: bytes, misfits: list[Misfit]) -> bytes:
        fields = read_record(row, 0, _WRITTEN).fields
        for misfit in misfits:
            fields[misfit.place] = self.rules.null_text
        return rewritten(fields, PLAIN.delimiter, PLAIN.quote)

    def _misfits(self, rows: list[bytes]) -> Sequence[Misfit]:
        if self.judge is None:
            return ()
        if self.judge.doubts is None:
            return self.judge.misfits(b"".join(rows))
        places = self.judge.doubts(b"".join(rows)).tolist()
        if _MOST_DOUBTS * len(places) > len(rows) and not self.judge.partly:
            self.judge = replace(self.judge, doubts=None)
            return self.judge.misfits(b"".join(rows))
        some = b"".join(rows[place] for place in places)
        found = self.judge.misfits(some) if some else ()
        return [replace(misfit, row=places[misfit.row]) for misfit in found]

    def _put(self, block: _Block, at: int) -> None:
        if not block.found:
            return
        offsets = itertools.accumulate(
            (len(line) + 1 for line in block.lines), initial=at
        )
        starts, numbers = list(offsets), _numbers(block.lines)
        done = self.rows + len(self.aside)
        for place in sorted(block.found):
            reason, detail, column = block.found[place]
            raw = block.lines[place].removesuffix(b"\r")
            record, line = done + numbers[place], self.lines + place + 1
            self._set_aside(
                Aside(record, line, starts[place], reason, detail, raw, column)
            )

    def _set_aside(self, aside: Aside) -> None:
        if len(self.aside) >= self.rules.limit:
            raise TooMany(aside)
        self.aside.append(aside)

    def _skip(self, window: Window) -> None:
        """
        Pass a line that does not end within all that may be looked at.
        """
        most, at = self.max_line_bytes, window.at
        raw, end = window.array[:most].tobytes(), -1
        while end < 0 and len(array := window.array):
            end = array.tobytes().find(b"\n")
            window.move(end + 1 if end >= 0 else len(array))
        record, line = self.rows + len(self.aside) + 1, self.lines + 1
        detail = f"longer than {most} bytes"
        self._set_aside(Aside(record, line, at, Reason.LINE_TOO_LONG, detail, raw))
        self.lines += end >= 0

    def _check(self) -> None:
        """
        Raise Fault where the text as a whole is not what was expected, and Outgrown.
        """
        if self.rows:
            self.rows_of.columns.check(whole=self.whole)
        elif self.first and self.aside and _other_format(self.aside[0]):
            where = f"line {self.aside[0].line}: {self.aside[0].detail}"
            hint = 'expected an object on each line; source.format = "csv" reads CSV'
            raise Fault(Reason.BAD_JSON, f"no record at all; {where}; {hint}")


def _other_format(aside: Aside) -> bool:
    found = aside.reason is Reason.BAD_JSON
    return found and aside.raw.lstrip(BLANKS)[:1] != b"{"


def _used(text: bytes, limit: int, *, final: bool) -> int:
    """
    Return where the last line of *text* ends that begins before *limit* and is whole.
    """
    if limit <= len(text) and (edge := text.find(b"\n", limit - 1) + 1):
        return edge
    return len(text) if final else text.rfind(b"\n", 0, limit) + 1


def _numbers(lines: list[bytes]) -> list[int]:
    """
    Return the number, from 1, that each of *lines* has among those that are records.
    """
    return list(itertools.accumulate(bool(line.strip(BLANKS)) for line in lines))


def _is_text(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
