"""
The thread that fetches notices: what is acknowledged, held, and set aside.
"""

from __future__ import annotations

import threading

import pytest

from ingestd.discover.courier import MOST_RECEIVED, VISIBLE_SECONDS, Courier
from ingestd.discover.notice import Unreadable
from ingestd.errors import ComponentAway
from ingestd.observe.events import NoticeSetAside, QueueBack, QueueLost, capture
from ingestd.retry import Backoff
from ingestd.storage.queue import Message


class Line:
    """A queue, the clock, and what takes its notices; *dead* where it redrives."""

    def __init__(self, *, dead=False):
        self.now, self.dead = 0.0, dead
        self.messages, self.deleted, self.extended = [], [], []
        self.late, self.waits, self.failures = set(), [], []
        self.taken, self.done, self.full = [], {}, False
        self.polled, self.ended = threading.Event(), threading.Event()
        self.courier = Courier(
            "rows", "sqs://q", self, self, clock=lambda: self.now, backoff=Backoff(0, 0)
        )

    def redrives(self):
        return self.dead

    def receive(self, wait_seconds, visible_seconds):
        assert VISIBLE_SECONDS == visible_seconds
        self.waits.append(wait_seconds)
        if self.failures:
            raise self.failures.pop()
        found, self.messages = self.messages, []
        if self.courier._thread and not found:
            self.polled.set()
            self.ended.wait(20)
        return found

    def delete(self, receipts):
        self.deleted += receipts

    def extend(self, receipts, visible_seconds):
        self.extended.append((list(receipts), visible_seconds))
        return self.late

    def interrupt(self):
        self.ended.set()

    def close(self):
        self.closed = True

    def room(self):
        return not self.full

    def accept(self, text, done):
        if text == "poison":
            raise Unreadable("expected JSON")
        self.taken.append(text)
        self.done[text] = done


@pytest.fixture
def line():
    return Line()


def test_a_message_is_acknowledged_when_it_is_done_and_not_before(line):
    """What is not done comes again after a crash."""
    line.messages = [Message("r1", "a", 1), Message("r2", "b", 1)]
    line.courier.turn()
    line.courier.turn()
    assert ["a", "b"] == line.taken
    assert [] == line.deleted
    line.done["b"]()
    line.courier.turn()
    assert ["r2"] == line.deleted
    line.done["a"]()
    line.courier.turn()
    assert ["r2", "r1"] == line.deleted
    assert [20, 1, 1, 20] == line.waits


def test_what_is_in_hand_is_kept_from_others(line):
    """As long as it takes, but for a delivery that is over."""
    line.messages = [Message("r1", "a", 1)]
    line.courier.turn()
    line.now = VISIBLE_SECONDS / 2 - 1
    line.courier.turn()
    assert [] == line.extended
    line.now = VISIBLE_SECONDS / 2
    line.courier.turn()
    assert [(["r1"], VISIBLE_SECONDS)] == line.extended
    line.late = {"r1"}
    line.now += VISIBLE_SECONDS
    line.courier.turn()
    line.now += VISIBLE_SECONDS
    line.courier.turn()
    assert 2 == len(line.extended)


@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize(
    "message",
    [Message("r1", "poison", 1), Message("r1", "a", MOST_RECEIVED + 1)],
    ids=["unreadable", "too often"],
)
def test_poison_is_set_aside(message, dead):
    """To the queue's dead letters by leaving it, else told and removed."""
    line = Line(dead=dead)
    line.messages = [message]
    with capture() as seen:
        line.courier.turn()
        line.courier.turn()
    (event,) = seen
    assert isinstance(event, NoticeSetAside)
    assert (message.body, dead) == (event.text, event.left_in_queue)
    assert ([] if dead else ["r1"]) == line.deleted
    assert [] == line.taken


def test_a_queue_is_not_asked_while_there_is_no_room(line, monkeypatch):
    """What waits, waits in the queue."""
    line.full = True
    monkeypatch.setattr("ingestd.discover.courier.BUSY_SECONDS", 0)
    line.courier.turn()
    assert [] == line.waits


def test_a_queue_that_is_away_is_asked_again_and_stops_nothing(line):
    """It is told with what to do, and when it is back."""
    line.failures = [ComponentAway("source", "no queue", hint="Create it")]
    with capture() as seen:
        line.courier.start()
        try:
            assert line.polled.wait(20)
        finally:
            line.courier.stop()
    lost = seen[0]
    assert isinstance(lost, QueueLost)
    assert ("no queue", "Create it") == (lost.error, lost.hint)
    assert line.closed


def test_what_is_away_is_said_until_it_is_back(line):
    """And no longer."""
    line.failures = [ComponentAway("source", "no queue")]
    line.messages = [Message("r1", "a", 1)]
    told = []
    line.room = lambda: told.append(line.courier.away) or True
    with capture() as seen:
        line.courier.start()
        try:
            assert line.polled.wait(20)
        finally:
            line.courier.stop()
    assert ["", "no queue", ""] == told
    assert [QueueLost, QueueBack] == [type(event) for event in seen]
