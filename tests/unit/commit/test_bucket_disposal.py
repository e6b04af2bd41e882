"""
Objects after their commit: what is recorded, what is tried again, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from ingestd.commit.bucket_disposal import AT_ONCE, BucketDisposal
from ingestd.errors import ComponentAway
from ingestd.model import FileRef, FileState, Fingerprint
from ingestd.observe.events import (
    ComponentBack,
    ComponentLost,
    Event,
    FileKept,
    capture,
)

WALL = 1.0
DELETED = FileState.DELETED


def ref(number: int) -> FileRef:
    return FileRef(number, "p", b"%d" % number, Fingerprint(1, 0, 0, 0, "e"))


class Pool:
    """Work waits until *go* is told which of it has ended, and how."""

    def __init__(self) -> None:
        self.flying: list[tuple[Future[Any], FileRef]] = []

    def submit(self, _work: Any, given: FileRef) -> Future[Any]:
        self.flying.append((Future(), given))
        return self.flying[-1][0]

    def go(self, end: Any = DELETED) -> list[int]:
        ended, self.flying = self.flying, []
        for future, _ in ended:
            if isinstance(end, Exception):
                future.set_exception(end)
            else:
                future.set_result(end)
        return [given.id for _, given in ended]


class Ledger:
    """Records what was disposed of; *left* is what an earlier daemon left."""

    def __init__(self, left: int = 0) -> None:
        self.left = left
        self.taken = 0
        self.done: list[int] = []
        self.full = False

    def undisposed(self, _pipeline: str) -> Iterator[FileRef]:
        for number in range(self.left):
            self.taken += 1
            yield ref(number)

    def disposed(self, file_id: int, state: FileState, now: float) -> None:
        if self.full:
            raise ComponentAway("disk", "full")
        assert file_id not in self.done
        self.done.append(file_id)


@pytest.fixture
def events() -> Iterator[list[Event]]:
    with capture() as seen:
        yield seen


def made(ledger: Ledger) -> tuple[BucketDisposal, Pool]:
    pool = Pool()
    given: Any = (SimpleNamespace(remove=None), ledger, pool)
    return BucketDisposal("p", *given, lambda: None), pool


def test_what_an_earlier_daemon_left_is_taken_a_few_at_a_time() -> None:
    """However many there are; and one that is committed meanwhile comes once."""
    ledger = Ledger(left=1000)
    disposal, pool = made(ledger)
    disposal.recover(WALL)
    disposal.tick(0.0, WALL)
    assert AT_ONCE == len(pool.flying)
    assert ledger.taken <= AT_ONCE + 1
    disposal.dispose(ref(500), WALL)
    turns = 0
    while pool.flying:
        pool.go()
        disposal.tick(0.0, WALL)
        turns += 1
    assert list(range(1000)) == sorted(ledger.done)
    assert 1000 // AT_ONCE == turns
    assert not disposal.busy


def test_a_ledger_that_is_full_is_told_again() -> None:
    """The object is gone, and its end is not lost."""
    ledger = Ledger()
    disposal, pool = made(ledger)
    disposal.dispose(ref(1), WALL)
    disposal.tick(0.0, WALL)
    ledger.full = True
    pool.go()
    with pytest.raises(ComponentAway):
        disposal.tick(0.0, WALL)
    ledger.full = False
    disposal.tick(0.0, WALL)
    assert ([1], False) == (ledger.done, disposal.busy)


def test_a_store_that_is_away_is_asked_less_and_less(events: list[Event]) -> None:
    """It is told once for each try, keeps nobody, and is told when it is back."""
    ledger = Ledger()
    disposal, pool = made(ledger)
    for number in range(3):
        disposal.dispose(ref(number), WALL)
    now, pauses = 0.0, []
    for _ in range(5):
        disposal.tick(now, WALL)
        assert 3 == len(pool.flying)
        pool.go(ComponentAway("source", "away"))
        disposal.tick(now, WALL)
        due = disposal.next_due()
        assert due is not None
        assert not pool.flying
        assert not disposal.busy
        pauses.append(due - now)
        now = due
    assert pauses[-1] > pauses[0]
    assert ["source"] * 5 == [e.component for e in events if type(e) is ComponentLost]
    disposal.tick(now, WALL)
    pool.go()
    disposal.tick(now, WALL)
    assert [0, 1, 2] == sorted(ledger.done)
    assert 1 == len([e for e in events if type(e) is ComponentBack])
    assert None is disposal.next_due()


def test_one_that_fails_alone_holds_up_nobody(events: list[Event]) -> None:
    """The others go before it is tried again."""
    ledger = Ledger()
    disposal, pool = made(ledger)
    for number in range(2 * AT_ONCE):
        disposal.dispose(ref(number), WALL)
    disposal.tick(0.0, WALL)
    [bad], rest = pool.flying[:1], pool.flying[1:]
    pool.flying = [bad]
    pool.go(ComponentAway("source", "this key"))
    pool.flying = rest
    pool.go()
    disposal.tick(0.0, WALL)
    assert bad[1] not in [given for _, given in pool.flying]
    pool.go()
    disposal.tick(100.0, WALL)
    assert [bad[1].id] == pool.go()
    disposal.tick(100.0, WALL)
    assert list(range(2 * AT_ONCE)) == sorted(ledger.done)


def test_what_the_system_refuses_is_kept_and_told(events: list[Event]) -> None:
    """A folder that is full, for one; the next start tries again."""
    ledger = Ledger()
    disposal, pool = made(ledger)
    disposal.dispose(ref(7), WALL)
    disposal.tick(0.0, WALL)
    pool.go(OSError(28, "No space left on device"))
    disposal.tick(0.0, WALL)
    told = [(e.path, "No space" in e.error) for e in events if type(e) is FileKept]
    assert [(b"7", True)] == told
    assert ([], False) == (ledger.done, disposal.busy)
