"""
Whether there is room: intake pauses and goes on, each said once.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Literal

import pytest

from ingestd.config import Config, Drift, Limits, Pipeline, Rejects
from ingestd.config import Sink as SinkConfig
from ingestd.daemon.disk import LOOK_SECONDS, Disk
from ingestd.observe.events import IntakePaused, IntakeResumed, capture

MIB = 1 << 20


@dataclass
class FakeClock:
    now: float = 100.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now


class Places(dict):
    """Free MiB by folder; an exception is raised."""

    def statvfs(self, place: str) -> SimpleNamespace:
        found = self.get(place)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "gone", place)
        if isinstance(found, OSError):
            raise found
        return SimpleNamespace(f_bavail=found * 256, f_frsize=4096)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    made = Places({"/state": 50, "/out": 50, "/aside": 50, "/": 50})
    monkeypatch.setattr(os, "statvfs", made.statvfs)
    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def disk(places: Places, clock: FakeClock) -> Disk:
    return Disk(config_of("reject"), clock)


def config_of(bad_row: Literal["reject", "fail"]) -> Config:
    pipeline = Pipeline(
        name="rows",
        sink=SinkConfig(url="/out"),
        rejects=Rejects(url="/aside"),
        drift=Drift(bad_row=bad_row),
    )
    return Config(
        state_dir="/state", limits=Limits(min_free=10 * MIB), pipelines=(pipeline,)
    )


def test_with_room_everywhere_nothing_lacks(disk: Disk) -> None:
    """No reason, and no moment to look again on its own account."""
    assert disk.lacking() == ""
    assert disk.next_due() is None


@pytest.mark.parametrize("place", ["/state", "/out", "/aside"])
def test_too_little_room_pauses_and_room_resumes(
    disk: Disk, places: Places, clock: FakeClock, place: str
) -> None:
    """Whichever disk it is: one event at each change, with the numbers and seconds."""
    places[place] = 9
    with capture() as seen:
        assert place in disk.lacking()
        assert "9 MiB" in disk.lacking()
        clock.now += LOOK_SECONDS
        assert disk.next_due() == clock.now
        assert disk.lacking() != ""
        places[place] = 10
        clock.now += LOOK_SECONDS
        assert disk.lacking() == ""
    assert seen == [
        IntakePaused("disk", 9 * MIB, 10 * MIB, place),
        IntakeResumed("disk", seconds=2 * LOOK_SECONDS),
    ]


def test_a_disk_of_rejects_counts_only_where_rows_are_set_aside(
    places: Places, clock: FakeClock
) -> None:
    """A pipeline that quarantines whole files writes nothing there."""
    places["/aside"] = 0
    assert Disk(config_of("fail"), clock).lacking() == ""
    assert Disk(config_of("reject"), clock).lacking() != ""


def test_it_does_not_ask_the_disk_at_every_turn(
    disk: Disk, places: Places, clock: FakeClock
) -> None:
    """Between two looks the answer stays, though the disk fills meanwhile."""
    assert disk.lacking() == ""
    places["/out"] = 0
    clock.now += LOOK_SECONDS / 2
    assert disk.lacking() == ""
    clock.now += LOOK_SECONDS / 2
    assert disk.lacking() != ""


def test_a_folder_that_is_not_made_yet_counts_as_the_one_above(
    disk: Disk, places: Places
) -> None:
    """Its file system is the one it will be made on."""
    del places["/out"]
    assert disk.lacking() == ""
    places["/"] = 1
    assert Disk(disk_config(), FakeClock()).lacking() != ""


def disk_config() -> Config:
    pipeline = Pipeline(name="rows", sink=SinkConfig(url="/out/deeper"))
    return Config(
        state_dir="/state", limits=Limits(min_free=10 * MIB), pipelines=(pipeline,)
    )


def test_a_disk_that_does_not_answer_pauses_intake(
    disk: Disk, places: Places, clock: FakeClock
) -> None:
    """A stale mount is a reason to wait, and no reason to end the daemon."""
    places["/out"] = OSError(errno.ESTALE, "Stale file handle")
    with capture() as seen:
        assert "Stale file handle" in disk.lacking()
        assert disk.next_due() is not None
        places["/out"] = 50
        clock.now += LOOK_SECONDS
        assert disk.lacking() == ""
    assert [type(event) for event in seen] == [IntakePaused, IntakeResumed]
