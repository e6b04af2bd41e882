"""
What is wrong with records, and what a null can mend.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.errors import Reason
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import plain_for
from ingestd.run.text.mend import Misfit
from ingestd.run.text.records import table_of
from ingestd.run.text.sieve import Judge, Sieve
from ingestd.run.text.unsound import Rules, unsound
from tests.fuzz.sifting import MANY, plain_rows
from tests.fuzz.texts import bounded

PLAIN = Dialect(b",", b'"', max_line_bytes=20)
TWO = Rules(2, MANY)


def reasons(text: bytes, rules: Rules = TWO) -> dict[int, Reason]:
    array = np.frombuffer(text, np.uint8)
    table = table_of(array, PLAIN, rules.fields, final=True)
    found = unsound(array, table, PLAIN, rules)
    return {index: reason for index, (reason, _) in found}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"a,b", None),
        (b"a", Reason.TOO_FEW_FIELDS),
        (b"a,b,c", Reason.TOO_MANY_FIELDS),
        (b"a," + b"b" * 18, None),
        (b"a," + b"b" * 19, Reason.LINE_TOO_LONG),
        (b"a,\0", Reason.NUL_BYTE),
        (b"\xff\0", Reason.BAD_ENCODING),
        (b"a,\xc3", Reason.BAD_ENCODING),
        (b'"\0\n",b', Reason.NUL_BYTE),
        ("a,é𝄞".encode(), None),
        (b"a,\xed\xa0\x80", Reason.BAD_ENCODING),  # a surrogate
        (b"a,\xc0\x80", Reason.BAD_ENCODING),  # a NUL that is too long
    ],
)
def test_the_weightiest_reason_is_told(record, reason):
    """
    Of the record that it is, whatever stands beside it.
    """
    expected = {1: reason} if reason else {}
    beside = "é,€\n".encode()

    assert expected == reasons(beside + record + b"\n" + beside)


@bounded(100)
@given(st.lists(st.binary(max_size=6), max_size=6))
def test_bad_bytes_are_found_in_their_record(lines):
    """
    However many there are, and whatever text stands between them.
    """
    plain = [line.translate(None, b',"\r\n\0') + b",x" for line in lines]
    bad = []
    for index, line in enumerate(plain):
        try:
            line.decode()
        except UnicodeDecodeError:
            bad.append(index)

    text = b"".join(line + b"\n" for line in plain)

    assert dict.fromkeys(bad, Reason.BAD_ENCODING) == reasons(text)


@pytest.mark.parametrize("end", [b"", b"\r", b"\n", b"\r\n"])
def test_a_last_record_needs_its_line_end(end):
    """
    All of it.
    """
    expected = {} if end.endswith(b"\n") else {1: Reason.NO_FINAL_NEWLINE}

    assert expected == reasons(b"a,b\nc,d" + end, Rules(2, MANY, whole_end=True))


@pytest.mark.parametrize("quote", [b'"', b""])
def test_a_record_that_is_mended_keeps_what_fits(quote):
    """
    The CR before its line end, too.
    """
    rows = nulled(b"1\r,2\r\r\n3,4,5\n", Dialect(b",", quote), {})

    assert [[b"1\r", b"2\r", b"NA"], [b"3", b"4", b"5"]] == rows


def nulled(text: bytes, dialect: Dialect, wrong: dict[int, list[int]]) -> list:
    """
    Return the rows of *text* where *wrong* values, by row and place, become null.
    """

    def judge(given: bytes) -> list[Misfit]:
        return [
            Misfit(row, place, f"c{place}", "wrong")
            for row, places in wrong.items()
            for place in places
        ]

    rules = Rules(3, MANY, nulls=True, null_text=b"NA")
    plain = plain_for(dialect, text, 0, len(text))
    sieve = Sieve(dialect, plain, rules, Judge(judge))
    found = b"".join(sieve.pieces(text, 0, len(text)))
    rows = plain_rows(found, Dialect(plain.delimiter, plain.quote))
    assert len(rows) == sieve.rows
    assert sum(row.count(b"NA") for row in rows) == sieve.nulled
    return rows


def test_what_does_not_fit_becomes_null_and_its_neighbours_stay():
    """
    Missing fields and wrong values, beside text with delimiters, quotes and newlines.
    """
    text = b'1,"a,""\n",x\n\n2\n3,"b",y,z\n4,c\\,c,"d\\"\n"\n'
    dialect = Dialect(b",", b'"', escape=b"\\")

    assert [
        [b"NA", b'a,"\n', b"NA"],
        [b"2", b"NA", b"NA"],
        [b"4", b"NA", b'd"\n'],
    ] == nulled(text, dialect, {0: [0, 2], 2: [1]})
