"""
Formats of dates and timestamps: what is a format, and what could be read in two ways.
"""

from __future__ import annotations

import pytest

from ingestd.config.formats import Piece, date_format, fits, pieces, timestamp_format

DATES = [
    "iso",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%-m/%-d/%Y",
    "%Y%m%d",
    "%y%m%d",
    "%d %b %Y",
    "%A, %d %B %Y",
    "%e %b %Y",
    "%Y-%j",
    "100%% %d/%m/%Y",
]
TIMES = [
    "iso",
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S",
    "%Y%m%d%H%M%S%3f",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%d %H:%M:%S,%f",
    "%a %b %d %H:%M:%S %z %Y",
    "%Y-%m-%d %H",
    "%s",
    "%s.%f",
    "%s,%3f",
    "%s%3f",
    "%s%9f",
]
NO_DATES = {
    "": "expected one of %Y %y: the year",
    "date": "expected one of %Y %y: the year",
    "%Y-%m": "expected one of %d %-d %e: the day",
    "%d.%m": "expected one of %Y %y: the year",
    "%Y-%d": "expected one of %m %-m %b %B: the month",
    "%Y-%m-%d %H:%M": "expected no %H: a date has no time",
    "%s": "expected no %s: a date has no time",
    "%Y-%m-%d%z": "expected no %z: a date has no time",
    "%Y-%y-%m-%d": "expected one directive for the year",
    "%Y-%m-%d %d": "expected one directive for the day",
    "%Y-%j-%m": "expected %j or month and day, not both",
    "%-d%m%Y": "expected no digit right behind %-d",
    "%Y%-m%-d": "expected no digit right behind %-m",
    "%d.%m.20%y": "expected no digit of '.20' beside a directive of digits",
    "%Y0-%m-%d": "expected no digit of '0-' beside a directive of digits",
    "%Y-%m-%d\n": "expected no control characters",
}
NO_TIMES = {
    "%Y-%m-%d %M": "expected the hour beside the minute",
    "%Y-%m-%d %H %S": "expected the minute beside the second",
    "%Y-%m-%d %H:%M.%f": "expected the second beside the fraction",
    "%Y-%m-%d %z": "expected the hour beside the offset",
    "%Y-%m-%d %I:%M": "expected %I and %p together",
    "%Y-%m-%d %H:%M %p": "expected %I and %p together",
    "%H:%M": "expected one of %Y %y: the year",
    "%d.%m.%Y %H:%M:%S.%f%Y": "expected one directive for the year",
    "%H:%M:%S.%f%d.%m.%Y": "expected no digit right behind %f",
    "%H:%M:%S%z%d.%m.%Y": "expected no digit right behind %z",
}
NO_COUNTS = ["%s %z", "%s%f", "%s:%f", "%s.%f ", "%Y %s", "%s%S", "x%s"]
UNKNOWN = ["%Q", "%D", "%T", "%c", "%Z", "%5f", "%-Y", "%", "%-", "%3", "%Ey"]


@pytest.mark.parametrize("text", DATES)
def test_formats_of_dates(text):
    """
    Every directive of a date is taken, in any order.
    """
    assert text == date_format(text)


@pytest.mark.parametrize("text", TIMES)
def test_formats_of_timestamps(text):
    """
    A date alone is a moment too: what is missing is zero.
    """
    assert text == timestamp_format(text)


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_format_of_dates(text):
    """
    The error says what is missing, or where a value could be cut in two ways.
    """
    with pytest.raises(ValueError, match="expected") as caught:
        date_format(text)

    assert NO_DATES[text] == str(caught.value)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_format_of_timestamps(text):
    """
    A smaller part needs the larger ones; twelve hours need their half.
    """
    with pytest.raises(ValueError, match="expected") as caught:
        timestamp_format(text)

    assert NO_TIMES[text] == str(caught.value)


@pytest.mark.parametrize("text", NO_COUNTS)
def test_a_count_since_1970_stands_alone(text):
    """
    Nothing but a fraction may follow it.
    """
    with pytest.raises(ValueError, match=r"expected (%s alone|the|one)"):
        timestamp_format(text)


@pytest.mark.parametrize("text", UNKNOWN)
def test_the_list_of_directives_is_closed(text):
    """
    Whatever another strptime may know, it is named and refused.
    """
    with pytest.raises(ValueError, match=f"unknown directive {text}; expected %Y %y"):
        timestamp_format(f"%Y-%m-%d {text}")


def test_the_pieces_of_a_format():
    """
    Text between directives is one piece, a doubled percent sign among it.
    """
    expected = (Piece("%Y"), Piece("", "%-"), Piece("%-m"), Piece("", " x%y "))

    assert expected == pieces("%Y%%-%-m x%%y ")


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("%Y-%m-%d %H:%M:%S", {"timestamp", "timestamp(ns)"}),
        ("%Y-%m-%d %H:%M:%S.%f", {"timestamp", "timestamp(ns)"}),
        ("%Y-%m-%d %H:%M:%S.%9f", {"timestamp(ns)"}),
        ("%Y-%m-%d %H:%M:%S%z", {"timestamp(tz)"}),
        ("%Y-%m-%d %H:%M:%S.%9f%z", set()),
        ("%s", {"timestamp", "timestamp(ns)", "timestamp(tz)"}),
        ("%s%9f", {"timestamp(ns)"}),
        ("iso", {"timestamp", "timestamp(ns)", "timestamp(tz)"}),
    ],
)
def test_which_types_a_format_fits(text, types):
    """
    An offset belongs to timestamp(tz) alone; more digits than a type holds fit none.
    """
    every = ("timestamp", "timestamp(ns)", "timestamp(tz)")

    assert types == {column_type for column_type in every if fits(text, column_type)}
