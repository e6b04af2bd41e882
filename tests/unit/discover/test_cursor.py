"""
Where listings in order begin.
"""

from __future__ import annotations

import pytest

from ingestd.config import Source
from ingestd.discover.bucket import BucketScan
from ingestd.discover.cursor import WHOLE, Cursor
from ingestd.discover.rules import Rules
from ingestd.errors import ComponentAway
from ingestd.storage import Item


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def swept(clock, *, at="in/m"):
    """A cursor whose first two listings are through."""
    cursor = Cursor("in/a", 100.0, clock)
    for _ in range(2):
        cursor.ended(cursor.begin(), at)
    return cursor


def test_the_first_listing_begins_where_it_is_told_and_a_whole_one_follows(clock):
    """So that what is new comes first, and no start leaves anything out."""
    cursor = Cursor("in/a", 100.0, clock)
    assert "in/a" == cursor.begin()
    assert cursor.unswept()
    cursor.ended("in/a", "in/m")
    assert WHOLE == cursor.begin()
    cursor.ended(WHOLE, "in/m")
    assert not cursor.unswept()
    assert "in/m" == cursor.begin()


def test_a_listing_that_failed_moves_nothing(clock):
    """It begins again where it began, whole or not."""
    cursor = Cursor("in/a", 100.0, clock)
    assert "in/a" == cursor.begin()
    assert "in/a" == cursor.begin()
    cursor.ended("in/a", "in/m")
    assert WHOLE == cursor.begin()
    assert WHOLE == cursor.begin()


def test_an_empty_listing_stays_where_it_is(clock):
    """Nothing is behind the cursor."""
    cursor = swept(clock)
    cursor.ended(cursor.begin(), "")
    assert "in/m" == cursor.begin()


def test_a_sweep_is_due_in_time(clock):
    """Counted from where the last one began."""
    cursor = swept(clock)
    clock.now = 99.0
    assert "in/m" == cursor.begin()
    clock.now = 100.0
    assert WHOLE == cursor.begin()
    clock.now = 150.0
    cursor.ended(WHOLE, "in/m")
    assert "in/m" == cursor.begin()
    clock.now = 200.0
    assert WHOLE == cursor.begin()


def test_a_key_that_was_not_taken_is_listed_again(clock):
    """Also when it was given back while the listing went on."""
    cursor = swept(clock)
    cursor.lower("in/k")
    assert "in/k" > cursor.begin()
    cursor.lower("in/c")
    cursor.ended("in/", "in/z")
    assert "in/c" > cursor.begin()
    cursor.ended("in/", "in/z")
    assert "in/z" == cursor.begin()


def scan_of(cursor, *keys):
    pages = [[Item(key, 1, "x")] for key in keys]
    rules = Rules.of(Source(url="s3://b/in"))
    return BucketScan(
        rules, "in/", lambda: iter(pages), after=cursor.begin(), cursor=cursor
    )


def test_a_listing_without_order_is_an_error(clock):
    """Its greatest key would hide the others."""
    cursor = swept(clock)
    found = []
    with pytest.raises(ComponentAway, match=r"not in order.*start_after"):
        found.extend(scan_of(cursor, "in/n.csv", "in/z.csv", "in/p.csv"))
    assert [b"n.csv", b"z.csv"] == [entry.path for entry in found]
    assert "in/m" == cursor.begin()


def test_what_is_listed_moves_the_cursor(clock):
    """Also over what the rules leave."""
    cursor = swept(clock)
    assert [b"n.csv"] == [e.path for e in scan_of(cursor, "in/n.csv", "in/z.txt")]
    assert "in/z.txt" == cursor.begin()
