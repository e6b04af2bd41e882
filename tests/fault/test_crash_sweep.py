"""
Exactly once, whatever is killed and whenever: a crash at every single point.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.lives import Lives, sweep

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """
    A folder in memory, where there is one: thousands of fsyncs are waited for here.
    """
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        dir=memory if memory.is_dir() else tmp_path
    ) as made:
        yield Path(made)


@pytest.mark.parametrize("mode", ["rows", "groups"])
def test_a_crash_at_any_point_loses_and_doubles_nothing(
    mode: str, folder: Path
) -> None:
    """
    For each point: crash there, crash again soon after, run to idle: all is there once,
    no reader ever saw a file that is not whole, and no commit can outlive its files.
    """
    with Lives() as lives:
        failures = sweep(lives, folder, mode, lambda points: range(1, points + 1))
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("mode", ["rows", "groups"])
def test_the_real_engine_survives_crashes_as_well(mode: str, folder: Path) -> None:
    """
    The same at a few points with Polars; ``python -m tests.fault.sweep`` takes all.
    """
    with Lives("polars") as lives:
        failures = sweep(lives, folder, mode, lambda points: range(40, points, 45))
    assert not failures, "\n".join(failures)
