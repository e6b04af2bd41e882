"""
Declared formats: what was written comes back, and nothing is taken that was not
written that way.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from ingestd.config import Csv
from tests.unit.run.convert_kit import REFUSED, listed, nanoseconds, strictly, with_care

MONTHS = listed(
    "January|February|March|April|May|June|July|August|September|October|November|"
    "December"
)
DAYS = listed("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday")
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%-m/%-d/%Y",
    "%Y%m%d",
    "%y%m%d",
    "%d-%b-%Y",
    "%-d %B %Y",
    "%e %b %y",
    "%Y-%j",
    "%A, %B %-d, %Y",
    "%a %d/%m/%Y",
    "%Y年%m月%d日",
    "%d%%%m%%%Y",
    "(%Y) [%m]\t{%d}",
    "%b%d%Y",
)
TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d",
    "%d.%m.%Y %H:%M",
    "%Y-%m-%d %H",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M%S%3f",
    "%Y-%m-%d %H:%M:%S.%6f",
    "%Y-%m-%d %H:%M:%S,%3f",
    "%Y-%m-%d %H:%M:%S,%f",
    "%-m/%-d/%y %-H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%-m/%-d/%Y %-I:%M %p",
    "%I%p, %d %b %y",
    "%d/%b/%Y:%H:%M:%S",
    "%Y-%j %H:%M:%S.%f",
    "%H:%M:%S %d-%m-%Y",
    "%a %b %e %H:%M:%S %Y",
    "%Y年%m月%d日 %H:%M",
)
ZONED_FORMATS = (
    "%Y-%m-%d %H:%M:%S%z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d/%b/%Y:%H:%M:%S %z",
    "%m/%d/%Y %I:%M:%S.%f %p %z",
)
COUNTS = ("%s", "%s%3f", "%s%6f", "%s.%f", "%s,%3f", "%s.%6f")


def written(moment: datetime, form: str, digits: int = 6, zone: str = "") -> str:
    """
    Return *moment* in *form*, as a writer in C would have it; *digits* of a fraction.
    """
    since = moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    micro = since // timedelta(microseconds=1)
    fraction = f"{moment.microsecond:06d}000"
    if form.startswith("%s"):
        fraction = f"{abs(micro) % 10**6:06d}000"
    told = {
        "%Y": f"{moment.year:04d}",
        "%y": f"{moment.year % 100:02d}",
        "%m": f"{moment.month:02d}",
        "%-m": f"{moment.month}",
        "%b": MONTHS[moment.month - 1][:3],
        "%B": MONTHS[moment.month - 1],
        "%d": f"{moment.day:02d}",
        "%-d": f"{moment.day}",
        "%e": f"{moment.day:2d}",
        "%j": f"{moment.timetuple().tm_yday:03d}",
        "%a": DAYS[moment.weekday()][:3],
        "%A": DAYS[moment.weekday()],
        "%H": f"{moment.hour:02d}",
        "%-H": f"{moment.hour}",
        "%I": f"{(moment.hour - 1) % 12 + 1:02d}",
        "%-I": f"{(moment.hour - 1) % 12 + 1}",
        "%p": "AM" if moment.hour < 12 else "PM",
        "%M": f"{moment.minute:02d}",
        "%S": f"{moment.second:02d}",
        "%f": fraction[:digits],
        "%3f": fraction[:3],
        "%6f": fraction[:6],
        "%9f": fraction,
        "%z": zone,
        "%s": ("-" if micro < 0 else "") + str(abs(micro) // 10**6),
        "%%": "%",
    }
    text = re.sub(r"%[-369]?.", lambda found: told[found[0]], form)
    if re.fullmatch(r"%s%[369]f", form):
        # One number: its first digit is no zero, also within the first second.
        return text[: micro < 0] + (text.lstrip("-0") or "0")
    return text


def kept(moment: datetime, form: str, digits: int) -> datetime:
    """
    Return what of *moment* the *form* tells.
    """
    zero = {}
    if "%s" not in form:
        zero = {
            name: 0
            for name, marks in (
                ("hour", ("%H", "%-H", "%I", "%-I")),
                ("minute", ("%M",)),
                ("second", ("%S",)),
            )
            if not any(mark in form for mark in marks)
        }
    if "%6f" not in form:
        digits = 3 if "%3f" in form else digits if "%f" in form else 0
        unit = 10 ** (6 - digits)
        # Only a count has no year of its own, and cuts towards 1970.
        before = moment < datetime(1970, 1, 1) and "%s" in form
        micro = moment.microsecond // unit * unit
        moment = moment.replace(microsecond=micro) + (
            timedelta(microseconds=unit)
            if before and micro != moment.microsecond
            else timedelta(0)
        )
    return moment.replace(**zero)


def one(text: str, column_type: str, **formats: tuple[str, ...]) -> object:
    """
    Return what both readings make of *text*.
    """
    options = Csv(nulls=(), **formats)
    (value,) = with_care([text], column_type, options)
    found = strictly([text], column_type, options)
    assert ([value] if value is not REFUSED else REFUSED) == found
    return value


def every(texts: list[str], column_type: str, **formats: tuple[str, ...]) -> object:
    """
    Return what a strict reading makes of *texts*, which the careful one takes too.
    """
    options = Csv(nulls=(), **formats)
    assert REFUSED not in with_care(texts, column_type, options)
    return strictly(texts, column_type, options)


def few(test):
    return settings(max_examples=3, deadline=None)(given(data=st.data())(test))


MANY = 30
all_moments = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))
recent = st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31))


def moments(form: str) -> st.SearchStrategy[datetime]:
    return recent if "%y" in form else all_moments


@pytest.mark.parametrize("form", DATE_FORMATS)
@few
def test_a_date_comes_back(form, data):
    """
    In every format, whatever the day.
    """
    drawn = data.draw(st.lists(moments(form), min_size=MANY))
    texts = [written(moment, form) for moment in drawn]

    expected = [moment.date() for moment in drawn]
    assert expected == every(texts, "date", date_formats=(form,))


@pytest.mark.parametrize("form", TIME_FORMATS + COUNTS)
@few
def test_a_timestamp_comes_back(form, data):
    """
    What the format tells of it, and zero for the rest.
    """
    pairs = st.tuples(moments(form), st.integers(1, 6))
    drawn = data.draw(st.lists(pairs, min_size=MANY))
    texts = [written(moment, form, digits) for moment, digits in drawn]

    expected = [kept(moment, form, digits) for moment, digits in drawn]
    assert expected == every(texts, "timestamp", timestamp_formats=(form,))


def zone_of(minutes: int, style: str) -> str:
    if style == "Z":
        return "Z"
    hour, minute = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    behind = {"+hh:mm": f":{minute:02d}", "+hhmm": f"{minute:02d}", "+hh": ""}[style]
    return f"{sign}{hour:02d}{behind}"


@pytest.mark.parametrize("form", ZONED_FORMATS)
@few
def test_an_offset_is_taken_off(form, data):
    """
    Values are in UTC, whatever way the offset is written.
    """
    one_each = st.tuples(
        st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)),
        st.integers(-1439, 1439),
        st.sampled_from(["+hh:mm", "+hhmm", "+hh", "Z"]),
        st.integers(1, 6),
    )
    texts, expected = [], []
    for moment, drawn, style, digits in data.draw(st.lists(one_each, min_size=MANY)):
        minutes = {"Z": 0, "+hh": int(drawn / 60) * 60}.get(style, drawn)
        texts.append(written(moment, form, digits, zone_of(minutes, style)))
        zone = timezone(timedelta(minutes=minutes))
        expected.append(kept(moment, form, digits).replace(tzinfo=zone))

    assert expected == every(texts, "timestamp(tz)", timestamp_formats=(form,))


@pytest.mark.parametrize("form", [*TIME_FORMATS, *COUNTS, "%s%9f", "%s.%9f"])
@few
def test_nanoseconds_come_back(form, data):
    """
    timestamp(ns) has the same formats, and up to nine digits.
    """
    one_each = st.tuples(
        st.datetimes(datetime(1970, 1, 1), datetime(2067, 1, 1)),
        st.integers(1, 9),
        st.integers(0, 999),
    )
    texts, expected = [], []
    for moment, digits, extra in data.draw(st.lists(one_each, min_size=MANY)):
        text = written(moment, form, digits)
        value = nanoseconds(kept(moment, form, min(digits, 6)))
        if "%9f" in form:
            text, value = text[:-3] + f"{extra:03d}", nanoseconds(moment, extra)
        texts.append(text)
        expected.append(value)

    assert expected == every(texts, "timestamp(ns)", timestamp_formats=(form,))


@pytest.mark.parametrize("form", TIME_FORMATS + COUNTS)
@few
def test_nothing_is_taken_that_would_be_written_otherwise(form, data):
    """
    A text with a slip is refused, or is how its value is written.
    """
    slip = st.tuples(
        moments(form),
        st.integers(0, 40),
        st.integers(0, 2),
        st.text("0123456789 -+:./,TZapAPM\t", max_size=2),
    )
    texts = []
    for moment, place, length, put in data.draw(st.lists(slip, min_size=MANY)):
        text = written(moment, form)
        texts.append(text[:place] + put + text[place + length :])
    options = Csv(nulls=(), timestamp_formats=(form,))

    values = with_care(texts, "timestamp", options)

    for text, value in zip(texts, values, strict=True):
        if value is not REFUSED:
            assert again(value, form, text) == text.lower()


def again(value: datetime, form: str, text: str) -> str:
    """
    Return *value* written in *form*, with as many digits of a fraction as *text*.
    """
    if text == "-0":
        return text
    behind = re.search(r"[.,]([0-9]{1,6})$", text)
    found = written(value, form, len(behind[1]) if behind else 6)
    if form in ("%s%3f", "%s%6f"):
        found = str(nanoseconds(value) // 10 ** (9 - int(form[3])))
    return found.lower()


REFUSALS = {
    "%Y-%m-%d": [
        "2026-2-8",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-01-00",
        "0000-01-01",
        "26-02-28",
        " 2026-02-28",
        "2026-02-28 ",
        "2026-02-28T00:00:00",
        "20260228",
        "+2026-02-28",
        "-2026-02-28",
        "2026\u221202\u221228",
        "\uff12\uff10\uff12\uff16-02-28",
        "2026-02-28\n",
        "2026-02- 8",
    ],
    "%-m/%-d/%Y": ["02/28/2026", "2/08/2026", "0/1/2026", "13/1/2026", "2/30/2026"],
    "%Y%m%d": ["2026228", "202602288", "2026-02-28"],
    "%d %b %Y": [
        "28 \u017fep 2026",
        "28 Fev 2026",
        "28  Feb 2026",
        "28 Febr 2026",
        "30 Feb 2026",
    ],
    "%d %B %Y": ["28 Augu\u017ft 2026", "28 Feb 2026", "31 April 2026"],
    "%e %b %Y": ["08 Feb 2026", "8 Feb 2026"],
    "%Y-%j": ["2026-000", "2026-366", "2024-367", "2026-1"],
    "%a %d.%m.%Y": ["Fri 28.02.2026", "Sa 28.02.2026"],
}


@pytest.mark.parametrize(
    ("form", "text"),
    [(form, text) for form, texts in REFUSALS.items() for text in texts],
)
def test_a_date_in_another_form_is_refused(form, text):
    """
    No padding is forgiven, no day is moved.
    """
    assert REFUSED == one(text, "date", date_formats=(form,))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%Y %H:%M", "28.02.2026 24:00"),
        ("%d.%m.%Y %H:%M", "28.02.2026 1:02"),
        ("%d.%m.%Y %H:%M", "28.02.2026  01:02"),
        ("%d.%m.%Y %H:%M", "28.02.2026 01:60"),
        ("%d.%m.%Y %H:%M:%S", "28.02.2026 01:02:60"),
        ("%d.%m.%Y %I:%M %p", "28.02.2026 00:30 AM"),
        ("%d.%m.%Y %I:%M %p", "28.02.2026 13:30 PM"),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-02-28 01:02:03."),
        ("%Y-%m-%d %H:%M:%S.%f", "2026-02-28 01:02:03.1234567"),
        ("%Y-%m-%d %H:%M:%S.%3f", "2026-02-28 01:02:03.1234"),
        ("%Y-%m-%d %H:%M:%S%z", "2026-02-28 01:02:03Z"),
        ("%s", "1.5"),
        ("%s", "1e9"),
        ("%s", "+1"),
        ("%s", " 1"),
        ("%s", "01"),
        ("%s", "253402300800"),
        ("%s", "-62135596801"),
        ("%s", "9223372036854775808"),
        ("%s.%f", "1"),
        ("%s.%f", "1."),
        ("%s.%f", ".5"),
        ("%s.%f", "1.1234567"),
        ("%s%9f", "1700000000000000000"),
    ],
)
def test_a_timestamp_in_another_form_is_refused(form, text):
    """
    Neither are digits lost, nor an offset, nor is a leap second another second.
    """
    assert REFUSED == one(text, "timestamp", timestamp_formats=(form,))


def test_the_first_format_that_fits_holds():
    """
    Value by value, in the declared order.
    """
    formats = ("%d/%m/%Y", "%m/%d/%Y", "iso")
    texts = ["01/02/2026", "12/31/2026", "2026-03-04", "31/12/2026"]

    found = strictly(texts, "date", Csv(date_formats=formats))

    expected = [
        date(2026, 2, 1),
        date(2026, 12, 31),
        date(2026, 3, 4),
        date(2026, 12, 31),
    ]
    assert expected == found


def test_two_digits_of_a_year():
    """
    As POSIX has it: 69 to 99 are in the twentieth century, 00 to 68 in the next.
    """
    texts = ["690101", "991231", "000101", "681231"]

    found = strictly(texts, "date", Csv(date_formats=("%y%m%d",)))

    assert [1969, 1999, 2000, 2068] == [day.year for day in found]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%s%9f", "9214646400000000000"),
        ("%s%9f", "-9214560000000000001"),
        ("%s", "9223372037"),
        ("%Y-%m-%d", "2262-01-01"),
        ("%Y-%m-%d", "1677-12-31"),
    ],
)
def test_nanoseconds_do_not_wrap(form, text):
    """
    What an int64 of them cannot hold is no other year.
    """
    assert REFUSED == one(text, "timestamp(ns)", timestamp_formats=(form,))
