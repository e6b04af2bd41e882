"""
What the fault tests share: a world, and lives in this process.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestd.ledger.sqlite import migrate
from ingestd.observe.events import Event, capture
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import FakeClock, Rig, start
from tests.fault.world import World

NOBODY = 65534


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The row world."""
    return World(tmp_path / "world").fill()


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """What is emitted during the test."""
    with capture() as seen:
        yield seen


@pytest.fixture
def begin(world: World) -> Iterator[Callable[..., Rig]]:
    """Begin lives in *world*; the last one's ledger is closed at the end."""
    before = signal.getsignal(signal.SIGIO)
    rigs: list[Rig] = []

    def make(engine: Any = None, clock: FakeClock | None = None) -> Rig:
        for rig in rigs:
            rig.ledger.close()
        rigs.append(start(world.folder, engine or CsvEngine(), clock=clock))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.ledger.close()
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], Path]]:
    """Mount file systems of some size; skips where that is not permitted."""
    mounted: list[Path] = []

    def mount(size: int) -> Path:
        place = Path(tempfile.mkdtemp(prefix="small-disk-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            done = None
        if done is None or done.returncode:
            place.rmdir()
            pytest.skip("no file system can be mounted here")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that an ordinary user may enter, whoever runs the tests."""
    place = Path(tempfile.mkdtemp(prefix="open-place-"))
    place.chmod(0o777)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def ordinary(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Nothing is done as root: permissions count."""
    if os.geteuid():
        yield
        return
    # The checkout may lie in a folder that is root's alone: a whole life and its check
    # before import what is imported late; the program's own files are read once.
    before = World(tmp_path_factory.mktemp("before")).fill()
    rig = start(before.folder, CsvEngine())
    rig.run_to_idle()
    rig.stop()
    before.check()
    known = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: known)
    # The real user too: it is the one that os.access asks about.
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
