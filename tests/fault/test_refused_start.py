"""
A daemon that cannot begin says why, leaves the right exit code, and changes nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingestd.errors import Unreachable
from ingestd.ledger.sqlite import SqliteLedger
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import start
from tests.fault.world import World

pytestmark = pytest.mark.fault

ROOT = str(Path(__file__).parents[2])


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ingestd", "run", "--once"],
        cwd=folder,
        env={"PYTHONPATH": ROOT, "HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_daemon(world: World) -> None:
    """The state folder is locked: exit 5, with the holder's process id."""
    state = world.folder / "var"
    state.mkdir()
    ledger = SqliteLedger.open(state, now=time.time())
    try:
        second = run(world.folder)
    finally:
        ledger.close()
    assert 5 == second.returncode
    assert "another daemon (pid" in second.stdout + second.stderr


def test_a_broken_configuration(world: World) -> None:
    """Exit 78, and neither state nor sink is made."""
    with (world.folder / "config.toml").open("a") as config:
        config.write("nonsense = 1\n")
    refused = run(world.folder)
    assert 78 == refused.returncode
    assert "nonsense" in refused.stdout + refused.stderr
    assert not (world.folder / "var").exists()
    assert not world.outbox.exists()


def test_a_missing_source(world: World) -> None:
    """Exit 6, and the folder is not made in its place."""
    world.inbox.rename(world.folder / "elsewhere")
    refused = run(world.folder)
    assert 6 == refused.returncode
    assert "no such folder" in refused.stdout + refused.stderr
    assert not world.inbox.exists()


def test_a_sink_that_cannot_be_made(world: World) -> None:
    """Exit 6 before anything is started."""
    (world.folder / "file").touch()
    config = world.folder / "config.toml"
    config.write_text(config.read_text().replace('"outbox"', '"file/outbox"'))
    refused = run(world.folder)
    assert 6 == refused.returncode, refused.stdout + refused.stderr
    assert "cannot make" in refused.stdout + refused.stderr


def test_a_sink_that_must_not_be_written_to(open_place: Path, ordinary: None) -> None:
    """It is found at the start, not when the first batch is published."""
    world = World(open_place / "world").fill()
    world.outbox.mkdir(mode=0o555)
    with pytest.raises(Unreachable, match="no write access"):
        start(world.folder, CsvEngine())
