"""
Records written anew in a plain dialect, which every engine's parser knows.

A plain dialect's own records are copied. Others are changed in place where that is
enough: a long delimiter becomes one byte, an escape goes or becomes a second quote. A
record for which it is not (an escaped delimiter outside quotes) is read and written
anew by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingestd.run.text.blocks import blocks
from ingestd.run.text.dialect import CANONICAL_QUOTE, UNIT_SEPARATORS, Dialect
from ingestd.run.text.octets import BLANK, CR, LF, Bytes, Flags, Positions
from ingestd.run.text.quotes import field_begins
from ingestd.run.text.records import Marks, Table, active_escapes, scan
from ingestd.run.text.tokens import read_record, rewritten

_NULL_MARK = ord("N")


@dataclass(frozen=True, slots=True)
class Plain:
    """
    What is written: one byte between fields, *quote* or none around them, LF or CRLF.
    """

    delimiter: bytes
    quote: bytes


def plain_for(dialect: Dialect, source: int | bytes, start: int, stop: int) -> Plain:
    """
    Return the plain dialect to write *source* in; its own where that is plain.

    Raises ValueError when no byte is left that could stand for a long delimiter.
    """
    quote = dialect.quote
    if not quote and (dialect.escape or _has_returns(source, start, stop)):
        quote = CANONICAL_QUOTE
    if len(dialect.delimiter) == 1:
        return Plain(dialect.delimiter, quote)
    found = np.zeros(256, bool)
    for piece in blocks(source, start, stop):
        found[np.frombuffer(piece, np.uint8)] = True
    for byte in UNIT_SEPARATORS:
        if not found[byte]:
            return Plain(bytes((byte,)), quote)
    raise ValueError("every control byte occurs in the file")


def _has_returns(source: int | bytes, start: int, stop: int) -> bool:
    """
    Tell whether a CR stands before another byte than LF.
    """
    ended = False
    for piece in blocks(source, start, stop):
        text = np.frombuffer(piece, np.uint8)
        alone = (text[:-1] == CR) & (text[1:] != LF)
        if (ended and text[0] != LF) or bool(alone.any()):
            return True
        ended = bool(text[-1] == CR)
    return False


@dataclass(frozen=True, slots=True)
class Emitter:
    """
    Writes records of *dialect* in *plain*.
    """

    dialect: Dialect
    plain: Plain

    def emit(
        self,
        array: Bytes,
        table: Table,
        good: Flags,
        instead: Mapping[int, bytes] | None = None,
    ) -> bytes:
        """
        Return the records of *table* that are *good*, each with a line end; *instead*
        has whole records to write in place of some.
        """
        array = array[: table.used]
        whole = dict(instead or {})
        if self.dialect.plain:
            written, keep = array, None
            hard = self._misread(array, table)
        else:
            written, keep, hard = self._changed(array, table)
        for index in _records_of(hard, table):
            if good[index] and index not in whole:
                whole[index] = self._anew(array, table, index)
        if whole:
            return self._pieces(written, keep, table, good, whole)
        return _taken(written, keep, table, good)

    def _pieces(
        self,
        written: Bytes,
        keep: Flags | None,
        table: Table,
        good: Flags,
        whole: dict[int, bytes],
    ) -> bytes:
        plain = good.copy()
        plain[list(whole)] = False
        text = _taken(written, keep, table, plain)
        begins = _begins(written, keep, table, plain)
        pieces, done = [], 0
        for index in sorted(whole):
            if good[index]:
                pieces += [text[done : begins[index]], whole[index]]
                done = begins[index]
        return b"".join([*pieces, text[done:]])

    def _misread(
        self, array: Bytes, table: Table, delimiters: Flags | None = None
    ) -> Positions:
        """
        Return places in records that a parser of the plain dialect would misread: a CR
        at the end of a bare field, which some take off, and quotes that are text.
        """
        wrong = np.zeros(0, np.intp)
        if self.plain.quote and not self.dialect.quote:
            wrong = np.flatnonzero(array == self.plain.quote[0])
        behind = np.flatnonzero(array == CR) + 1
        behind = behind[behind < len(array)]
        behind = behind[array[behind] == self.dialect.delimiter[0]]
        if len(behind):
            if delimiters is None:
                delimiters = scan(array, self.dialect).delimiters
            behind = behind[delimiters[behind]]
            # Where CR ends a line the field behind it is the first of the next one.
            wrong = np.append(wrong, np.setdiff1d(behind, table.starts))
        return wrong

    def _changed(self, array: Bytes, table: Table) -> tuple[Bytes, Flags, Positions]:
        """
        Return *array* rewritten, which of its bytes stay, and places in records for
        which that is not enough.
        """
        dialect, marks = self.dialect, scan(array, self.dialect)
        out, keep = array.copy(), np.ones(len(array), bool)
        hits = np.flatnonzero(marks.delimiters)
        out[hits] = self.plain.delimiter[0]
        for extra in range(1, len(dialect.delimiter)):
            keep[hits + extra] = False
        if dialect.returns:
            out[marks.ends] = LF
        if dialect.skip_blanks:
            keep &= ~_leading_blanks(array, table, hits + len(dialect.delimiter))
        hard = self._misread(array, table, marks.delimiters)
        if dialect.escape:
            escaped = self._unescape(array, table, marks, out, keep)
            hard = np.append(hard, escaped)
        return out, keep, hard

    def _anew(self, array: Bytes, table: Table, index: int) -> bytes:
        raw = array[table.span(index)].tobytes()
        fields = read_record(raw, 0, self.dialect).fields
        return rewritten(fields, self.plain.delimiter, self.plain.quote)

    def _unescape(
        self, array: Bytes, table: Table, marks: Marks, out: Bytes, keep: Flags
    ) -> Positions:
        """
        Take escapes out; return the places where that is not enough.
        """
        dialect, plain = self.dialect, self.plain
        places = active_escapes(array, dialect)
        last = len(array) - 1
        behind = array[np.minimum(places + 1, last)]
        inside = (
            np.zeros(len(places), bool)
            if marks.outside is None
            else ~marks.outside[places]
        )
        quote = plain.quote[0]
        twin = inside & (behind == quote)
        out[places[twin]] = quote
        null = self._nulls(array, table, marks, places)
        keep[places[~twin & ~null]] = False
        special = np.isin(
            behind, [LF, CR, quote, plain.delimiter[0], dialect.delimiter[0]]
        )
        return np.asarray(places[~inside & special])

    def _nulls(
        self, array: Bytes, table: Table, marks: Marks, places: Positions
    ) -> Flags:
        r"""
        Tell which escapes begin a field that is ``\N`` and nothing else.
        """
        if not self.dialect.escaped_null:
            return np.zeros(len(places), bool)
        size = len(array)
        begins = field_begins(array, self.dialect, marks.delimiters, marks.ends)
        ends = np.zeros(size + 2, bool)
        ends[:size] = marks.delimiters
        ends[table.ends] = True
        named = array[np.minimum(places + 1, size - 1)] == _NULL_MARK
        return np.asarray(begins[places] & named & ends[places + 2])


def _taken(written: Bytes, keep: Flags | None, table: Table, good: Flags) -> bytes:
    """
    Return the bytes of the *good* records, the last one with a line end too.
    """
    if good.all() and keep is None:
        text = written.tobytes()
    else:
        text = written[_chosen(keep, table, good)].tobytes()
    return text if table.ended or not good[-1] else text + b"\n"


def _begins(
    written: Bytes, keep: Flags | None, table: Table, good: Flags
) -> Sequence[int]:
    """
    Return where each record of *table* begins, or would, in what is ``_taken``.
    """
    before = np.zeros(len(written) + 1, np.int64)
    np.cumsum(_chosen(keep, table, good), out=before[1:])
    begins: list[int] = before[table.starts].tolist()
    return begins


def _chosen(keep: Flags | None, table: Table, good: Flags) -> Flags:
    after = np.append(table.starts[1:], table.used)
    chosen = np.repeat(good, after - table.starts)
    return chosen if keep is None else chosen & keep


def _records_of(places: Positions, table: Table) -> list[int]:
    found = np.searchsorted(table.starts, places, side="right") - 1
    return [int(index) for index in np.unique(found)]


def _leading_blanks(array: Bytes, table: Table, begins: Positions) -> Flags:
    """
    Return the blanks between the beginning of a field and its first other byte.
    """
    blank = array == BLANK
    places = np.flatnonzero(blank)
    flags = np.zeros(len(array), bool)
    if not len(places):
        return flags
    field = np.zeros(len(array) + 1, bool)
    field[begins] = True
    field[table.starts] = True
    first = np.concatenate(([True], np.diff(places) != 1)) | field[places]
    number = np.arange(len(places))
    run = np.maximum.accumulate(np.where(first, number, 0))
    flags[places[field[places[run]]]] = True
    return flags
