"""
Attempts that fail, are given back, or lose their worker; and clocks that jump.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingestd.errors import ComponentAway, Retryable
from ingestd.model import BatchState, Unit
from ingestd.observe.events import BatchIsolating, Event
from ingestd.pipeline.finish import MAX_ATTEMPTS
from ingestd.run.engine import Plan
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import FakeClock, Rig
from tests.fault.test_sink_away import gone_when_published
from tests.fault.world import World, rows_of

pytestmark = pytest.mark.fault

Begin = Callable[..., Rig]


class KilledWorker(Exception):
    """What Dask raises when a worker died over a task."""


def failing(
    error: Exception, name: str, times: int = 1 << 30
) -> tuple[CsvEngine, list[int]]:
    """An engine that fails with *error* whenever it has the file *name* to read."""
    failed: list[int] = []

    def before(plan: Plan, unit: Unit) -> None:
        names = [member.file.path for member in unit.members]
        if name.encode() in names and len(failed) < times:
            failed.append(len(names))
            raise error

    return CsvEngine(before=before), failed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("boom"), "unreadable"),
        (Retryable("boom"), "unreadable"),
        (KilledWorker("boom"), "kills_worker"),
    ],
)
def test_one_file_that_fails_whenever_it_is_read(
    error: Exception, reason: str, world: World, begin: Begin, events: list[Event]
) -> None:
    """After the usual attempts it is found and quarantined; the others commit."""
    world.add("b2.csv", rows_of(7))
    engine, failed = failing(error, "b2.csv")
    rig = begin(engine)
    rig.run_to_idle()
    assert [2] * MAX_ATTEMPTS == failed[:MAX_ATTEMPTS]
    assert {1} == set(failed[MAX_ATTEMPTS:])
    assert 1 == len([e for e in events if isinstance(e, BatchIsolating)])
    rig.stop()
    del world.good["b2.csv"]
    world.bad["b2.csv"] = reason
    world.check()


def test_a_worker_that_is_lost_while_the_fault_is_looked_for(
    world: World, begin: Begin
) -> None:
    """A good file is not blamed for it: it is read again, and committed."""
    engine, failed = failing(KilledWorker("boom"), "b.csv", MAX_ATTEMPTS + 2)
    rig = begin(engine)
    rig.run_to_idle()
    assert MAX_ATTEMPTS + 2 == len(failed)
    rig.stop()
    world.check()


def test_a_component_that_is_away_for_long(world: World, begin: Begin) -> None:
    """However often it fails an attempt, none is counted, and no file is blamed."""
    engine, failed = failing(ComponentAway("cluster", "gone"), "b.csv", 20)
    rig = begin(engine)
    rig.run_to_idle()
    assert 20 == len(failed)
    assert {1} == {batch.attempt for batch in rig.ledger.batches()}
    rig.stop()
    world.check()


def test_sigterm_while_batches_run(world: World, begin: Begin) -> None:
    """They are given back, and their attempt is run again under the same number."""
    rig = begin()
    rig.scan()
    rig.parts.runner.stopped = True
    rig.turn(5)
    rig.loop.stop.set()
    assert 2 == rig.stop()
    assert [] == list((world.folder / "outbox.ingestd" / "staging").iterdir())
    rig = begin()
    assert {(BatchState.SEALED, 1)} == {
        (batch.state, batch.attempt) for batch in rig.ledger.batches()
    }
    rig.run_to_idle()
    assert {1} == {batch.attempt for batch in rig.ledger.batches()}
    rig.stop()
    world.check()


def test_sigterm_while_the_sink_is_away(world: World, begin: Begin) -> None:
    """The drain ends in time, and the next start commits what was staged."""
    rig = begin()
    rig.scan()
    rig.turn()
    gone_when_published(rig, world.outbox, world.folder / "away")
    rig.turn(3)
    rig.loop.stop.set()
    assert 0 == rig.stop()
    (world.folder / "away").rename(world.folder / "outbox")
    begin().run_to_idle()
    world.check()


def test_a_wall_clock_that_jumps(world: World, begin: Begin) -> None:
    """Back by years and forth again between any two turns: nothing lost or doubled."""
    clock = FakeClock()
    rig = begin(clock=clock)
    jumps = [-3_600.0, 86_400.0, -1e9, 5.0, 1e9 - 90_000.0]
    for number in range(20):
        clock.skew += jumps[number % len(jumps)]
        if number < 5:
            world.add(f"n{number}.csv", rows_of(20 + number))
        rig.scan()
        rig.turn()
    rig.run_to_idle()
    rig.stop()
    world.check()


def test_batches_of_one_second_have_names_of_their_own(
    world: World, begin: Begin
) -> None:
    """A clock that stands still seals the same content twice, under two ids."""
    clock = FakeClock()
    rig = begin(clock=clock)
    rig.run_to_idle()
    clock.skew -= clock.now - 1_000.0
    world.add("n.csv", rows_of(20))
    rig.run_to_idle()
    ids = [batch.id for batch in rig.ledger.batches()]
    assert len(ids) == len(set(ids))
    rig.stop()
    world.check()
