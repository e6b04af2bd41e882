"""
What becomes of the paths that notices tell of.
"""

from __future__ import annotations

from collections import deque

import pytest

from ingestd.discover import noticed
from ingestd.discover.looker import Looked
from ingestd.discover.noticed import AGAIN_SECONDS, LOOK_AGAIN_SECONDS, Noticed
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint
from ingestd.storage import Stored


class Shelf:
    """A looker that answers at once, from *there* or with *error*; and a ledger."""

    def __init__(self):
        self.there, self.error, self.asked = {}, "", []
        self.answers, self.had, self.done = deque(), set(), []
        self.slow = False
        self.noticed = Noticed(self, self.unknown, lambda: None)

    def ask(self, path):
        self.asked.append(path)
        if not self.slow:
            self.answer(path)

    def answer(self, path):
        stored = None if self.error else self.there.get(path)
        self.answers.append(Looked(path, stored, self.error))

    def take(self):
        return self.answers.popleft() if self.answers else None

    def unknown(self, entries):
        return (e for e in entries if (e.path, e.fingerprint.etag) not in self.had)

    def tell(self, *paths):
        return self.noticed.offer(list(paths), lambda: self.done.append(paths))

    def admit(self, entries):
        self.had |= {(e.path, e.fingerprint.etag) for e in entries}


@pytest.fixture
def shelf():
    return Shelf()


def entry(path, etag):
    return Entry(path, Fingerprint(1, 0, 0, 0, etag))


def test_an_object_is_offered_with_what_our_own_look_found(shelf):
    """And the notice is done only when the ledger has it."""
    shelf.there[b"a"] = Stored(1, "one")
    shelf.tell(b"a")
    found = shelf.noticed.advance(0.0, 10)
    assert [entry(b"a", "one")] == found
    assert [] == shelf.noticed.advance(0.0, 10)
    assert [] == shelf.done
    shelf.admit(found)
    assert shelf.noticed.next_due() is not None
    assert [] == shelf.noticed.advance(1.0, 10)
    assert [(b"a",)] == shelf.done
    assert not shelf.noticed.knows(b"a")
    assert shelf.noticed.next_due() is None


def test_a_notice_that_comes_again_is_done_without_a_second_reading(shelf):
    """What the ledger has is not offered."""
    shelf.there[b"a"] = Stored(1, "one")
    shelf.had.add((b"a", "one"))
    shelf.tell(b"a")
    assert [] == shelf.noticed.advance(0.0, 10)
    assert [(b"a",)] == shelf.done


def test_a_notice_of_many_is_done_with_its_last(shelf):
    """Not with the first."""
    shelf.there |= {b"a": Stored(1, "one"), b"b": Stored(1, "two")}
    shelf.had.add((b"a", "one"))
    shelf.tell(b"a", b"b")
    found = shelf.noticed.advance(0.0, 10)
    assert [entry(b"b", "two")] == found
    assert [] == shelf.done
    shelf.admit(found)
    shelf.noticed.advance(0.0, 10)
    assert [(b"a", b"b")] == shelf.done


def test_an_object_that_is_not_there_is_asked_for_again_and_then_left(shelf):
    """A notice may be early, or of an object that is gone."""
    shelf.tell(b"a")
    now = 0.0
    for seconds in AGAIN_SECONDS:
        shelf.noticed.advance(now, 10)  # asks
        assert [] == shelf.noticed.advance(now, 10)
        assert now + seconds == shelf.noticed.next_due()
        assert "no such object yet" in shelf.noticed.holding(b"a")
        now += seconds
    shelf.noticed.advance(now, 10)
    assert [] == shelf.noticed.advance(now, 10)
    assert len(AGAIN_SECONDS) + 1 == len(shelf.asked)
    assert [(b"a",)] == shelf.done


def test_a_late_object_is_found_when_it_is_asked_for_again(shelf):
    """As one that is put in parts: moto tells of it before it is whole."""
    shelf.tell(b"a")
    shelf.noticed.advance(0.0, 10)
    shelf.there[b"a"] = Stored(1, "one")
    shelf.noticed.advance(0.5, 10)  # asks
    assert [entry(b"a", "one")] == shelf.noticed.advance(0.5, 10)


def test_a_notice_that_comes_during_a_look_asks_once_more(shelf):
    """What was seen may be the version before."""
    shelf.slow = True
    shelf.tell(b"a")
    shelf.noticed.advance(0.0, 10)
    shelf.there[b"a"] = Stored(1, "one")
    shelf.answer(b"a")
    shelf.tell(b"a")
    assert [] == shelf.noticed.advance(0.0, 10)
    assert [b"a", b"a"] == shelf.asked
    shelf.there[b"a"] = Stored(1, "two")
    shelf.answer(b"a")
    assert [entry(b"a", "two")] == shelf.noticed.advance(0.0, 10)


def test_a_store_that_is_away_is_asked_later_and_a_listing_makes_up_for_it(shelf):
    """No notice is done meanwhile, and none is held for ever."""
    shelf.error = "no answer"
    shelf.tell(b"a")
    shelf.noticed.advance(10.0, 10)
    again = shelf.noticed.next_due()
    assert again is not None
    assert again > 10.0
    assert "no answer" in shelf.noticed.holding(b"a")
    shelf.noticed.listed(begun=9.0)
    assert [] == shelf.done
    shelf.noticed.listed(begun=10.0)
    assert [(b"a",)] == shelf.done


def test_what_the_ledger_does_not_take_is_looked_at_again(shelf):
    """It may have been replaced before it was taken."""
    shelf.there[b"a"] = Stored(1, "one")
    shelf.tell(b"a")
    assert [entry(b"a", "one")] == shelf.noticed.advance(0.0, 10)
    shelf.there[b"a"] = Stored(1, "two")
    assert [] == shelf.noticed.advance(1.0, 10)
    shelf.noticed.advance(LOOK_AGAIN_SECONDS + 1, 10)
    found = shelf.noticed.advance(LOOK_AGAIN_SECONDS + 1, 10)
    assert [entry(b"a", "two")] == found


def test_no_more_than_the_limit_comes_at_once(shelf):
    """The rest waits for the next turn."""
    paths = [b"%d" % number for number in range(5)]
    shelf.there |= {path: Stored(1, "x") for path in paths}
    shelf.tell(*paths)
    first = shelf.noticed.advance(0.0, 3)
    shelf.admit(first)
    assert 3 == len(first)
    seen = list(first)
    while not shelf.done:
        found = shelf.noticed.advance(0.0, 3)
        shelf.admit(found)
        seen += found
    assert sorted(paths) == sorted(e.path for e in seen)


def test_too_many_are_refused_until_there_is_room(shelf, monkeypatch):
    """Memory is bounded; what was refused counts for nothing."""
    monkeypatch.setattr(noticed, "CAPACITY", 2)
    assert shelf.tell(b"a", b"b")
    assert not shelf.noticed.room()
    assert not shelf.tell(b"c")
    shelf.there |= {b"a": Stored(1, "x"), b"b": Stored(1, "x")}
    shelf.admit(shelf.noticed.advance(0.0, 10))
    shelf.noticed.advance(0.0, 10)
    assert shelf.noticed.room()
    assert shelf.tell(b"c")
