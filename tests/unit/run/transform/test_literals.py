"""
Constants in text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestd.run.transform.literals import Length, NotOne, length, moment, zone

DAY = 86_400_000_000
NOON = datetime(2026, 1, 31, 12, 30)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("2026-01-31", "date", date(2026, 1, 31)),
        ("2026-01-31", "timestamp", datetime(2026, 1, 31)),
        ("2026-01-31 12:30", "timestamp", NOON),
        (
            "2026-01-31T12:30:01.5",
            "timestamp",
            NOON.replace(second=1, microsecond=500000),
        ),
        ("2026-01-31", "timestamp(tz)", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31 12:30Z", "timestamp(tz)", NOON.replace(tzinfo=UTC)),
        ("2026-01-31 12:30+02", "timestamp(tz)", NOON.replace(hour=10, tzinfo=UTC)),
        (
            "2026-01-31 12:30-0530",
            "timestamp(tz)",
            NOON.replace(hour=18, minute=0, tzinfo=UTC),
        ),
    ],
)
def test_moment(text, kind, value):
    """
    Moments are written as ISO 8601 has them; without an offset in UTC.
    """
    assert value == moment(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026-1-31", "date"),
        ("2026-02-30", "date"),
        ("2026-01-31 12:00", "date"),
        ("2026-01-31 24:00", "timestamp"),
        ("2026-01-31 12:30:00.1234567", "timestamp"),
        ("2026-01-31 12:30Z", "timestamp"),
        ("31.01.2026", "timestamp"),
        ("0001-01-01 00:00+14", "timestamp(tz)"),
        ("2026-01-31+02", "timestamp(tz)"),
    ],
)
def test_no_moment(text, kind):
    """
    A text that is no moment is refused, never taken for another.
    """
    with pytest.raises(NotOne):
        moment(text, kind)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15 minutes", Length(0, 15 * 60_000_000)),
        ("1 day 6 hours", Length(0, DAY + 6 * 3_600_000_000)),
        ("1 Month", Length(1, 0)),
        ("2 years -1 quarter", Length(21, 0)),
        ("1 week", Length(0, 7 * DAY)),
    ],
)
def test_length(text, value):
    """
    Months are kept apart, because their length differs.
    """
    assert value == length(text)


@pytest.mark.parametrize(
    "text",
    ["", "minutes", "1", "1.5 hours", "1 fortnight", "1 day x", "99999999 years"],
)
def test_no_length(text):
    """
    A text that is no length of time is refused.
    """
    with pytest.raises(NotOne):
        length(text)


def test_zone():
    """
    Time zones are those of the IANA, by their exact names.
    """
    assert "Europe/Berlin" == zone("Europe/Berlin")
    with pytest.raises(NotOne, match="did you mean 'Europe/Berlin'"):
        zone("europe/berlin")
