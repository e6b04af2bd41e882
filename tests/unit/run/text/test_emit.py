"""
What is written anew, read by Python's csv module.
"""

from __future__ import annotations

import csv
import io

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from ingestd.run.text.dialect import UNIT_SEPARATORS, Dialect
from ingestd.run.text.emit import Emitter, Plain, plain_for
from ingestd.run.text.records import table_of
from ingestd.run.text.unsound import Rules
from tests.fuzz.reference import lines_of
from tests.fuzz.sifting import MANY, plain_rows, sieved
from tests.fuzz.texts import bounded, dialects_and_texts, written

PLAIN = Dialect(b",", b'"')


def read_strictly(text: bytes, plain: Plain) -> list[list[str]]:
    """
    Return the rows that Python's csv module reads; an empty line is one empty field.
    """
    options = {"quotechar": plain.quote.decode()} if plain.quote else {}
    options["quoting"] = csv.QUOTE_MINIMAL if plain.quote else csv.QUOTE_NONE
    lines = io.StringIO(text.decode(), newline="")
    found = csv.reader(
        lines, delimiter=plain.delimiter.decode(), strict=True, **options
    )
    return [row or [""] for row in found]


@bounded(100)
@given(written(careful=True), st.sampled_from([1, 7, 4096]))
def test_a_table_is_written_so_that_another_reader_has_it(case, size):
    """
    Any table in any dialect, through the sieve, is that table for Python's csv module
    (CRs are quoted there: a bare one ends its line).
    """
    dialect, table, text = case
    rules = Rules(len(table[0]) if table else 1, MANY)

    found, sieve = sieved(text, dialect, rules, size)

    expected = [[value.decode() for value in row] for row in table]
    assert expected == read_strictly(found, sieve.plain)


@bounded(100)
@given(dialects_and_texts(), st.data())
def test_what_is_written_are_the_good_records_and_those_instead(pair, data):
    """
    Any choice of the sound records, some of them replaced.
    """
    dialect, text = pair
    array = np.frombuffer(text, np.uint8)
    table = table_of(array, dialect, 3, final=True)
    lines = list(lines_of(text, dialect))[: len(table.starts)]
    keeps = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    good = ~table.skipped & np.array(keeps, bool)
    others = data.draw(st.sets(st.sampled_from(range(len(lines))))) if lines else set()
    plain = plain_for(dialect, text, 0, len(text))

    found = Emitter(dialect, plain).emit(
        array, table, good, dict.fromkeys(others, b"instead\n")
    )

    expected = [
        [b"instead"] if i in others else line.fields
        for i, line in enumerate(lines)
        if good[i]
    ]
    assert expected == plain_rows(found, Dialect(plain.delimiter, plain.quote))


@pytest.mark.parametrize("columns", [1, 2, 199, 200, 300])
def test_many_columns_with_everything_quoted(columns):
    """
    Quotes everywhere, empty fields, delimiters and newlines within quotes.
    """
    values = ['""', '"a,\n"', '"a""b"', '""""', '"ž"']
    row = [values[i % len(values)] for i in range(columns)]
    text = (",".join(row) + "\r\n") * 3

    found, sieve = sieved(text.encode(), PLAIN, Rules(columns, MANY), 5)

    expected = [v[1:-1].replace('""', '"') for v in row]
    assert [expected] * 3 == read_strictly(found, sieve.plain)


def test_the_delimiter_that_is_written_is_in_no_text():
    """
    A control byte that the text does not hold; where it holds all there is none.
    """
    dialect = Dialect(b"||", b'"')
    text = b"a||" + UNIT_SEPARATORS[:3] + b"\n"

    assert UNIT_SEPARATORS[3:4] == plain_for(dialect, text, 0, len(text)).delimiter
    with pytest.raises(ValueError, match="every control byte"):
        plain_for(dialect, UNIT_SEPARATORS, 0, len(UNIT_SEPARATORS))


def test_a_plain_dialect_is_written_as_it_is():
    """
    Byte for byte, but for a newline behind the last record.
    """
    text = b'a,"b\r\n"\r\nc,""'

    assert text + b"\n" == sieved(text, PLAIN, Rules(2, MANY), 3)[0]
