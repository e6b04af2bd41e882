"""
What the tests on object stores share: a server, a bucket, and lives of a daemon.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ingestd.discover.unsettled import Unsettled
from ingestd.observe.events import Event, capture
from ingestd.storage.opening import forget
from tests.fault.rig import FakeClock, Rig, start
from tests.servers import Make, started
from tests.stores import Bucket, CannotStart

_numbers = itertools.count()


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Make]]:
    """Each kind of server, started when it is first asked for."""
    running: dict[str, Make | CannotStart] = {}
    with ExitStack() as stack:

        def server(kind: str) -> Make:
            if kind not in running:
                folder = tmp_path_factory.mktemp(kind)
                try:
                    running[kind] = stack.enter_context(started(kind, folder))
                except CannotStart as err:
                    running[kind] = err
            found = running[kind]
            if isinstance(found, CannotStart):
                pytest.skip(str(found))
            return found

        yield server


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest,
    servers: Callable[[str], Make],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bucket]:
    """An empty bucket, of moto if not told otherwise; its credentials are there."""
    kind = getattr(request, "param", "moto")
    made = servers(kind)(f"test-{next(_numbers)}")
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    yield made
    forget()


@pytest.fixture
def events() -> Iterator[list[Event]]:
    """What is emitted during the test."""
    with capture() as seen:
        yield seen


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Begin lives of a daemon with a configuration; the last ledger is closed."""
    from ingestd.run.engines.polars import PolarsEngine

    before = signal.getsignal(signal.SIGIO)
    rigs: list[Rig] = []

    def make(config: str, engine: Any = None, clock: FakeClock | None = None) -> Rig:
        for rig in rigs:
            rig.ledger.close()
        (tmp_path / "inbox").mkdir(exist_ok=True)
        (tmp_path / "config.toml").write_text(config)
        rigs.append(start(tmp_path, engine or PolarsEngine(), clock=clock))
        for pipeline in rigs[-1].parts.pipelines.values():
            sweeper = getattr(pipeline.source, "sweeper", None)
            if isinstance(sweeper, Unsettled):
                sweeper.clock = rigs[-1].clock.monotonic
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.ledger.close()
    signal.signal(signal.SIGIO, before)
