"""
A file of a store that shows what is still being written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from ingestd.discover.unsettled import Unsettled
from ingestd.errors import ComponentAway, IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint


@dataclass
class Listed:
    """
    One listing of names and sizes, which may break off at its end.
    """

    sizes: dict[bytes, int]
    failure: IngestdError | None = None

    def found(self) -> Iterator[Entry]:
        for path, size in self.sizes.items():
            yield Entry(path, Fingerprint(size, 0, 0, 0, "1"))


@dataclass
class Watching:
    """
    A sweeper of 10 s, and its time.
    """

    now: float = 100.0
    known: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sweeper = Unsettled(10.0, lambda: self.now)

    def listing(self, failure: IngestdError | None = None, **sizes: int) -> list[bytes]:
        scan = Listed({name.encode(): size for name, size in sizes.items()}, failure)
        given = self.sweeper.sweep(scan, None, self._unknown)
        return [entry.path for entry in given]

    def _unknown(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        return (entry for entry in entries if entry.path not in self.known)


def test_it_counts_when_it_was_the_same_for_long_enough() -> None:
    """One look is not enough, nor are two that are close together."""
    watching = Watching()
    assert watching.listing(a=5) == []
    assert (watching.sweeper.waiting, watching.sweeper.due) == (1, 110.0)
    watching.now = 109.0
    assert watching.listing(a=5) == []
    watching.now = 110.0
    assert watching.listing(a=5) == [b"a"]
    assert (watching.sweeper.waiting, watching.sweeper.due) == (0, None)


def test_a_change_begins_anew_and_is_not_waited_for() -> None:
    """A writer is at it; who drains what is there does not wait for him."""
    watching = Watching()
    watching.listing(a=5)
    watching.now = 110.0
    assert watching.listing(a=6) == []
    assert (watching.sweeper.waiting, watching.sweeper.due) == (0, 120.0)
    watching.now = 120.0
    assert watching.listing(a=6) == [b"a"]


def test_what_is_gone_is_forgotten() -> None:
    """Memory does not grow; and when it comes back it is new."""
    watching = Watching()
    watching.listing(a=5)
    watching.now = 105.0
    watching.listing()
    assert watching.sweeper.waiting == 0
    watching.now = 111.0
    assert watching.listing(a=5) == []


def test_a_listing_that_breaks_off_forgets_nothing() -> None:
    """What it did not reach may be there as before; its error is raised."""
    watching = Watching()
    watching.listing(a=5, b=5)
    watching.now = 110.0
    with pytest.raises(ComponentAway):
        watching.listing(ComponentAway("source", "broke off"), a=6)
    assert watching.listing(a=6, b=5) == [b"b"]


def test_what_the_ledger_has_is_not_held() -> None:
    """Only what is unknown costs memory."""
    watching = Watching(known={b"a"})
    watching.listing(a=5, b=5)
    assert watching.sweeper.waiting == 1
