"""
Publishing beside the loop.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ingestd.commit.beside import Beside
from ingestd.commit.sink import Underway
from ingestd.errors import ComponentAway


class Slow:
    """A sink whose publishing takes until it is let go."""

    prepare = stage = scratch_of = rejects_of = leftovers = None
    rejects_scratch_of = None

    def __init__(self) -> None:
        self.go = threading.Event()
        self.times = 0
        self.error: Exception | None = None

    def publish(self, committable: Any, manifest: bytes) -> None:
        self.times += 1
        assert self.go.wait(60)
        if self.error is not None:
            raise self.error


def test_the_loop_is_not_held_up_and_is_woken_at_the_end() -> None:
    """The work is begun once, however often it is asked for."""
    slow, woken = Slow(), threading.Event()
    beside = Beside(slow, woken.set)  # type: ignore[arg-type]
    batch: Any = SimpleNamespace(batch=SimpleNamespace(id="b"))
    for _ in range(3):
        with pytest.raises(Underway):
            beside.publish(batch, b"")
    slow.go.set()
    assert woken.wait(60)
    beside.publish(batch, b"")
    assert slow.times == 1


def test_what_publishing_raised_is_raised_and_then_it_is_begun_anew() -> None:
    """A store that was away gets another try."""
    slow, woken = Slow(), threading.Event()
    slow.error = ComponentAway("sink", "away")
    beside = Beside(slow, woken.set)  # type: ignore[arg-type]
    batch: Any = SimpleNamespace(batch=SimpleNamespace(id="b"))
    with pytest.raises(Underway):
        beside.publish(batch, b"")
    slow.go.set()
    assert woken.wait(60)
    with pytest.raises(ComponentAway):
        beside.publish(batch, b"")
    slow.error = None
    slow.go.clear()
    woken.clear()
    with pytest.raises(Underway):
        beside.publish(batch, b"")
    slow.go.set()
    assert woken.wait(60)
    beside.publish(batch, b"")
    assert slow.times == 2
