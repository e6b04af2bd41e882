"""
The count that the parser's rows are held against.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ingestd.run.text.count import count
from ingestd.run.text.dialect import Dialect
from tests.fuzz.reference import lines_of
from tests.fuzz.sifting import opened
from tests.fuzz.texts import bounded, texts

PLAIN = Dialect(b",", b'"')
DIALECTS = [
    PLAIN,
    Dialect(b";", b"'", comment=b"#"),
    Dialect(b"\t"),
    Dialect(b"|", b'"', max_line_bytes=6),
]
PAIRS = st.sampled_from(DIALECTS).flatmap(lambda d: st.tuples(st.just(d), texts(d, 12)))


def is_clean(text: bytes, dialect: Dialect, fields: int) -> bool:
    """
    By the reference; bytes that are no text are the parser's to find. A CR in front of
    a delimiter is for the careful reading: the parser takes it off a bare field; and so
    is what looks like a comment with a quote in it, within quotes or not.
    """
    marks = [mark for mark in (dialect.quote, dialect.escape) if mark]
    for line in text.replace(b"\r", b"\n").split(b"\n") if dialect.comment else ():
        if line.startswith(dialect.comment) and any(mark in line for mark in marks):
            return False
    lines = list(lines_of(text, dialect))
    kept = b"\0" not in text and b"\r" + dialect.delimiter not in text
    return kept and all(
        line.fields is not None
        and line.sound
        and len(line.fields) == fields
        and line.end - line.start <= dialect.max_line_bytes
        for line in lines
    )


def is_short(text: bytes, dialect: Dialect) -> bool:
    """
    Tell whether no line is too long with its CR, which sums count as a part of it.
    """
    longest = max(map(len, text.split(b"\n")))
    return b"\r" not in text or longest <= dialect.max_line_bytes


@pytest.fixture(name="small", autouse=True)
def small_fixture(monkeypatch):
    """
    Small blocks and windows, so that everything crosses their borders.
    """
    monkeypatch.setattr("ingestd.run.text.count.BLOCK", 3)
    init = "ingestd.run.text.window.Window.__init__.__defaults__"
    monkeypatch.setattr(init, (2,))


@bounded(100)
@given(PAIRS, st.integers(1, 3), st.booleans())
def test_an_exact_count_is_that_of_the_reference(pair, fields, in_memory):
    """
    Clean where all records are sound and of one size, and then their number.
    """
    dialect, text = pair
    with opened(text) as fd:
        source = text if in_memory else fd
        found = count(source, 0, len(text), dialect, fields, exact=True)

    assert is_clean(text, dialect, fields) == found.clean
    if found.clean:
        lines = list(lines_of(text, dialect))
        ends = sum(line.ends for line in lines)
        assert (len(lines), len(text), ends) == (found.records, found.stop, found.lines)


@bounded(100)
@given(PAIRS, st.integers(2, 3), st.booleans())
def test_sums_are_never_the_wrong_number_of_a_clean_text(pair, fields, in_memory):
    """
    A clean text is counted right however cheaply; one that passes for clean has no
    fewer records than lines, so that no row of it could be missed.
    """
    dialect, text = pair
    with opened(text) as fd:
        source = text if in_memory else fd
        found = count(source, 0, len(text), dialect, fields)

    if is_clean(text, dialect, fields) and (found.clean or is_short(text, dialect)):
        assert found.clean
        assert len(list(lines_of(text, dialect))) == found.records
    elif found.clean and not found.exact:
        # Short and long records that make up for each other: the parser or a second,
        # exact count finds them.
        lines = list(lines_of(text, dialect))
        assert len(lines) == found.records
        assert (fields - 1) * len(lines) == sum(
            len(line.fields or [b""]) - 1 for line in lines
        )


@bounded(100)
@given(PAIRS, st.integers(1, 3), st.booleans(), st.data())
def test_counts_of_slices_add_up(pair, fields, exact, data):
    """
    A slice's records are those that begin before its border.
    """
    dialect, text = pair
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=3)))
    if not is_clean(text, dialect, fields) or not is_short(text, dialect):
        return
    begin = records = lines = 0
    with opened(text) as fd:
        for until in [*borders, len(text)]:
            part = count(
                fd, begin, len(text), dialect, fields, exact=exact, until=until
            )
            assert part.clean
            begin, records = part.stop, records + part.records
            lines += part.lines
    found = count(text, 0, len(text), dialect, fields, exact=exact)

    assert (found.stop, found.records, found.lines) == (begin, records, lines)


def test_a_long_line_is_found_across_blocks():
    """
    The longest line allowed is counted from newline to newline, also by sums.
    """
    dialect = Dialect(b",", max_line_bytes=9)
    with opened(b"1,2\n" + b"1," + b"2" * 7 + b"\n1,2\n") as fd:
        assert count(fd, 0, 18, dialect, 2).clean
    with opened(b"1,2\n" + b"1," + b"2" * 8 + b"\n1,2\n") as fd:
        assert not count(fd, 0, 19, dialect, 2).clean


def test_nothing_is_clean():
    """
    An empty stretch has no records.
    """
    assert (0, True, 5) == (
        (found := count(b"a,b\n", 5, 5, PLAIN, 2)).records,
        found.clean,
        found.stop,
    )
