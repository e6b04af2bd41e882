"""
What the tests with real daemons share.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import ROWS, Daemon

PATIENT = """
[prefect]
start_seconds = 300
"""
"""A machine that does other work as well must not make a batch bypass Prefect."""


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A Prefect home whose database exists: making it takes most of a server's start.
    """
    folder = tmp_path_factory.mktemp("prefect-home")
    (folder / "inbox").mkdir()
    (folder / "config.toml").write_text(ROWS.format(head=PATIENT, source=""))
    (folder / "inbox" / "first.csv").write_text("file,row,text\n0,0,x\n")
    daemon = Daemon(folder, arguments=("--once",)).start()
    assert daemon.wait() == 0, daemon.tail()
    assert [line["bypassed"] for line in daemon.events("batch_committed")] == [False]
    return folder / "var" / "prefect"


@pytest.fixture
def make_daemon(tmp_path: Path, prefect_home: Path) -> Iterator[Callable[..., Daemon]]:
    """
    Make daemons in one folder; each that still runs is killed at the end.
    """
    made: list[Daemon] = []

    def make(head: str = "", source: str = "", *arguments: str) -> Daemon:
        config = tmp_path / "config.toml"
        if not config.exists():
            (tmp_path / "inbox").mkdir()
            patient = "" if "[prefect]" in head else PATIENT
            config.write_text(ROWS.format(head=head + patient, source=source))
            shutil.copytree(prefect_home, tmp_path / "var" / "prefect")
        made.append(Daemon(tmp_path, arguments=arguments))
        return made[-1]

    yield make
    for daemon in made:
        daemon.kill()
