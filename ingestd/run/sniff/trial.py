"""
How a text reads in one dialect: the reader's own sieve tells.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.header import look
from ingestd.run.sniff.sample import Text
from ingestd.run.text.dialect import CANONICAL_QUOTE, Dialect
from ingestd.run.text.emit import Plain, plain_for
from ingestd.run.text.footer import without_footer
from ingestd.run.text.records import table_of
from ingestd.run.text.sieve import Aside, Sieve, TooMany
from ingestd.run.text.tokens import read_record
from ingestd.run.text.unsound import Rules

_WINDOW = 4 << 10
"""Small: behind each broken quote the window is looked at again."""

_CUT = 16 << 10
"""A record that an excerpt cuts is no longer than this, else its quote is broken."""

_RECORDS = 500
"""So many tell how many fields records have."""

_SHARE = 3
_FEW, _MOST = 20, 1000
"""A dialect that sets a third of the lines aside is none; but of few lines all may be,
and of many no more than these."""

_SINGLE = b"'"


@dataclass(frozen=True, slots=True)
class Trial:
    """
    What a text is in one dialect, its header taken for a record.

    *width* is the number of fields that most records have. *rows* were kept, as *kept*
    in the *plain* dialect; *aside* were not. *begin* and *stop* are the records' bytes
    of the text; *misread*: kept records with a field that still stands in quotes.
    *behind*: of a longer file, the lines at its end that are no records.
    *refused* says why nothing could be read.
    """

    width: int = 0
    rows: int = 0
    aside: tuple[Aside, ...] = ()
    kept: bytes = b""
    plain: Plain = field(default_factory=lambda: Plain(b",", b""))
    dialect: Dialect = field(default_factory=lambda: Dialect(b","))
    begin: int = 0
    stop: int = 0
    misread: int = 0
    behind: int = 0
    refused: str = ""


def tried(text: Text, options: Csv, width: int = 0) -> Trial:
    """
    Read *text* with *options*; *width* 0 takes what most records have.
    """
    data = text.data
    try:
        header = look(data, len(data), options.model_copy(update={"header": False}))
        stop = len(data)
        if text.whole:
            skip, returns = options.skip_footer, header.dialect.returns
            stop = without_footer(data, header.end, stop, skip, returns=returns)
        plain = plain_for(header.dialect, data, header.end, stop)
        width = width or _width(data, header.end, stop, header.dialect)
        most = min(max(_FEW, data.count(b"\n") // _SHARE), _MOST)
        sieve = Sieve(header.dialect, plain, Rules(width, most))
        kept = b"".join(sieve.pieces(data, header.end, stop, size=_WINDOW))
    except (Fault, ValueError) as error:
        return Trial(refused=str(error))
    except TooMany as error:
        return Trial(refused=f"most records do not fit: {error.last.detail}")
    aside = tuple(sieve.aside)
    if not text.whole:
        stop, aside = _without_the_cut(data, stop, aside, header.dialect)
    multi_line = kept.count(b"\n") != sieve.rows
    return Trial(
        width=width,
        rows=sieve.rows,
        aside=aside,
        kept=kept,
        plain=plain,
        dialect=header.dialect,
        begin=header.end,
        stop=stop,
        misread=_misread(kept, plain, header.dialect),
        behind=0 if multi_line else _behind(text.tail, width, header.dialect),
    )


def _width(text: bytes, start: int, stop: int, dialect: Dialect) -> int:
    """
    Return how many fields most records have; one only where few have more.
    """
    widths = _widths(text, start, stop, dialect)
    alone = widths.pop(1, 0)
    if not widths:
        return 1
    most, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    return most if 2 * times >= alone else 1


def _widths(text: bytes, start: int, stop: int, dialect: Dialect) -> Counter[int]:
    """
    Count the records of each number of fields, those of the first lines.
    """
    found: Counter[int] = Counter()
    whole = np.frombuffer(text, np.uint8)
    at, size, broken = start, _WINDOW, 0
    while at < stop and found.total() < _RECORDS and broken < _RECORDS // 10:
        end = min(stop, at + size)
        table = table_of(whole[at:end], dialect, 0, final=end == stop)
        found.update(table.fields[~table.skipped].tolist())
        at += table.used
        if table.alone:
            record = read_record(text, at, dialect)
            comment = dialect.comment and text.startswith(dialect.comment, at)
            if record.sound and not comment:
                found[len(record.fields)] += 1
            at, broken = record.end, broken + 1
        elif not table.used:
            if end == stop:
                break
            size *= 2
    return found


def _without_the_cut(
    text: bytes, stop: int, aside: tuple[Aside, ...], dialect: Dialect
) -> tuple[int, tuple[Aside, ...]]:
    """
    Leave out the record that the end of an excerpt cuts, if it is no long one.
    """
    for index, bad in enumerate(aside):
        if bad.reason is not Reason.BAD_QUOTE or stop - bad.offset > _CUT:
            continue
        if not read_record(text, bad.offset, dialect).closed:
            return bad.offset, aside[:index]
    return stop, aside


def _behind(tail: bytes, width: int, dialect: Dialect) -> int:
    """
    Count the lines at the end of *tail* that are no records of *width* fields; none
    where no line is one.

    Where records have several lines nothing is known: a line may be the end of one.
    """
    lines = 0
    for line in reversed(tail.rstrip(b"\r\n").split(b"\n")):
        record = read_record(line, 0, dialect)
        if record.sound and len(record.fields) == width:
            return lines
        lines += bool(line.rstrip(b"\r"))
    return 0


def _misread(kept: bytes, plain: Plain, dialect: Dialect) -> int:
    """
    Return how many records of *kept* have a field within quotes that are none here.
    """
    double = 0
    if dialect.quote != CANONICAL_QUOTE:
        # What was put into these quotes here has its own doubled.
        ours = plain.quote == CANONICAL_QUOTE
        double = _wrapped(kept, plain, CANONICAL_QUOTE * (3 if ours else 1))
    single = 0
    if dialect.quote != _SINGLE:
        single = _wrapped(kept, plain, _SINGLE)
        # Words stand in single quotes: one column does everywhere, or none is quoted.
        if 2 * single < kept.count(b"\n"):
            single = 0
    return max(double, single)


def _wrapped(kept: bytes, plain: Plain, quote: bytes) -> int:
    between = plain.delimiter
    if quote not in kept:
        return 0
    lines = kept.split(b"\n")
    return sum(
        any(
            len(value) > len(quote)
            and value.startswith(quote)
            and value.endswith(quote)
            for value in map(bytes.lstrip, line.split(between))
        )
        for line in lines
        if quote in line
    )
