"""
One record, byte by byte, against the reference; and records written anew.
"""

from __future__ import annotations

import csv
import io

import hypothesis.strategies as st
from hypothesis import assume, given

from ingestd.run.text.dialect import Dialect
from ingestd.run.text.tokens import read_record, rewritten
from tests.fuzz.reference import record_at
from tests.fuzz.texts import bounded, dialects, dialects_and_texts, tables


@bounded(100)
@given(dialects_and_texts(), st.data())
def test_a_record_is_what_the_reference_reads(pair, data):
    """
    From any place on: fields, where its text and its line end, whether it is sound.
    """
    dialect, text = pair
    at = data.draw(st.integers(0, len(text)))

    found = read_record(text, at, dialect)

    line = record_at(text, dialect, at)
    assert (line.end, line.after, line.sound) == (found.stop, found.end, found.sound)
    assert (line.fields or [b""]) == found.fields


@bounded(80)
@given(dialects_and_texts())
def test_a_record_is_closed_by_a_line_end(pair):
    """
    What stands behind a closed record makes no difference to it.
    """
    dialect, text = pair
    found = read_record(text, 0, dialect)
    assume(found.closed and text[found.end - 1 : found.end] == b"\n")

    assert found == read_record(text[: found.end], 0, dialect)


@bounded(80)
@given(dialects().flatmap(lambda d: st.tuples(st.just(d), tables(d, 3))))
def test_rewritten_records_are_read_as_they_were(case):
    """
    By this reader and by Python's, whatever is in the fields.
    """
    _, table = case
    plain = Dialect(b";", b'"')
    text = b"".join(rewritten(row, b";", b'"') for row in table)

    lines = csv.reader(
        io.StringIO(text.decode(), newline=""), delimiter=";", strict=True
    )
    assert [[v.decode() for v in row] for row in table] == list(lines)
    at = 0
    for row in table:
        found = read_record(text, at, plain)
        assert (row, True, True) == (found.fields, found.sound, found.closed)
        at = found.end
    assert len(text) == at
