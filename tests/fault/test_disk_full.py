"""
A disk is full for a while: nothing is lost, no attempt is counted, and work goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestd.errors import ComponentAway
from ingestd.model import FileState
from ingestd.observe.events import BatchFailed, ComponentBack, ComponentLost, Event
from ingestd.run.engine import load
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import Rig, start
from tests.fault.world import World

pytestmark = pytest.mark.fault

SIZE = 1 << 20
Mount = Callable[[int], Path]
WRITES = ("admit", "seal", "claim", "stage", "commit", "disposed")


def fill(disk: Path) -> Path:
    """Leave no room on *disk*; return the file that takes it all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 14, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return filler


@pytest.mark.parametrize("engine", ["csv", "polars"])
def test_a_full_sink(engine: str, small_disk: Mount, events: list[Event]) -> None:
    """Staging on a full disk: each engine says so, and the batch waits uncounted."""
    disk = small_disk(SIZE)
    world = World(disk / "world").fill()
    config = world.folder / "config.toml"
    # The ledger has a disk of its own, so that only the sink's is full.
    state = small_disk(16 * SIZE)
    config.write_text(config.read_text().replace('"var"', f'"{state}"'))
    (world.folder / "var").symlink_to(state)
    chosen: Any = CsvEngine() if engine == "csv" else load("polars")
    rig = start(world.folder, chosen)
    rig.scan()
    rig.turn()
    filler = fill(disk)
    rig.turn(10)
    failed = [event for event in events if isinstance(event, BatchFailed)]
    assert failed
    assert {False} == {event.counted for event in failed}, failed
    filler.unlink()
    rig.run_to_idle()
    assert {1} == {batch.attempt for batch in rig.ledger.batches()}
    rig.stop()
    # Threads of an attempt that failed may still write when it is thrown away; what
    # they leave, a start throws away.
    start(world.folder, CsvEngine()).stop()
    world.check()


def test_full_rejects(small_disk: Mount, tmp_path: Path, events: list[Event]) -> None:
    """A disk for rejects alone: a batch that has some waits, uncounted, and the rows
    that it lacks are never in the output without them."""
    disk = small_disk(SIZE)
    world = World(tmp_path / "world").fill()
    config = world.folder / "config.toml"
    config.write_text(config.read_text().replace('"rejects"', f'"{disk}/rejects"'))
    (world.folder / "rejects").symlink_to(disk / "rejects")
    (world.folder / "rejects.ingestd").symlink_to(disk / "rejects.ingestd")
    rig = start(world.folder, CsvEngine())
    rig.scan()
    rig.turn()
    filler = fill(disk)
    rig.turn(10)
    failed = [event for event in events if isinstance(event, BatchFailed)]
    assert failed
    assert {False} == {event.counted for event in failed}, failed
    filler.unlink()
    rig.run_to_idle()
    assert {1} == {batch.attempt for batch in rig.ledger.batches()}
    rig.stop()
    start(world.folder, CsvEngine()).stop()
    world.check()


def test_a_full_disk_under_the_ledger(
    small_disk: Mount, tmp_path: Path, events: list[Event]
) -> None:
    """Nothing can be recorded, so nothing is done; with room it all goes on."""
    state = small_disk(4 * SIZE)
    world = World(tmp_path / "world").fill()
    config = world.folder / "config.toml"
    config.write_text(config.read_text().replace('"var"', f'"{state}"'))
    (world.folder / "var").symlink_to(state)
    rig = start(world.folder, CsvEngine())
    # The write-ahead log has room left in it from the start, until it is cut.
    connection: Any = rig.ledger
    connection._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = fill(state)
    rig.scan()
    rig.turn(10)
    assert {} == rig.ledger.counts("rows")
    lost = [event for event in events if isinstance(event, ComponentLost)]
    assert {"disk"} == {event.component for event in lost}
    filler.unlink()
    rig.turn(30)
    back = [event for event in events if isinstance(event, ComponentBack)]
    assert ["disk"] == [event.component for event in back]
    rig.run_to_idle()
    rig.stop()
    world.check()


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("which", [0, 1])
def test_a_ledger_that_is_full_at_any_of_its_writes(
    write: str,
    which: int,
    world: World,
    begin: Callable[..., Rig],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever write fails, and fails again: the daemon goes on without a restart."""
    rig = begin()
    real, calls = getattr(rig.ledger, write), []

    def sometimes(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if which < len(calls) <= which + 3:
            raise ComponentAway("disk", "the disk is full")
        return real(*args, **kwargs)

    monkeypatch.setattr(rig.ledger, write, sometimes)
    rig.run_to_idle()
    rig.turn(20)
    assert len(calls) > which + 3
    assert {1} == {batch.attempt for batch in rig.ledger.batches()}
    assert FileState.READY not in rig.ledger.counts("rows")
    rig.stop()
    world.check()


def test_files_that_could_not_be_admitted_wait_for_no_scan(
    world: World, begin: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What had settled is offered again as soon as the ledger has room."""
    rig = begin()
    real, calls = rig.ledger.admit, []

    def once(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise ComponentAway("disk", "the disk is full")
        return real(*args)

    monkeypatch.setattr(rig.ledger, "admit", once)
    rig.scan()
    rig.turn(20)
    rig.stop()
    world.check()
