"""
Two independent readers, Python's csv module and DuckDB, and what they cannot be asked.

A reader gives the records of a text, or None where it refuses it or where its rules are
known to be others:

- csv ends a line at a CR alone (or refuses it outside quotes), so that where lines end
  in LF it is asked only about texts in which each CR stands before an LF or within
  quotes: it is given lines cut at LF, and refuses the rest by itself.
- csv knows no comments, no delimiter of several characters, and takes a quote within a
  bare field for text: whether a record's quotes are sound a regular expression says.
- csv takes any number of CRs before an LF for the line end.
- DuckDB guesses the line end (told that it is CRLF it reads wrong rows), takes a
  comment mark anywhere for one, knows escapes only within quotes and all line ends as
  one kind; it drops blank lines, and in one column empty fields with them.
"""

from __future__ import annotations

import csv
import re
import tempfile
from dataclasses import dataclass
from functools import lru_cache

import duckdb

from ingestd.run.text.dialect import Dialect

CR, LF = b"\r", b"\n"


@dataclass(frozen=True, slots=True)
class Seen:
    """
    A record as a reader has it: its *fields*, and the lines of text that it is.
    """

    fields: list[str]
    lines: list[bytes]


def by_csv(text: bytes, dialect: Dialect) -> list[Seen] | None:
    """
    Return the records of *text* by Python's csv module; blank lines are none.
    """
    if len(dialect.delimiter.decode()) > 1 or _may_have_comments(text, dialect):
        return None
    end = CR if dialect.returns else LF
    if (dialect.returns and LF in text) or CR + CR in text:
        return None
    lines = [line + end for line in text.split(end)]
    lines[-1] = lines[-1].removesuffix(end)
    lines = lines if lines[-1] else lines[:-1]
    # Bytes that are no text stay as they are, and are found again in the fields.
    said = [line.decode("utf-8", "surrogateescape") for line in lines]
    reader = csv.reader(iter(said), strict=True, **_csv_options(dialect))
    found, before = [], 0
    try:
        for row in reader:
            if row:
                found.append(Seen(row, lines[before : reader.line_num]))
            before = reader.line_num
    except csv.Error:
        return None
    return found


def _may_have_comments(text: bytes, dialect: Dialect) -> bool:
    return bool(dialect.comment) and dialect.comment in text


def _csv_options(dialect: Dialect) -> dict[str, object]:
    quoted = bool(dialect.quote)
    return {
        "delimiter": dialect.delimiter.decode(),
        "quotechar": dialect.quote.decode() if quoted else None,
        "quoting": csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        "escapechar": dialect.escape.decode() or None,
        "skipinitialspace": dialect.skip_blanks,
    }


@lru_cache(maxsize=256)
def _sound(dialect: Dialect) -> re.Pattern[bytes]:
    delimiter = re.escape(dialect.delimiter)
    marks = b"".join(re.escape(m) for m in (dialect.quote, dialect.escape) if m)
    text = b"[^%b]" % marks if marks else b"."
    escaped = b"|%b." % re.escape(dialect.escape) if dialect.escape else b""
    field = b"(?:(?!%b)%b%b)*" % (delimiter, text, escaped)
    if dialect.quote:
        quote = re.escape(dialect.quote)
        blanks = b" *" if dialect.skip_blanks else b""
        inner = b"(?:%b|%b%b%b)*" % (text, quote, quote, escaped)
        field = b"(?:%b%b%b%b|%b)" % (blanks, quote, inner, quote, field)
    return re.compile(b"%b(?:%b%b)*" % (field, delimiter, field), re.DOTALL)


def is_sound(raw: bytes, dialect: Dialect) -> bool:
    """
    Tell whether each quote of a record, a text with its line end, is in its place.
    """
    text = raw.removesuffix(LF)
    # A CR before it may be escaped, and is text then.
    either = (text, text.removesuffix(CR))
    return any(_sound(dialect).fullmatch(one) for one in either)


def by_duckdb(text: bytes, dialect: Dialect, columns: int) -> list[list[str]] | None:
    """
    Return the rows of *text* by DuckDB, if it takes them all.
    """
    unlike = (
        columns == 1
        or dialect.skip_blanks
        or dialect.escape
        or dialect.quote == b" "
        or b"\0" in text
        or len(dialect.delimiter) > 4
        or _may_have_comments(text, dialect)
    )
    if unlike or not text or not _one_kind_of_line_end(text, dialect):
        return None
    options = {
        "delim": dialect.delimiter.decode(),
        "quote": dialect.quote.decode(),
        "escape": dialect.quote.decode(),
        "comment": "",
        "nullstr": "\x01",
    }
    named = ", ".join(f"{key} = {_literal(value)}" for key, value in options.items())
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(columns))
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(text)
        file.flush()
        query = (
            f"SELECT * FROM read_csv('{file.name}', auto_detect = false, "
            f"header = false, strict_mode = true, parallel = false, "
            f"columns = {{{types}}}, {named})"
        )
        try:
            rows = duckdb.sql(query).fetchall()
        except duckdb.Error:
            return None
    return [["" if value is None else value for value in row] for row in rows]


def _one_kind_of_line_end(text: bytes, dialect: Dialect) -> bool:
    if dialect.returns:
        return LF not in text
    rest = text.replace(CR + LF, b"")
    return CR not in rest and (CR + LF not in text or LF not in rest)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
