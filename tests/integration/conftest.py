"""
What the tests with real daemons share.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestd.run.prefect_server import PrefectServer
from tests.live import PATIENCE_SECONDS, ROWS, Daemon

PATIENT = """
[prefect]
start_seconds = 300
"""
"""A machine that does other work as well must not make a batch bypass Prefect."""

LIVE = pytest.mark.xdist_group("live")
"""Real daemons one after the other, in one process of the tests: they take all cores,
and share what takes seconds to start."""

WITH_A_DAEMON = {"make_daemon", "make_whole_daemon", "prefect_url"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that start daemons in one process, where there are several."""
    for item in items:
        if WITH_A_DAEMON & set(getattr(item, "fixturenames", ())):
            item.add_marker(LIVE)


@contextmanager
def prefect_at(folder: Path) -> Iterator[str]:
    """A server with its home below *folder*; yields its URL when it answers."""
    folder.mkdir(exist_ok=True)
    server = PrefectServer(str(folder), None, lambda _name, _line: None)
    server.start(0.0)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not server.answers():
            assert time.monotonic() < end, "Prefect's server does not answer"
            time.sleep(0.05)  # between two looks
        yield server.api_url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A Prefect home whose database exists: making it takes most of a server's start.
    """
    folder = tmp_path_factory.mktemp("prefect-home")
    with prefect_at(folder):
        pass
    return folder / "prefect"


@pytest.fixture(scope="session")
def prefect_url(
    prefect_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """
    A server for all daemons of which it is not the property that they have their own.
    """
    folder = tmp_path_factory.mktemp("prefect")
    shutil.copytree(prefect_home, folder / "prefect")
    with prefect_at(folder) as url:
        yield url


class Maker:
    """
    Makes daemons in one folder: ``[prefect]`` of *head* is used, else *api_url* where
    there is one, else the daemon's own server.
    """

    def __init__(self, folder: Path, prefect_home: Path, api_url: str = "") -> None:
        self.folder = folder
        self.prefect_home = prefect_home
        self.api_url = api_url
        self.made: list[Daemon] = []

    def __call__(self, head: str = "", source: str = "", *arguments: str) -> Daemon:
        config = self.folder / "config.toml"
        given = "[prefect]" in head
        if not config.exists():
            (self.folder / "inbox").mkdir()
            patient = "" if given else PATIENT
            config.write_text(ROWS.format(head=head + patient, source=source))
            shutil.copytree(self.prefect_home, self.folder / "var" / "prefect")
        other = self.api_url if not given else ""
        environment = {"INGESTD__PREFECT__API_URL": other} if other else {}
        self.made.append(Daemon(self.folder, environment, arguments))
        return self.made[-1]

    def end(self) -> None:
        """Kill each that still runs."""
        for daemon in self.made:
            daemon.kill()


@pytest.fixture
def make_daemon(
    tmp_path: Path, prefect_home: Path, prefect_url: str
) -> Iterator[Callable[..., Daemon]]:
    """
    Make daemons that use a server of all tests; what still runs is killed at the end.
    """
    maker = Maker(tmp_path, prefect_home, prefect_url)
    yield maker
    maker.end()


@pytest.fixture
def make_whole_daemon(
    tmp_path: Path, prefect_home: Path
) -> Iterator[Callable[..., Daemon]]:
    """
    The same, each with a server of its own, as most installations have it.
    """
    maker = Maker(tmp_path, prefect_home)
    yield maker
    maker.end()
