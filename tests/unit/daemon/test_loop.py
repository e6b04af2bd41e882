"""
The one loop: what it does about errors, and how it drains.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from ingestd.clock import Waker
from ingestd.daemon.loop import Loop
from ingestd.errors import ComponentAway, LedgerError
from ingestd.observe.events import (
    ComponentBack,
    ComponentLost,
    Event,
    FaultCaught,
    capture,
)


class Time(Waker, threading.Event):
    """Clock, waker and stop event in one: waiting lets the time go on."""

    def __init__(self) -> None:
        Waker.__init__(self)
        threading.Event.__init__(self)
        self.now = 1_000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def wait(self, seconds: float | None = None) -> bool:
        assert seconds is not None
        self.waits.append(seconds)
        # A real event that is set does not wait at all.
        self.now += 0.0 if self.is_set() else max(seconds, 0.001)
        return self.is_set()


class FakeWaker(Waker):
    """Waiting lets the time go on."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def wait(self, seconds: float) -> bool:
        self._time.now += max(seconds, 0.001)
        return False


class World:
    """A loop over parts that do nothing, and one pipeline that does *steps*."""

    def __init__(self, *steps: BaseException | float | None) -> None:
        self.steps = list(steps)
        self.claims: list[bool] = []
        self.time = Time()
        idle = SimpleNamespace(tick=lambda _: False, next_due=lambda: None)
        pipeline = SimpleNamespace(tick=self._tick)
        self.parts: Any = SimpleNamespace(
            prefect=idle,
            cluster=idle,
            disk=idle,
            committer=SimpleNamespace(
                tick=lambda *_: [],
                dispose=lambda *_: None,
                next_due=lambda: None,
                waiting=0,
            ),
            runner=SimpleNamespace(tasks=0, finished=list),
            budget=SimpleNamespace(batches=0),
            pipelines={"rows": pipeline},
        )
        self.turned: list[float] = []
        self.loop = Loop(
            self.parts,
            self.time,
            FakeWaker(self.time),
            self.turned.append,
            self.time,
        )

    def run(self) -> list[Event]:
        """Turn until the steps are used up; return the events."""
        with capture() as seen:
            self.loop.run(lambda: not self.steps)
        return seen

    def _tick(self, now: float, wall: float, *, claim: bool) -> float | None:
        self.claims.append(claim)
        step = self.steps.pop(0) if self.steps else None
        if isinstance(step, BaseException):
            raise step
        return step


def away() -> ComponentAway:
    return ComponentAway("disk", "the ledger's disk is full", hint="Free space")


def test_a_component_that_is_away_backs_off_and_comes_back() -> None:
    """The same component is lost and back, each with its line; waits grow."""
    world = World(*[away() for _ in range(6)], None, None)
    begun = world.time.now
    seen = world.run()
    lost = [e for e in seen if isinstance(e, ComponentLost)]
    assert [e.component for e in lost] == ["disk"] * 6
    assert lost[-1].retry_in > lost[0].retry_in
    back = [e for e in seen if isinstance(e, ComponentBack)]
    assert [e.component for e in back] == ["disk"]
    assert back[0].seconds >= sum(e.retry_in for e in lost) - 0.01
    assert world.time.now >= begun + sum(e.retry_in for e in lost)
    assert world.loop.stop.is_set() is False


def test_each_turn_is_told_also_while_something_is_away() -> None:
    """The watchdog is fed by the loop's progress: waiting for a disk is progress."""
    world = World(away(), away(), None)
    world.run()
    assert len(world.turned) == 3


@pytest.mark.parametrize("error", [KeyError("x"), LedgerError("damaged")])
def test_an_error_that_nobody_foresaw_ends_the_loop(error: Exception) -> None:
    """With its traceback in the log; the next start recovers."""
    world = World(error)
    with capture() as seen, pytest.raises(type(error)):
        world.loop.run(lambda: False)
    (fault,) = seen
    assert isinstance(fault, FaultCaught)
    assert "Traceback" in fault.traceback


def test_a_stop_ends_it() -> None:
    """Also one that came before the first turn."""
    world = World()
    world.loop.stop.set()
    world.loop.run(lambda: False)
    assert world.claims == []


def test_a_drain_claims_nothing_and_ends_with_the_last_batch() -> None:
    """It turns while something is in flight, and not longer than it was given."""
    world = World()
    world.parts.budget.batches = 1
    world.loop.stop.set()
    begun = world.time.now
    world.loop.drain(10)
    assert set(world.claims) == {False}
    assert begun + 10 <= world.time.now <= begun + 10.1
    world.parts.budget.batches = 0
    turns = len(world.claims)
    world.loop.drain(10)
    assert len(world.claims) == turns


def test_a_drain_on_a_full_disk_waits_between_its_tries() -> None:
    """The stop that began the drain is no reason to try and log without a pause."""
    world = World(*[away() for _ in range(5_000)])
    world.parts.budget.batches = 1
    world.loop.stop.set()
    begun = world.time.now
    with capture() as seen:
        world.loop.drain(20)
    assert 1 < len(seen) < 20
    assert begun + 20 <= world.time.now <= begun + 20.1
