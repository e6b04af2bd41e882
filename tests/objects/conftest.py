"""
What the tests on object stores share: a server, a bucket, and lives of a daemon.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestd.observe.events import Event, capture
from ingestd.storage.opening import forget
from tests.fault.rig import FakeClock, Rig, start
from tests.stores import ENVIRONMENT, Bucket, moto

_numbers = itertools.count()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The endpoint of moto's server."""
    with moto() as found:
        yield found


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket, and its credentials in the environment."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    yield Bucket.made(endpoint, f"test-{next(_numbers)}")
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
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.ledger.close()
    signal.signal(signal.SIGIO, before)
