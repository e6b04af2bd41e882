"""
The records of a stretch of text, all at once: where each begins and ends, its fields.

The stretch begins where a record begins, so nothing is carried over from before: the
records of a text are the same however it is cut into stretches. This scan is our own
count, independent of the parser that makes the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from operator import and_

import numpy as np
import numpy.typing as npt

from ingestd.run.text.dialect import Dialect
from ingestd.run.text.lines import line_ends
from ingestd.run.text.octets import CR, Bytes, Flags, Positions
from ingestd.run.text.quotes import first_fault

_WRAPS = 200
"""Below this many fields a count modulo 256 and the sum together are exact: a record
that is off by 256 fields cannot be made up for by a shorter one."""


@dataclass(frozen=True, slots=True)
class Marks:
    """
    What a scan found, as flags for each byte: *outside* quotes or None for all of them;
    *escaped* or None; *delimiters*, at the first byte of each; *ends* as positions.
    *fault* is the place of the first quote that is out of place, -1 if none is; what
    lies behind it says nothing. *closed*: no quote is open at the end, and no escape.
    """

    outside: Flags | None
    escaped: Flags | None
    delimiters: Flags
    ends: Positions
    closed: bool = True
    fault: int = -1


@dataclass(frozen=True, slots=True)
class Table:
    """
    Whole records: record i is bytes [starts[i], ends[i]), its line end not included.

    *fields* is how many it has; *skipped* are blank lines and comments, which are no
    records. *used* is where the next record begins. *alone*: that one must be read by
    itself, since a quote in it is out of place, or it may be a comment with quotes.
    *ended*: the last record has a line end.
    """

    starts: Positions
    ends: Positions
    fields: npt.NDArray[np.int64]
    skipped: Flags
    used: int
    alone: bool = False
    ended: bool = True

    def span(self, index: int) -> slice:
        """
        Return the bytes of record *index*, its line end included.
        """
        behind = self.starts[index + 1 : index + 2].tolist() or [self.used]
        return slice(int(self.starts[index]), behind[0])

    def before(self, at: int) -> Table:
        """
        Return the records that begin before offset *at*.
        """
        kept = int(np.searchsorted(self.starts, at))
        if kept == len(self.starts):
            return self if self.used < at else replace(self, alone=False)
        return Table(
            self.starts[:kept],
            self.ends[:kept],
            self.fields[:kept],
            self.skipped[:kept],
            int(self.starts[kept]),
        )


def table_of(array: Bytes, dialect: Dialect, fields: int, *, final: bool) -> Table:
    """
    Return the records of *array*, which begins where a record begins.

    *fields* is the number expected, which makes counting faster. *final*: the text ends
    here, so that a last record needs no line end.
    """
    suspect = _comment_with_marks(array, dialect)
    if suspect >= 0:
        final = False
        array = array[:suspect]
    marks = scan(array, dialect, final=final or suspect >= 0)
    ends, alone = marks.ends, marks.fault >= 0 or suspect >= 0
    if marks.fault >= 0:
        ends = ends[: np.searchsorted(ends, marks.fault)]
    used = int(ends[-1]) + 1 if len(ends) else 0
    ended = True
    if final and not alone and used < len(array):
        if marks.closed:
            ends, used, ended = np.append(ends, len(array)), len(array), False
        else:
            alone = True
    starts = np.empty_like(ends)
    if len(ends):
        starts[0], starts[1:] = 0, ends[:-1] + 1
    counts = _fields(marks.delimiters, starts, used, fields)
    stops = _without_returns(array, starts, ends, marks.escaped)
    skipped = _skipped(array, starts, stops, dialect)
    return Table(starts, stops, counts, skipped, used, alone, ended)


def _comment_with_marks(array: Bytes, dialect: Dialect) -> int:
    """
    Return where the first line begins that may be a comment and holds a quote or an
    escape, which mean nothing there; -1 if none does.
    """
    if not dialect.comment or not (dialect.quote or dialect.escape):
        return -1
    text = array.tobytes()
    for found in _commented(dialect).finditer(text):
        line = found[0]
        if any(m in line for m in (dialect.quote, dialect.escape) if m):
            return found.start()
    return -1


@lru_cache(maxsize=64)
def _commented(dialect: Dialect) -> re.Pattern[bytes]:
    end = b"\r\n" if dialect.returns else b"\n"
    return re.compile(
        b"(?:^|(?<=[%b]))%b[^%b]*" % (end, re.escape(dialect.comment), end)
    )


def scan(array: Bytes, dialect: Dialect, *, final: bool = True) -> Marks:
    """
    Find the marks of *array* that are neither quoted nor escaped; see ``line_ends`` for
    *final*.
    """
    escaped = _escaped(array, dialect)
    quotes = _flags(array, dialect.quote, escaped) if dialect.quote else None
    places = np.flatnonzero(quotes) if quotes is not None else None
    newline = line_ends(array, dialect, final=final)
    outside: Flags | None = None
    if quotes is not None and places is not None and len(places):
        outside = ~np.bitwise_xor.accumulate(quotes)
        newline &= outside
    if escaped is not None:
        newline &= ~escaped
    delimiters = _delimiters(array, dialect, escaped, outside)
    ends = np.flatnonzero(newline)
    fault, closed = -1, True
    if outside is not None and places is not None:
        fault = first_fault(array, dialect, places, delimiters, ends)
        # A closing quote itself counts as outside, an opening one as inside.
        closed = bool(outside[-1])
    if escaped is not None and array[-1] == dialect.escape[0]:
        closed = closed and bool(escaped[-1])
    return Marks(outside, escaped, delimiters, ends, closed, fault)


def _flags(array: Bytes, mark: bytes, escaped: Flags | None) -> Flags:
    found = array == mark[0]
    if escaped is not None:
        found &= ~escaped
    return np.asarray(found)


def _escaped(array: Bytes, dialect: Dialect) -> Flags | None:
    """
    Return which bytes stand behind an escape that is not escaped itself.
    """
    if not dialect.escape:
        return None
    places = active_escapes(array, dialect)
    if not len(places):
        return None
    flags = np.zeros(len(array) + 1, bool)
    flags[places + 1] = True
    return flags[:-1]


def active_escapes(array: Bytes, dialect: Dialect) -> Positions:
    """
    Return the escapes of *array* that are not escaped: every second one of a run.
    """
    places = np.flatnonzero(array == dialect.escape[0])
    if not len(places):
        return places
    number = np.arange(len(places))
    first = np.concatenate(([True], np.diff(places) != 1))
    run = np.maximum.accumulate(np.where(first, number, 0))
    return np.asarray(places[(number - run) % 2 == 0])


def _delimiters(
    array: Bytes, dialect: Dialect, escaped: Flags | None, outside: Flags | None
) -> Flags:
    mark = dialect.delimiter
    length = len(array) - len(mark) + 1
    if length <= 0:
        return np.zeros(len(array), bool)
    hits = reduce(and_, (array[i : i + length] == b for i, b in enumerate(mark)))
    if outside is not None:
        hits &= outside[:length]
    if escaped is not None:
        hits &= ~escaped[:length]
    if len(mark) == 1:
        return np.asarray(hits)
    flags = np.zeros(len(array), bool)
    flags[_apart(np.flatnonzero(hits), len(mark))] = True
    return flags


def _apart(places: Positions, length: int) -> Positions:
    """
    Return those of *places* that do not overlap, leftmost first.
    """
    if not len(places) or int(np.diff(places).min(initial=length)) >= length:
        return places
    kept, after = [], 0
    for place in places.tolist():
        if place >= after:
            kept.append(place)
            after = place + length
    return np.array(kept, np.intp)


def _fields(
    delimiters: Flags, starts: Positions, used: int, fields: int
) -> npt.NDArray[np.int64]:
    if not len(starts):
        return np.zeros(0, np.int64)
    flags = delimiters[:used].view(np.uint8)
    narrow = fields < _WRAPS
    counts = _sums(flags, starts, np.uint8 if narrow else np.uint32)
    if narrow and int(counts.sum()) != int(np.count_nonzero(flags)):
        # A record is too long by a multiple of 256 fields.
        counts = _sums(flags, starts, np.uint32)
    return counts + 1


def _sums(
    flags: Bytes, starts: Positions, kind: type[np.uint8 | np.uint32]
) -> npt.NDArray[np.int64]:
    # Sums of bytes wrap at 256, and are much faster.
    if int(starts[-1]) >= len(flags):  # a last record of no byte
        rest = (
            np.add.reduceat(flags, starts[:-1], dtype=kind) if starts[1:].size else ()
        )
        return np.append(np.asarray(rest, np.int64), 0)
    return np.asarray(np.add.reduceat(flags, starts, dtype=kind), np.int64)


def _without_returns(
    array: Bytes, starts: Positions, ends: Positions, escaped: Flags | None
) -> Positions:
    """
    Return the ends without the CR of a CRLF, and of a text that ends in CR.
    """
    if not len(ends):
        return ends
    before = np.maximum(ends - 1, 0)
    trailing = (ends > starts) & (array[before] == CR)
    if escaped is not None:
        trailing &= ~escaped[before]
    return np.asarray(ends - trailing)


def _skipped(
    array: Bytes, starts: Positions, ends: Positions, dialect: Dialect
) -> Flags:
    skipped = ends == starts
    if dialect.comment and len(starts):
        mark, room = dialect.comment, ends - starts >= len(dialect.comment)
        last = len(array) - 1
        for i, byte in enumerate(mark):
            room &= array[np.minimum(starts + i, last)] == byte
        skipped = skipped | room
    return np.asarray(skipped)
