"""
The strict reading and the careful one take the same texts, and give the same values.

A file with one bad row is read with care; the rest of its rows must come out as if the
bad one had never been there.
"""

from __future__ import annotations

import functools

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from ingestd.config import Csv
from ingestd.run.engines.polars.convert import (
    keeps_empty,
    markers_are_words,
    stored_type,
)
from tests.unit.run.convert_kit import REFUSED, listed, same, strictly, with_care

NATIVE = ("int8", "int64", "uint8", "uint64", "float32", "float64", "bool")
OTHERS = (
    "decimal(5,2)",
    "decimal(38,0)",
    "date",
    "timestamp",
    "timestamp(ns)",
    "timestamp(tz)",
    "string",
    "null",
)
DIALECTS = {
    "plain": Csv(),
    "a marker that is a number": Csv(nulls=("", "-999", "nan")),
    "a marker with a quote": Csv(nulls=("", '"', 'say "no"')),
    "nothing is null": Csv(nulls=()),
    "an empty field is a value": Csv(nulls=("NA",)),
    "a comma": Csv(decimal=","),
    "groups": Csv(thousands=",", nulls=("", "1,000")),
    "groups and a comma": Csv(decimal=",", thousands="."),
    "groups with blanks": Csv(thousands=" "),
    "groups with blanks that do not break": Csv(thousands="\N{NO-BREAK SPACE}"),
    "other words": Csv(true_values=("yes", "1"), false_values=("no", "0")),
    "formats": Csv(
        date_formats=("%d.%m.%Y", "iso", "%-m/%-d/%y"),
        timestamp_formats=("%d.%m.%Y %H:%M", "iso", "%s", "%d %b %Y %I%p %z"),
    ),
}
NUMBERS = listed(
    "1|+5|-0|+0|00|007|-007|+-5|--1|++1|1_000|0x10|0b1|1.|.5|-.5|+.5|.|+|-|1e3|1E+05|"
    "1e|1e+|e5|1.e5|.e5|1.5.2|1e5.5|0e0|-0.0|1d|1f|1L|inf|Inf|INF|-inf|+inf|infinity|"
    "-Infinity|in|infi|nan|NaN|-nan|+nan|nano|1e400|-1e400|1e-400|3.5e38|1e39|1e-45|"
    "3.4028235677973366e38|7e-46|4.9e-324|2.4e-324|16777217|16777219|9007199254740993|"
    "0.30000000000000004|127|128|-128|-129|255|256|32768|65536|2147483648|4294967296|"
    "9223372036854775807|9223372036854775808|-9223372036854775808|99999.99|999.99|1000|"
    "-9223372036854775809|18446744073709551615|18446744073709551616|1.234|1.230|"
    f"1.2300001|{'0' * 50}1|{'9' * 38}|{'9' * 39}|0.{'0' * 50}1"
)
MARKED = listed(
    "1,000|1.000|1.234.567,89|1,234,567.89|1,23|1,2345|12,34,567|1,000,|,100|0,123|"
    "0.123|0,5|1,5|1.5|,5|1.000.00|1 234|1 234.5|1\u00a0234|1 \u00a0234|1000,5|-1,000|"
    "1234.567,8|+1.000,5e3|1,000e3|1.|1,|1,,000|1..000|1 000 000"
)
BLANKS = listed(
    " 1|  1|\t1|1 |1\t| +1|+ 1| -1|- 1| inf| |  |\t| \t ||\n1|1\n|\r1|\x0b1|\x0c1"
)
UNUSUAL = listed(
    "\u0661\u0662|\uff11\uff12|\u22125|1\u200b|\u00a01|\u20031|\ufeff1|\u221e|\u00bd|"
    "1\u0660|\u2212 1|#|\ufffd|'1|1%|(1)|1-|$1"
)
WORDS = listed(
    "true|True|TRUE|tRuE|false|False|FALSE|fAlSe|t|f|yes|no|Yes|1|0|on| true|true |"
    'fal\u017fe|NA|null|None|-999| -999|-999.0|nan|"|say "no"|1900-01-01'
)
MOMENTS = listed(
    "2026-02-28|2026-02-29|2024-02-29|2026-2-8|0000-01-01|0001-01-01|9999-12-31|"
    "+2026-02-28|12026-02-28|28.02.2026|28.2.2026|31.02.2026|2/8/26|02/08/26|13/1/26|"
    "20260228|2026-02-28T01:02|2026-02-28 01:02:03|2026-02-28T01:02:03.1|"
    "2026-02-28T01:02:03.123456|2026-02-28T01:02:03.1234567|2026-02-28T01:02:03.|"
    "2026-02-28T01:02:03.123456789|2026-02-28T24:00:00|2026-02-28T23:59:60|"
    "2026-02-28T01:02:03Z|2026-02-28T01:02:03+05:30|2026-02-28T01:02+0530|"
    "2026-02-28T01:02:03-01|2026-02-28T01:02:03+24:00|0001-01-01T00:00:00+01:00|"
    "9999-12-31T23:59:59-01:00|1677-12-31T00:00:00|1678-01-01T00:00:00|"
    "2261-12-31T23:59:59.999999999|2262-01-01T00:00:00|28.02.2026 01:02|"
    "28.02.2026 1:02|1700000000|-1700000000|0|-0|00|253402300799|253402300800|"
    "-62135596800|-62135596801|99999999999999999999|28 Feb 2026 1PM +01:00|"
    "28 feb 2026 01pm Z|28 Feb 2026 13PM Z"
)
TEXTS = [*NUMBERS, *MARKED, *BLANKS, *UNUSUAL, *WORDS, *MOMENTS]
TYPES = (*NATIVE, *OTHERS)
SOME = 3


@functools.cache
def alone(text: str, column_type: str, dialect: str) -> object:
    """
    Return what a strict reading of a file with *text* as its one value gives.
    """
    found = strictly([text], column_type, DIALECTS[dialect])
    return found if isinstance(found, str) else found[0]


def agree(texts: list[str], column_type: str, dialect: str) -> None:
    """
    Fail unless both readings take the same of *texts*, with the same values.
    """
    options = DIALECTS[dialect]
    judged = dict(zip(texts, with_care(texts, column_type, options), strict=True))
    good = {text: value for text, value in judged.items() if value is not REFUSED}
    assert_equal(good, strictly(list(good), column_type, options))
    if markers_are_words(options) and not keeps_empty(options):
        # The first reading is not told the markers; without them it needs no second.
        good = {text: value for text, value in good.items() if value is not None}
        found = strictly(list(good), column_type, options, unmarked=True)
        assert_equal(good, found)
    refused = [text for text, value in judged.items() if value is REFUSED]
    if isinstance(stored_type(column_type, options), pl.String):
        # Where the reader parses nothing, both readings are one computation.
        refused = refused[:SOME]
    taken = [t for t in refused if alone(t, column_type, dialect) is not REFUSED]
    assert [] == taken


def assert_equal(good: dict[str, object], found: list[object] | str) -> None:
    assert not isinstance(found, str), good
    pairs = zip(good.items(), found, strict=True)
    assert [] == [(t, v, f) for (t, v), f in pairs if not same(v, f)]


@pytest.mark.parametrize("column_type", TYPES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_readings_take_the_same_texts(column_type, dialect):
    """
    Whatever the notation: blanks, signs, words, overflows, groups, markers, formats.
    """
    agree(list(dict.fromkeys(TEXTS)), column_type, dialect)


any_text = st.one_of(
    st.text("0123456789+-.,eE \t_'", max_size=8),
    st.text("0123456789", min_size=1, max_size=45),
    st.floats().map(repr),
    st.floats(width=32).map(lambda value: f"{value:.9g}"),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: f"{value:.30e}"),
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.integers(-(10**9), 10**9).map(lambda value: f"{value:,}"),
    st.datetimes().map(str),
    st.datetimes().map(lambda value: value.strftime("%d.%m.%Y %H:%M")),
    st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=4),
)


@given(
    texts=st.lists(any_text, min_size=1, max_size=30, unique=True),
    column_type=st.sampled_from(TYPES),
    dialect=st.sampled_from(list(DIALECTS)),
)
@settings(max_examples=150, deadline=None)
def test_both_readings_take_the_same_of_any_texts(texts, column_type, dialect):
    """
    Also of texts that nobody thought of.
    """
    agree(texts, column_type, dialect)
