"""
Files that are not there, not the same, or not allowed when they are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestd.model import FileState, Unit
from ingestd.observe.events import Event
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.text.count import Count
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import Rig, start
from tests.fault.world import HEADER, World, csv_of, rows_of

pytestmark = pytest.mark.fault

Begin = Callable[..., Rig]


def states(rig: Rig, name: str) -> list[FileState]:
    return [row.state for row in rig.ledger.files(path=name.encode())]


def meddling(deed: Callable[[], None]) -> CsvEngine:
    """An engine before whose first read *deed* is done."""
    todo = [deed]

    def before(plan: Plan, unit: Unit) -> None:
        if todo:
            todo.pop()()

    return CsvEngine(before=before)


def test_a_file_that_vanishes_between_scan_and_read(world: World, begin: Begin) -> None:
    """It ends as vanished; the others of its batch are committed."""
    rig = begin(meddling((world.inbox / "a.csv").unlink))
    rig.run_to_idle()
    assert [FileState.VANISHED] == states(rig, "a.csv")
    rig.stop()
    del world.good["a.csv"]
    world.check_output()


def test_a_file_that_vanished_and_comes_back(world: World, begin: Begin) -> None:
    """It is read when a scan finds it again, even with the same stat."""
    path, aside = world.inbox / "a.csv", world.folder / "aside"
    rig = begin(meddling(lambda: path.rename(aside)))
    rig.run_to_idle()
    aside.rename(path)
    rig.run_to_idle()
    assert [FileState.VANISHED, FileState.MOVED] == states(rig, "a.csv")
    rig.stop()
    world.check_output()


def test_a_file_that_is_changed_before_it_is_read(world: World, begin: Begin) -> None:
    """The old version ends as changed, the new one is read; no row is of both."""
    rig = begin(meddling(lambda: world.add("a.csv", rows_of(7, 5))))
    rig.run_to_idle()
    assert [FileState.CHANGED, FileState.MOVED] == states(rig, "a.csv")
    rig.stop()
    world.check_output()


def test_a_file_that_grows_while_it_is_read(
    world: World, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it is thrown away; then it is read whole."""
    from ingestd.run import opening

    real, todo = opening.counted, ["a.csv"]

    def counted(content: Content) -> Count:
        if todo and content.member.file.path == b"a.csv":
            todo.pop()
            world.add("a.csv", world.good["a.csv"] + rows_of(7))
        return real(content)

    monkeypatch.setattr(opening, "counted", counted)
    rig = begin()
    rig.run_to_idle()
    assert [] == todo
    assert [FileState.CHANGED, FileState.MOVED] == states(rig, "a.csv")
    rig.stop()
    world.check_output()


@pytest.mark.parametrize("content", [b"", HEADER.encode() + b"\n"])
def test_a_file_without_rows(content: bytes, world: World, begin: Begin) -> None:
    """Empty, or with a header alone: it is committed with no rows, and disposed of."""
    (world.inbox / "b0.csv").write_bytes(content)
    rig = begin()
    rig.run_to_idle()
    (row,) = rig.ledger.files(path=b"b0.csv")
    assert (FileState.MOVED, 0, 0) == (row.state, row.rows_in, row.rows_out)
    rig.stop()
    assert content == (world.folder / "done" / "b0.csv").read_bytes()
    world.check_output()


def test_a_file_that_must_not_be_opened(
    open_place: Path, ordinary: None, events: list[Event]
) -> None:
    """It is told of and not admitted; once it may be opened, a scan takes it."""
    world = World(open_place / "world").fill()
    (world.inbox / "a.csv").chmod(0)
    rig = start(world.folder, CsvEngine())
    rig.run_to_idle()
    blocked = [event for event in events if event.name == "file_blocked"]
    assert [b"a.csv"] == [getattr(event, "path", b"") for event in blocked]
    assert [] == states(rig, "a.csv")
    (world.inbox / "a.csv").chmod(0o644)
    rig.run_to_idle()
    rig.stop()
    world.check()


def test_a_file_whose_permission_is_lost_before_it_is_read(
    open_place: Path, ordinary: None
) -> None:
    """It is quarantined with its reason, the rest commits."""
    world = World(open_place / "world").fill()
    engine = meddling(lambda: (world.inbox / "a.csv").chmod(0))
    rig = start(world.folder, engine)
    rig.run_to_idle()
    rig.stop()
    del world.good["a.csv"]
    world.bad["a.csv"] = "permission"
    world.check()


def test_a_source_that_goes_away_and_comes_back(
    world: World, begin: Begin, events: list[Event]
) -> None:
    """Scans fail meanwhile and say so; nothing known is forgotten or read again."""
    rig = begin()
    rig.run_to_idle()
    world.inbox.rename(world.folder / "away")
    rig.run_to_idle()
    assert [e for e in events if e.name == "scan_failed"]
    (world.folder / "away").rename(world.inbox)
    world.add("late.csv", rows_of(8))
    rig.run_to_idle()
    rig.stop()
    world.check()


@pytest.mark.parametrize("after", ["move", "delete"])
def test_another_file_takes_the_place_of_one_that_was_read(
    after: str, world: World, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its size and its time: it is another file, and is not disposed of unread."""
    config = world.folder / "config.toml"
    text = config.read_text().replace('"move"', f'"{after}"')
    if after == "delete":
        text = text.replace('move_to = "done"\n', "")
    config.write_text(text)
    path = world.inbox / "a.csv"
    rig = begin()
    real = rig.ledger.commit

    def commit(*args: Any) -> None:
        real(*args)
        if path.read_bytes() == csv_of(rows_of(1)):
            seen = path.stat()
            other = world.folder / "other"
            other.write_bytes(csv_of(rows_of(9)))
            os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
            other.rename(path)

    monkeypatch.setattr(rig.ledger, "commit", commit)
    rig.scan()
    rig.turn(5)
    assert csv_of(rows_of(9)) == path.read_bytes()
    monkeypatch.undo()
    rig.run_to_idle()
    rig.stop()
    world.good["a.csv"] = rows_of(1) + rows_of(9)
    world.check_output()
