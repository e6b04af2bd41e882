"""
Single values from text: marks of numbers, exact decimals, words, nulls, ISO 8601.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from ingestd.config import Csv
from ingestd.run.engines.polars.convert import UNTYPED_VALUE, converted, expected_form
from tests.unit.run.convert_kit import REFUSED, nanoseconds, same, strictly, with_care

COMMA = Csv(decimal=",", thousands=".")
POINT = Csv(thousands=",")


def one(text: str, column_type: str, options: Csv = Csv(nulls=())) -> object:  # noqa: B008 - frozen
    """
    Return what both readings make of *text*.
    """
    (value,) = with_care([text], column_type, options)
    found = strictly([text], column_type, options)
    if value is REFUSED:
        assert REFUSED == found
    else:
        assert same(value, found[0])
    return value


@pytest.mark.parametrize(
    ("options", "column_type", "text", "expected"),
    [
        (COMMA, "float64", "1.234.567,89", 1234567.89),
        (COMMA, "float64", "-1234567,89", -1234567.89),
        (COMMA, "float64", "1.234", 1234.0),
        (COMMA, "float64", "1.234e3", 1234000.0),
        (COMMA, "float64", ",5", 0.5),
        (COMMA, "float64", "nan", float("nan")),
        (COMMA, "float32", "-INF", float("-inf")),
        (COMMA, "float64", " 1,5", 1.5),
        (COMMA, "float64", "1.5", REFUSED),
        (COMMA, "float64", "1.23", REFUSED),
        (COMMA, "float64", "1234.567", REFUSED),
        (COMMA, "float64", "1.234.56", REFUSED),
        (COMMA, "float64", "0.123", REFUSED),
        (COMMA, "float64", "1,234.567", REFUSED),
        (COMMA, "float64", "1,234,567", REFUSED),
        (COMMA, "float64", "1,5 ", REFUSED),
        (COMMA, "int64", "1.234.567", 1234567),
        (COMMA, "int64", "1234567", 1234567),
        (COMMA, "int64", "1,0", REFUSED),
        (COMMA, "int8", "1.234", REFUSED),
        (COMMA, "uint64", "18.446.744.073.709.551.615", 2**64 - 1),
        (COMMA, "uint64", "18.446.744.073.709.551.616", REFUSED),
        (COMMA, "decimal(9,2)", "1.234.567,89", Decimal("1234567.89")),
        (COMMA, "decimal(9,2)", "1.234.567,899", REFUSED),
        (POINT, "float64", "1,234.5", 1234.5),
        (POINT, "int64", "1,234", 1234),
        (POINT, "int64", "1234", 1234),
        (POINT, "int64", "1,23", REFUSED),
        (POINT, "int64", "12,34,567", REFUSED),
        (POINT, "int64", "1,234,", REFUSED),
        (POINT, "int64", ",234", REFUSED),
        (POINT, "int64", "1,,234", REFUSED),
        (POINT, "int64", "0,123", REFUSED),
        (POINT, "decimal(9,2)", "1,234.50", Decimal("1234.50")),
        (Csv(thousands=" "), "int64", "1 234 567", 1234567),
        (Csv(thousands=" "), "int64", " 1 234", 1234),
        (Csv(thousands="'"), "float64", "1'234.5", 1234.5),
        (Csv(thousands="\N{NO-BREAK SPACE}"), "int64", "1\u00a0234", 1234),
        (Csv(thousands="\N{NARROW NO-BREAK SPACE}"), "int64", "1\u202f234", 1234),
        (Csv(thousands="\N{RIGHT SINGLE QUOTATION MARK}"), "int64", "1\u2019234", 1234),
        (Csv(decimal="\N{ARABIC DECIMAL SEPARATOR}"), "float64", "1\u066b5", 1.5),
        (Csv(decimal=","), "int64", "1234", 1234),
        (Csv(decimal=","), "float64", "1234,5", 1234.5),
        (Csv(decimal=","), "float64", "1234.5", REFUSED),
    ],
)
def test_marks_of_numbers(options, column_type, text, expected):
    """
    Groups are whole or there are none, and a mark is never taken for the other.
    """
    value = one(text, column_type, options.model_copy(update={"nulls": ()}))

    assert same(expected, value)


@given(
    value=st.integers(-(10**18), 10**18),
    mark=st.sampled_from(",.' _\u00a0\u202f\u2019|"),
)
@settings(max_examples=25, deadline=None)
def test_groups_come_back(value, mark):
    """
    Whatever stands between them.
    """
    other = "," if mark == "." else "."
    options = Csv(thousands=mark, decimal=other, nulls=())

    assert value == one(f"{value:,}".replace(",", mark), "int64", options)


@given(data=st.data(), scale=st.integers(0, 38))
@settings(max_examples=40, deadline=None)
def test_decimals_are_exact(data, scale):
    """
    Up to 38 digits, never through a float; with any number of zeros behind.
    """
    digits = data.draw(st.integers(-(10**38) + 1, 10**38 - 1))
    whole, fraction = divmod(abs(digits), 10**scale)
    text = "-" * (digits < 0) + str(whole)
    if scale:
        text += f".{fraction:0{scale}d}" + "0" * data.draw(st.integers(0, 3))
    kind = f"decimal(38,{scale})"

    found = one(text, kind)

    places = tuple(int(digit) for digit in str(abs(digits)))
    assert Decimal((int(digits < 0), places, -scale)) == found


@pytest.mark.parametrize(
    ("column_type", "text"),
    [
        ("decimal(38,0)", "9" * 39),
        ("decimal(38,10)", "9" * 29),
        ("decimal(38,38)", "1"),
        ("decimal(3,0)", ".5"),
        ("decimal(3,0)", "1.5"),
        ("decimal(5,2)", "1.235"),
        ("decimal(5,2)", "0.0000000000000000000000000000000000000000001"),
        ("decimal(5,2)", "1000"),
        ("decimal(5,2)", "999.995"),
        ("decimal(5,2)", "1e2"),
        ("decimal(5,2)", "nan"),
        ("decimal(5,2)", " 1"),
        ("decimal(5,2)", "."),
        ("decimal(5,2)", ""),
    ],
)
def test_a_decimal_that_would_lose_a_digit_is_refused(column_type, text):
    """
    Neither rounded nor cut.
    """
    assert REFUSED == one(text, column_type)


@given(
    value=st.floats(allow_nan=False),
    form=st.sampled_from(["{!r}", "{:.17g}", "{:.25e}"]),
)
@settings(max_examples=40, deadline=None)
def test_floats_are_the_nearest(value, form):
    """
    As Python reads them, from text and by the reader alike.
    """
    text = form.format(value)

    assert same(value, one(text, "float64"))
    assert same(value, one(text.replace(".", ","), "float64", Csv(decimal=",")))


@pytest.mark.parametrize(
    ("options", "texts", "expected"),
    [
        (Csv(), ["true", "TRUE", "tRuE", "fALSE"], [True, True, True, False]),
        (Csv(true_values=("true",)), ["true", "false", "FALSE"], [True, False, False]),
        (
            Csv(true_values=("yes", "1"), false_values=("no",)),
            ["yes", "no", "1"],
            [True, False, True],
        ),
        (Csv(true_values=("oui",), false_values=()), ["oui", "oui"], [True, True]),
    ],
)
def test_words_of_booleans(options, texts, expected):
    """
    The default words may have any case; others stand for themselves.
    """
    assert expected == strictly(texts, "bool", options)
    assert expected == with_care(texts, "bool", options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (Csv(), "1"),
        (Csv(), " true"),
        (Csv(), "yes"),
        (Csv(true_values=("true",)), "True"),
        (Csv(true_values=("yes",), false_values=("no",)), "Yes"),
        (Csv(true_values=(), false_values=()), "true"),
    ],
)
def test_no_other_words_are_booleans(options, text):
    """
    Neither guessed nor trimmed.
    """
    assert REFUSED == one(text, "bool", options)


@pytest.mark.parametrize(
    "column_type",
    ["int64", "float64", "bool", "decimal(5,2)", "date", "timestamp", "timestamp(tz)"],
)
def test_without_nulls_an_empty_field_is_no_value(column_type):
    """
    Only text may be empty.
    """
    options = Csv(nulls=())

    assert REFUSED == one("", column_type, options)
    assert REFUSED == one("  ", column_type, options)
    assert "" == one("", "string", options)


@pytest.mark.parametrize("column_type", ["int64", "float64"])
@pytest.mark.parametrize("options", [Csv(), Csv(thousands=",")])
def test_blanks_alone_are_an_empty_number(column_type, options):
    """
    As the reader has it, which skips blanks before numbers.
    """
    assert [None, None] == with_care([" ", "\t "], column_type, options)
    assert [None, None] == strictly([" ", "\t "], column_type, options)


def test_a_column_of_nulls_takes_nulls_alone():
    """
    The type of a column that never had a value; any value is one too many.
    """
    assert [None, None] == strictly(["", "NA"], "null", Csv())
    assert [None, REFUSED] == with_care(["", "x"], "null", Csv())
    value = converted(pl.col("v"), "null", Csv())
    with pytest.raises(pl.exceptions.InvalidOperationError, match=UNTYPED_VALUE):
        pl.DataFrame({"v": ["x"]}).select(value)


FORMS = ["T", " ", "T.3", " .6", "T.9", "TZ", " .3Z", "T.6Z"]


@pytest.mark.parametrize("form", FORMS)
@given(
    moments=st.lists(
        st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1)),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=8, deadline=None)
def test_the_fast_way_and_the_slow_way_are_one(form, moments):
    """
    What the first value lets expect changes the time it takes, not a value.
    """
    column_type = "timestamp(tz)" if "Z" in form else "timestamp(ns)"
    digits = int(form[2:3]) if "." in form else 0
    texts = [
        f"{moment:%Y-%m-%d}{form[0]}{moment:%H:%M:%S}"
        + (f".{moment.microsecond:06d}123"[: digits + 1] if digits else "")
        + ("Z" if "Z" in form else "")
        for moment in moments
    ]
    frame = pl.DataFrame({"v": texts})

    assert form == expected_form(frame["v"], column_type, Csv())
    fast, slow = (
        frame.select(
            converted(pl.col("v"), column_type, Csv(), hint).cast(pl.Int64)
        ).to_series()
        for hint in (form, "")
    )
    assert slow.to_list() == fast.to_list()
    if not digits:
        expected = [nanoseconds(moment.replace(microsecond=0)) for moment in moments]
        unit = 1 if column_type == "timestamp(ns)" else 1000
        assert expected == [value * unit for value in fast.to_list()]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["01.02.2026"], "%d.%m.%Y"),
        (["01.02.2026", "02/28/2026"], "%m/%d/%Y"),
        (["02/28/2026", "2026-02-28"], "iso"),
        (["20260228"], ""),
        (["28 Feb 2026"], ""),
        ([], ""),
    ],
)
def test_the_formats_that_are_tried_end_with_the_last_one_needed(texts, expected):
    """
    Never with one before it: the first that fits holds.
    """
    options = Csv(date_formats=("%d.%m.%Y", "%m/%d/%Y", "iso", "%Y%m%d"))
    values = pl.Series("v", texts, dtype=pl.String)

    assert expected == expected_form(values, "date", options)


def test_what_is_expected_does_not_change_which_format_holds():
    """
    Also where a value fits two of them.
    """
    options = Csv(date_formats=("%d/%m/%Y", "%m/%d/%Y"))
    frame = pl.DataFrame({"v": ["12/31/2026", "01/02/2026"]})
    form = expected_form(frame["v"].head(1), "date", options)

    fast, slow = (
        frame.select(converted(pl.col("v"), "date", options, hint))
        .to_series()
        .to_list()
        for hint in (form, "")
    )

    assert slow == fast
