"""
Files that get another name, or grow, around the moment when their rows are committed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingestd.model import FileState
from tests.fault.rig import Rig
from tests.fault.test_sink_away import gone_when_published
from tests.fault.world import HEADER, World, csv_of, rows_of

pytestmark = pytest.mark.fault

Begin = Callable[..., Rig]
F = FileState


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The row world; files stay where they are."""
    world = World(tmp_path / "world").fill()
    config = world.folder / "config.toml"
    text = config.read_text().replace('"move"', '"keep"')
    config.write_text(text.replace('move_to = "done"\n', ""))
    return world


def states(rig: Rig, name: str) -> list[FileState]:
    return [row.state for row in rig.ledger.files(path=name.encode())]


def test_another_file_takes_the_old_name(world: World, begin: Begin) -> None:
    """As with a log that is rotated: what was read is not read again."""
    rig = begin()
    rig.run_to_idle()
    (world.inbox / "a.csv").rename(world.inbox / "a.1.csv")
    world.add("a.csv", world.good["a.csv"] + rows_of(8))
    (world.inbox / "a.csv").write_bytes(csv_of(rows_of(8)))
    rig.run_to_idle()
    assert [F.UNCHANGED] == states(rig, "a.1.csv")
    rig.stop()
    world.check_output()


def test_renamed_over_another_file(world: World, begin: Begin) -> None:
    """Both were read under their own names: neither is read again."""
    rig = begin()
    rig.run_to_idle()
    (world.inbox / "a.csv").rename(world.inbox / "b.csv")
    rig.run_to_idle()
    assert [F.COMMITTED, F.UNCHANGED] == states(rig, "b.csv")
    rig.stop()
    world.check_output()


def test_renamed_before_the_commit(world: World, begin: Begin) -> None:
    """It was read, and its sink is away: under its new name it waits for the end."""
    rig = begin()
    gone_when_published(rig, world.outbox, world.folder / "away")
    rig.scan()
    rig.turn(3)
    (world.inbox / "a.csv").rename(world.inbox / "z.csv")
    rig.scan()
    rig.turn(10)
    assert [] == states(rig, "z.csv")
    (world.folder / "away").rename(world.outbox)
    rig.run_to_idle()
    assert [F.UNCHANGED] == states(rig, "z.csv")
    rig.stop()
    world.check_output()


def test_renamed_before_it_is_read(world: World, begin: Begin) -> None:
    """Its batch finds it vanished, and then it is read under its new name."""
    rig = begin()
    rig.scan()
    rig.parts.runner.stopped = True
    rig.turn(3)
    (world.inbox / "a.csv").rename(world.inbox / "z.csv")
    rig.scan()
    rig.turn(3)
    assert [] == states(rig, "z.csv")
    rig.parts.runner.stopped = False
    rig.run_to_idle()
    assert [F.VANISHED] == states(rig, "a.csv")
    assert [F.COMMITTED] == states(rig, "z.csv")
    rig.stop()
    world.check_output()


def test_renamed_and_then_grown(world: World, begin: Begin) -> None:
    """The rows that came under the old name are not read again with the new ones."""
    rig = begin()
    rig.run_to_idle()
    path = world.inbox / "z.csv"
    (world.inbox / "a.csv").rename(path)
    rig.run_to_idle()
    with path.open("ab") as file:
        file.write(b"999,d0,dev0,1\n")
    rig.run_to_idle()
    assert [F.UNCHANGED, F.GREW_AFTER_COMMIT] == states(rig, "z.csv")
    rig.stop()
    world.check_output()


def test_a_header_that_gets_its_rows_later(world: World, begin: Begin) -> None:
    """Nothing of it is in the output, so it is read, as if it were new."""
    path = world.inbox / "h.csv"
    path.write_text(HEADER + "\n")
    rig = begin()
    rig.run_to_idle()
    world.add("h.csv", rows_of(8))
    rig.run_to_idle()
    assert [F.COMMITTED, F.COMMITTED] == states(rig, "h.csv")
    rig.stop()
    world.check_output()


def test_an_empty_header_that_is_renamed(world: World, begin: Begin) -> None:
    """Under its new name it is read again, and so are the rows that it gets there."""
    path = world.inbox / "h.csv"
    path.write_text(HEADER + "\n")
    rig = begin()
    rig.run_to_idle()
    path.rename(world.inbox / "z.csv")
    rig.run_to_idle()
    world.add("z.csv", rows_of(8))
    rig.run_to_idle()
    assert [F.COMMITTED, F.COMMITTED] == states(rig, "z.csv")
    rig.stop()
    world.check_output()
