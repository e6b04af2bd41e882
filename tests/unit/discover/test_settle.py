"""
When a file counts, step by step.
"""

import pytest

from ingestd.discover.fingerprint import Look
from ingestd.discover.lease import Writers
from ingestd.discover.settle import Dropped, Hint, Quiet, Settle
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint

QUIET = Quiet(closed_seconds=0.25, unseen_seconds=10.0)
ONE = Fingerprint(5, 1, 1, 1)
TWO = Fingerprint(9, 2, 2, 1)
EMPTY = Fingerprint(0, 1, 1, 1)


def look(fingerprint=ONE, writers=Writers.NONE, **more):
    return Look(fingerprint, writers, **more)


def looked(settle, at, what, path=b"a"):
    """
    Let the look that is due at *at* see *what*.
    """
    assert [path] == settle.look_due(at)
    settle.looked(path, what, at)


def test_a_lease_settles_at_once():
    """
    With the lease granted nothing is waited for, whatever the hint.
    """
    for kind in Hint:
        settle = Settle(QUIET)
        settle.hint(b"a", kind, 100.0)
        looked(settle, 100.0, look())
        assert [Entry(b"a", ONE)] == settle.due()
        assert settle.due() == []
        assert settle.pending() == 0


def test_a_writer_holds_the_file_however_long():
    """
    While the lease is refused, the file is looked at less and less often, and held.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CREATED, 0.0)
    gaps, now = [], 0.0
    for _ in range(12):
        looked(settle, now, look(writers=Writers.SOME))
        gaps.append(round(settle.next_due() - now, 6))
        now = settle.next_due()
    assert settle.due() == []
    assert gaps == sorted(gaps)
    assert gaps[0] == pytest.approx(0.1)
    assert gaps[-1] == pytest.approx(5.0)
    assert "a writer has it open" in settle.holding(b"a", now)
    settle.hint(b"a", Hint.CLOSED, now - 1.0)
    looked(settle, now - 1.0, look(TWO))
    assert [Entry(b"a", TWO)] == settle.due()


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(Hint.CLOSED, 0.25), (Hint.MOVED, 0.25), (Hint.CREATED, 10.0)],
)
def test_without_a_lease_the_file_must_rest(kind, seconds):
    """
    Where no lease can be had, it rests after a close or rename, and longer otherwise.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", kind, 1.0)
    looked(settle, 1.0, look(writers=Writers.UNKNOWN))
    assert settle.due() == []
    assert settle.next_due() == 1.0 + seconds
    assert settle.look_due(0.9 + seconds) == []
    looked(settle, 1.0 + seconds, look(writers=Writers.UNKNOWN))
    assert [Entry(b"a", ONE)] == settle.due()


def test_a_change_begins_the_rest_anew():
    """
    The rest is counted from when we last saw a change.
    """
    settle = Settle(QUIET)
    settle.listed([Entry(b"a", ONE)], 0.0)
    looked(settle, 0.0, look(ONE, Writers.UNKNOWN))
    looked(settle, 10.0, look(TWO, Writers.UNKNOWN))
    assert settle.due() == []
    looked(settle, 20.0, look(TWO, Writers.UNKNOWN))
    assert [Entry(b"a", TWO)] == settle.due()


def test_a_write_after_the_close_means_another_writer():
    """
    A close proves nothing about what was written after it.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look(ONE, Writers.UNKNOWN))
    looked(settle, 0.25, look(TWO, Writers.UNKNOWN))
    assert settle.next_due() == 10.25


def test_a_changed_mode_after_the_close_is_no_write():
    """
    A chmod changes the ctime alone: the shorter rest holds.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look(ONE, Writers.UNKNOWN))
    looked(settle, 0.25, look(Fingerprint(5, 1, 7, 1), Writers.UNKNOWN))
    assert settle.next_due() == 0.5


def test_an_empty_file_waits_in_any_case():
    """
    An empty file without a writer may be one that is not written yet.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look(EMPTY))
    assert settle.due() == []
    assert "is empty" in settle.holding(b"a", 0.0)
    looked(settle, 10.0, look(EMPTY))
    assert [Entry(b"a", EMPTY)] == settle.due()


def test_the_marker_is_awaited():
    """
    Without its marker a file is let go; with it, even an empty one counts.
    """
    settle = Settle(QUIET, needs_marker=True)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look())
    assert settle.pending() == 0
    assert "waits for its marker" in settle.holding(b"a", 0.0)
    settle.hint(b"a", Hint.CREATED, 5.0)
    looked(settle, 5.0, look(EMPTY, marked=True))
    assert [Entry(b"a", EMPTY)] == settle.due()
    assert settle.holding(b"a", 5.0) == ""


def test_marked_but_without_a_lease_it_rests_shortly():
    """
    The marker stands for the close event.
    """
    settle = Settle(QUIET, needs_marker=True)
    settle.listed([Entry(b"a", ONE)], 0.0)
    looked(settle, 0.0, look(writers=Writers.UNKNOWN, marked=True))
    assert settle.next_due() == 0.25


def test_what_is_gone_is_forgotten():
    """
    A path that vanished is no candidate any more.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CREATED, 0.0)
    looked(settle, 0.0, None)
    assert settle.pending() == 0
    assert settle.next_due() is None


def test_what_cannot_be_read_is_told_once():
    """
    Irregular and unreadable paths are dropped, and told again only when it differs.
    """
    settle = Settle(QUIET)
    for _ in range(2):
        settle.listed([Entry(b"a", ONE)], 0.0)
        looked(settle, 0.0, look(error="cannot be opened: Permission denied"))
    settle.hint(b"f", Hint.CREATED, 0.0)
    looked(settle, 0.0, look(irregular="FIFO"), b"f")
    assert settle.dropped == [
        Dropped(b"a", "cannot be opened: Permission denied", irregular=False),
        Dropped(b"f", "FIFO", irregular=True),
    ]
    assert settle.pending() == 0
    assert "Permission denied" in settle.holding(b"a", 0.0)


def test_a_hint_takes_a_settled_file_back():
    """
    A file that is written to before it was taken has to settle again.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look())
    settle.hint(b"a", Hint.CLOSED, 0.1)
    assert settle.due() == []
    looked(settle, 0.1, look(TWO))
    assert [Entry(b"a", TWO)] == settle.due()


def test_a_listing_that_differs_takes_a_settled_file_back():
    """
    So does a listing that shows another stat; one that shows the same changes nothing.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    looked(settle, 0.0, look())
    assert settle.listed([Entry(b"a", ONE)], 0.1) == 0
    assert settle.look_due(0.1) == []
    settle.listed([Entry(b"a", TWO)], 0.2)
    assert settle.due() == []
    assert [b"a"] == settle.look_due(0.2)


def test_a_deferred_file_comes_back_settled():
    """
    A file that could not be admitted is due again later, if it did not change.
    """
    settle = Settle(QUIET)
    settle.defer(Entry(b"a", ONE), "an earlier version is in a batch", 0.0, 1.0)
    assert "an earlier version" in settle.holding(b"a", 0.0)
    assert settle.due() == []
    looked(settle, 1.0, look(writers=Writers.UNKNOWN))
    assert [Entry(b"a", ONE)] == settle.due()


def test_only_what_no_hint_told_of_is_counted():
    """
    Files found by a scan alone are counted apart.
    """
    settle = Settle(QUIET)
    settle.listed([Entry(b"a", ONE), Entry(b"b", ONE)], 0.0)
    settle.hint(b"b", Hint.CLOSED, 0.0)
    for path in settle.look_due(0.0):
        settle.looked(path, look(), 0.0)
    assert len(settle.due()) == 2
    assert settle.found_by_scan_only == 1
    assert settle.settled == 2


def test_open_files_do_not_take_the_room_of_others():
    """
    Files that a writer has open are kept apart, and beyond a number not at all.
    """
    settle = Settle(QUIET, capacity=3)
    settle.listed([Entry(b"%d" % n, ONE) for n in range(3)], 0.0)
    assert settle.room() == 0
    for path in settle.look_due(0.0):
        settle.looked(path, look(writers=Writers.SOME), 0.0)
    assert settle.room() == 3
    settle.listed([Entry(b"x", ONE)], 0.0)
    looked(settle, 0.0, look(writers=Writers.SOME), b"x")
    assert settle.pending() == 3
    assert "a writer has it open" in settle.holding(b"x", 0.0)


def test_a_flood_of_hints_is_bounded():
    """
    Beyond twice the capacity hints are dropped, and the loss is noted for a scan.
    """
    settle = Settle(QUIET, capacity=3)
    for number in range(10):
        settle.hint(b"%d" % number, Hint.CLOSED, 0.0)
    assert settle.pending() == 6
    assert settle.missed


def test_a_look_that_nobody_reports_comes_again():
    """
    When the result of a look is lost, the path is looked at again.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CLOSED, 0.0)
    assert [b"a"] == settle.look_due(0.0)
    assert settle.look_due(0.5) == []
    assert [b"a"] == settle.look_due(1.0)


def test_due_is_taken_in_portions():
    """
    A limit leaves the rest for later, and says that there is more to do.
    """
    settle = Settle(QUIET)
    settle.listed([Entry(b"%d" % n, ONE) for n in range(5)], 0.0)
    for path in settle.look_due(0.0):
        settle.looked(path, look(), 0.0)
    assert len(settle.due(2)) == 2
    assert settle.next_due() == 0.0
    assert len(settle.due(9)) == 3
    assert settle.next_due() is None


@pytest.mark.parametrize(
    ("again", "times"),
    [
        (lambda s: s.hint(b"a", Hint.CLOSED, 1.0), 0),
        (lambda s: s.hint(b"a", Hint.CHANGED, 1.0), 1),
        (lambda s: s.listed([Entry(b"a", ONE)], 1.0), 1),
        (lambda s: s.defer(Entry(b"a", ONE), "is held", 0.0, 1.0), 1),
    ],
)
def test_the_same_version_is_due_again_only_for_a_reason(again, times):
    """
    The close hint that follows the creation's look brings nothing new; a listing does.
    """
    settle = Settle(QUIET)
    settle.hint(b"a", Hint.CREATED, 0.0)
    looked(settle, 0.0, look())
    assert len(settle.due()) == 1
    again(settle)
    looked(settle, 1.0, look())
    assert len(settle.due()) == times
    assert settle.pending() == 0
