"""
The sink's folder, or that of the rejects, goes away, or cannot be written to, and
comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestd.errors import ComponentAway
from ingestd.model import BatchState
from ingestd.observe.events import (
    BatchFailed,
    ComponentBack,
    ComponentLost,
    Event,
)
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import Rig, start
from tests.fault.world import World

pytestmark = pytest.mark.fault

Begin = Callable[..., Rig]


def of(kind: type[Event], events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def attempts(rig: Rig) -> set[int]:
    return {batch.attempt for batch in rig.ledger.batches()}


def gone_when_published(rig: Rig, folder: Path, away: Path) -> None:
    """Let *folder* be *away* from the moment on when the first batch is published."""
    sink: Any = rig.parts.sinks["rows"]
    real = sink.publish

    def publish(*args: Any) -> None:
        sink.publish = real
        folder.rename(away)
        real(*args)

    sink.publish = publish


FOLDERS = ("outbox", "outbox.ingestd", "rejects", "rejects.ingestd")


@pytest.mark.parametrize("lost", FOLDERS)
def test_a_sink_that_is_gone_when_a_batch_is_published(
    lost: str, world: World, begin: Begin, events: list[Event]
) -> None:
    """It is waited for, told of as lost and once as back; no attempt is counted."""
    rig = begin()
    folder, away = world.folder / lost, world.folder / "away"
    gone_when_published(rig, folder, away)
    rig.scan()
    rig.turn(20)
    assert not folder.exists()
    assert {BatchState.STAGED} == {b.state for b in rig.ledger.batches()}
    lost_of = of(ComponentLost, events)
    assert len(lost_of) > 1
    assert {"sink"} == {getattr(event, "component", "") for event in lost_of}
    assert [] == of(ComponentBack, events)
    away.rename(folder)
    rig.run_to_idle()
    assert ["sink"] == [getattr(e, "component", "") for e in of(ComponentBack, events)]
    assert {1} == attempts(rig)
    rig.stop()
    world.check()


@pytest.mark.parametrize("lost", ["outbox.ingestd", "rejects.ingestd"])
def test_a_sink_that_is_gone_while_a_unit_is_read(
    lost: str, world: World, begin: Begin, events: list[Event]
) -> None:
    """Nothing is made in its place; the attempt is run again, uncounted."""
    rig = begin()
    folder, away = world.folder / lost, world.folder / "away"
    rig.scan()
    rig.turn()
    folder.rename(away)
    rig.turn(10)
    assert not folder.exists()
    assert {False} == {getattr(e, "counted", None) for e in of(BatchFailed, events)}
    away.rename(folder)
    rig.run_to_idle()
    assert {1} == attempts(rig)
    # What could not be thrown away meanwhile, a start throws away.
    begin().stop()
    world.check()


@pytest.mark.parametrize("lost", ["outbox.ingestd", "rejects.ingestd"])
def test_a_sink_that_is_gone_when_an_attempt_starts(
    lost: str, world: World, begin: Begin, events: list[Event]
) -> None:
    """The batch waits, uncounted, and nothing is made in the sink's place."""
    rig = begin()
    (world.folder / lost).rename(world.folder / "away")
    rig.scan()
    rig.turn(20)
    assert not (world.folder / lost).exists()
    failed = of(BatchFailed, events)
    assert failed
    assert {False} == {event.counted for event in failed}
    (world.folder / "away").rename(world.folder / lost)
    rig.run_to_idle()
    assert {1} == attempts(rig)
    rig.stop()
    world.check()


@pytest.mark.parametrize("lost", FOLDERS)
def test_a_crash_while_the_sink_is_away(lost: str, world: World, begin: Begin) -> None:
    """What was staged is published by the next life."""
    rig = begin()
    folder, away = world.folder / lost, world.folder / "away"
    gone_when_published(rig, folder, away)
    rig.scan()
    rig.turn(5)
    away.rename(folder)
    begin().run_to_idle()
    world.check()


@pytest.mark.parametrize("lost", ["outbox", "rejects"])
def test_a_sink_that_must_not_be_written_to(
    lost: str, open_place: Path, ordinary: None, events: list[Event]
) -> None:
    """Without write permission it is as if it were away."""
    world = World(open_place / "world").fill()
    rig = start(world.folder, CsvEngine())
    rig.scan()
    rig.turn()
    (world.folder / lost).chmod(0o555)
    rig.turn(10)
    assert "Permission denied" in str(of(ComponentLost, events)[0])
    (world.folder / lost).chmod(0o755)
    rig.run_to_idle()
    assert {1} == attempts(rig)
    rig.stop()
    world.check()


def test_the_ledger_is_full_just_when_the_sink_is_away(
    world: World, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One disk for both: the claimed batch is started when there is room again."""
    rig = begin()
    rig.scan()
    (world.folder / "outbox.ingestd").rename(world.folder / "away")

    def full(*_: object, **__: object) -> None:
        raise ComponentAway("disk", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(rig.ledger, "wait", full)
        rig.turn(10)
    (world.folder / "away").rename(world.folder / "outbox.ingestd")
    rig.run_to_idle()
    assert {1} == attempts(rig)
    rig.stop()
    world.check()
