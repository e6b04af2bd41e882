"""
Random dialects and random texts for them, as Hypothesis strategies.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random

import hypothesis.strategies as st
from hypothesis import HealthCheck, assume, settings
from hypothesis.strategies import SearchStrategy

from ingestd.config import Csv, Pipeline
from ingestd.config.rules import PIPELINE_RULES
from ingestd.run.text.dialect import Dialect, dialect_of
from tests.fuzz.writer import Writer, writable

DELIMITERS = [",", ";", "\t", "|", "||", "~|~", ", ", "aa", "¦", "→", "→¦", "\x1f"]
QUOTES = ['"', "'", "|", " ", ""]
ESCAPES = ["", "\\", "^", '"', "N", " "]
COMMENTS = ["", "#", "//", "é", " "]
_RETURNS = 0.3
NULLS = [("",), ("\\N", "^N"), ("", "NA")]


def bounded(examples: int) -> settings:
    """
    Return the settings of a property that is tried *examples* times, on any machine.
    """
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def allowed(options: dict[str, object]) -> bool:
    """
    Tell whether a configuration may have *options* for its CSV files.
    """
    pipeline = Pipeline(name="p", csv=options)
    rules = [rule for rule in PIPELINE_RULES if rule.reads == {"csv"}]
    return not any(found for rule in rules for found in rule.check(pipeline))


@lru_cache(maxsize=100_000)
def _checked(delimiter, quote, escape, comment, skip_blanks, nulls) -> Csv | None:
    options = {
        "delimiter": delimiter,
        "quote": quote,
        "escape": escape,
        "comment": comment,
        "skip_blanks": skip_blanks,
        "nulls": nulls,
    }
    return Csv(**options) if allowed(options) else None


def drawn(random: Random) -> Csv:
    """
    Return some options that a configuration may have.
    """
    while True:
        choices = (DELIMITERS, QUOTES, ESCAPES, COMMENTS, (False, True), NULLS)
        if found := _checked(*map(random.choice, choices)):
            return found


@lru_cache
def some_dialects(count: int = 400) -> list[Dialect]:
    random = Random(0)
    return [
        dialect_of(drawn(random), returns=random.random() < _RETURNS)
        for _ in range(count)
    ]


def dialects() -> SearchStrategy[Dialect]:
    """
    Return dialects that a configuration may have: hundreds, always the same, since
    drawing each of their marks would take longer than what is tried with them.
    """
    return st.sampled_from(some_dialects())


def marks_of(dialect: Dialect) -> list[bytes]:
    """
    Return pieces of text that mean something in *dialect*, or nearly do.
    """
    marks = {dialect.delimiter, dialect.quote, dialect.escape, dialect.comment}
    parts = {mark[:1] for mark in marks} | {mark[-1:] for mark in marks}
    others = {b"\n", b"\r", b"\r\n", b" ", b"a", b"N", b"1", b"\0", b"\xff"}
    pairs = {dialect.quote * 2, dialect.escape + b"N", dialect.escape * 2}
    return sorted((marks | parts | others | pairs | {"é→".encode()}) - {b""})


def texts(dialect: Dialect, most: int = 24) -> SearchStrategy[bytes]:
    """
    Return texts of up to *most* pieces that mean something in *dialect*.
    """
    pieces = st.lists(st.sampled_from(marks_of(dialect)), max_size=most)
    return pieces.map(b"".join)


def dialects_and_texts(most: int = 24) -> SearchStrategy[tuple[Dialect, bytes]]:
    """
    Return dialects, each with a text that has its marks.
    """
    return dialects().flatmap(lambda d: st.tuples(st.just(d), texts(d, most)))


def values(dialect: Dialect) -> SearchStrategy[bytes]:
    """
    Return values of fields, text without NUL, with the marks of *dialect* in them.
    """
    marks = [*(m.decode() for m in marks_of(dialect) if _is_text(m)), "0", "ž", "𝄞"]
    pieces = st.lists(st.sampled_from(marks), max_size=5)
    return pieces.map(lambda found: "".join(found).encode())


def _is_text(mark: bytes) -> bool:
    try:
        return "\0" not in mark.decode()
    except UnicodeDecodeError:
        return False


def tables(dialect: Dialect, columns: int) -> SearchStrategy[list[list[bytes]]]:
    """
    Return tables of *columns* columns.
    """
    row = st.lists(values(dialect), min_size=columns, max_size=columns)
    return st.lists(row, max_size=6)


@st.composite
def written(
    draw: st.DrawFn, *, noise: bool = True, careful: bool = False
) -> tuple[Dialect, list[list[bytes]], bytes]:
    """
    Return a dialect, a table of one to four columns and the table as text.
    """
    dialect = draw(dialects())
    table = draw(tables(dialect, draw(st.integers(1, 4))))
    assume(writable(table, dialect))
    ends = (b"\r", b"\n", b"\r\n") if dialect.returns else (b"\n", b"\r\n")
    random = draw(st.randoms(use_true_random=False))
    writer = Writer(dialect, random, ends, careful=careful)
    return dialect, table, writer.text(table, noise=noise)
