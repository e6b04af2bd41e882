"""
The scan of many records at once, against the reference and the record read alone.
"""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ingestd.run.text.dialect import Dialect
from ingestd.run.text.records import table_of
from ingestd.run.text.tokens import read_record
from tests.fuzz.reference import lines_of
from tests.fuzz.texts import bounded, dialects_and_texts, written

PLAIN = Dialect(b",", b'"')


def table(text: bytes, dialect: Dialect, fields: int = 3, *, final: bool = True):
    return table_of(np.frombuffer(text, np.uint8), dialect, fields, final=final)


def records(found) -> list[tuple]:
    return list(
        zip(
            found.starts.tolist(),
            found.ends.tolist(),
            found.fields.tolist(),
            found.skipped.tolist(),
            strict=True,
        )
    )


def same(line, found) -> bool:
    start, end, fields, skipped = found
    if skipped or line.fields is None:
        return skipped and line.fields is None and start == line.start
    return (start, end, fields) == (line.start, line.end, len(line.fields))


@bounded(100)
@given(dialects_and_texts(), st.booleans())
def test_each_record_is_where_the_reference_has_it(pair, final):
    """
    All that the scan returns is right, and it stops only where one is to be read alone
    or is not all there.
    """
    dialect, text = pair
    lines = list(lines_of(text, dialect))

    found = table(text, dialect, final=final)

    given_ = records(found)
    assert all(map(same, lines, given_)), (lines, given_)
    assert all(line.sound for line in lines[: len(given_)])
    rest = lines[len(given_) :]
    assert (rest[0].start if rest else len(text)) == found.used
    if rest and final:
        assert found.alone


@bounded(80)
@given(written(noise=False))
def test_the_scan_and_the_reading_of_one_record_agree(case):
    """
    On every sound record: where it ends, and how many fields it has.
    """
    dialect, rows, text = case
    found, at = table(text, dialect), 0
    if found.used < len(text):  # only what may be a comment with quotes in it
        assert found.alone
        rest = (b"\n" + text[found.used :]).replace(b"\r", b"\n")
        assert b"\n" + dialect.comment in rest
        rows = rows[: len(found.starts)]

    for start, end, fields, skipped in records(found):
        one = read_record(text, at, dialect)
        assert (at, one.stop, len(one.fields)) == (start, end, fields)
        assert (one.sound, one.closed, skipped) == (True, True, False)
        at = one.end
    assert [len(row) for row in rows] == found.fields.tolist()


@bounded(100)
@given(dialects_and_texts(), st.data())
def test_what_is_looked_at_first_makes_no_difference(pair, data):
    """
    The records of a part of a text are the first of the whole.
    """
    dialect, text = pair
    size = data.draw(st.integers(0, len(text)))

    part = table(text[:size], dialect, final=False)
    whole = table(text, dialect)

    assert records(whole)[: len(part.starts)] == records(part) or (
        # Where the whole has a quote out of place its scan ends before that.
        whole.alone and records(part)[: len(whole.starts)] == records(whole)
    )


@bounded(100)
@given(dialects_and_texts(), st.data())
def test_records_before_a_border(pair, data):
    """
    Those that begin before it, and the next one begins where they stop.
    """
    dialect, text = pair
    border = data.draw(st.integers(1, len(text) + 1))
    whole = table(text, dialect)

    cut = whole.before(border)

    assert [r for r in records(whole) if r[0] < border] == records(cut)
    left = [r[0] for r in records(whole) if r[0] >= border]
    assert (left[0] if left else whole.used) == cut.used
    assert cut.alone == (whole.alone and whole.used < border)


@pytest.mark.parametrize("expected", [1, 2, 3, 199, 200, 300])
@pytest.mark.parametrize("off", [0, -1, 1, 255, 256, 257, 512, -256])
def test_fields_are_counted_exactly(expected, off):
    """
    Sums of bytes wrap at 256: a record longer by that is not the expected one, whatever
    stands beside it.
    """
    has = max(1, expected + off)
    counts = [expected, has, expected, max(1, expected - off)]
    text = b"".join(b"," * (n - 1) + b"\n" if n > 1 else b"x\n" for n in counts)

    assert counts == table(text, PLAIN, expected).fields.tolist()


@pytest.mark.parametrize(
    ("delimiter", "text", "fields"),
    [
        (b"aa", b"aaa\n", 2),  # leftmost: nothing, and a
        (b"aa", b"aaaa\n", 3),
        (b"||", b"x|||y\n", 2),
        (b"||", b'"x"||"|"||\n', 3),
        ("¦".encode(), "¦§¦\n".encode(), 3),
    ],
)
def test_delimiters_do_not_overlap(delimiter, text, fields):
    """
    The leftmost one counts, then the next behind it.
    """
    assert [fields] == table(text, Dialect(delimiter, b'"')).fields.tolist()


@pytest.mark.parametrize("text", [b"", b"\n", b"\r\n", b"\r", b"\n\n\r\n"])
def test_blank_lines_are_no_records(text):
    """
    However they end.
    """
    found = table(text, PLAIN)

    assert found.skipped.all()
    assert len(text) == found.used
