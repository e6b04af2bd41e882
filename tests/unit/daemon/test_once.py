"""
When ``run --once`` is done.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ingestd.daemon.once import Drained
from ingestd.observe.events import (
    BatchAbandoned,
    FileQuarantined,
    ScanFailed,
    ScanFinished,
    emit,
)
from tests.unit.observe.conftest import make


class World:
    """The parts that Drained looks at, all idle."""

    def __init__(self) -> None:
        self.settling = self.resting = self.flying = self.waiting = self.backlog = 0
        self.disposing = 0
        self.misconfigured = 0

    @property
    def parts(self) -> Any:
        pipeline = SimpleNamespace(
            source=SimpleNamespace(
                settle=SimpleNamespace(settling=lambda: self.settling)
            ),
            dispatch=SimpleNamespace(
                resting=self.resting, misconfigured=self.misconfigured
            ),
        )
        return SimpleNamespace(
            pipelines={"a": pipeline, "b": pipeline},
            budget=SimpleNamespace(batches=self.flying),
            committer=SimpleNamespace(waiting=self.waiting, disposing=self.disposing),
        )

    def drained(self) -> Drained:
        names = [SimpleNamespace(name="a"), SimpleNamespace(name="b")]
        config: Any = SimpleNamespace(pipelines=names)
        ledger: Any = SimpleNamespace(
            backlog=lambda _: SimpleNamespace(files=self.backlog)
        )
        return Drained(self.parts, ledger, config)


def test_every_source_must_have_been_listed_once() -> None:
    """An empty folder that nobody looked into yet is not drained."""
    with World().drained() as drained:
        assert not drained()
        emit(make(ScanFinished, pipeline="a"))
        assert not drained()
        emit(make(ScanFinished, pipeline="b"))
        assert drained()
    assert drained.quarantined == 0


def test_a_folder_that_cannot_be_listed_does_not_keep_it_and_is_counted() -> None:
    """It ends, and its exit code tells."""
    with World().drained() as drained:
        emit(make(ScanFinished, pipeline="a"))
        emit(make(ScanFailed, pipeline="b"))
        assert drained()
    assert drained.quarantined == 1


@pytest.mark.parametrize(
    "what", ["settling", "resting", "flying", "waiting", "backlog", "disposing"]
)
def test_whatever_is_on_its_way_keeps_it(what: str) -> None:
    """A file that settles, waits, runs or is moved, a batch that rests or waits."""
    world = World()
    setattr(world, what, 1)
    with world.drained() as drained:
        emit(make(ScanFinished, pipeline="a"))
        emit(make(ScanFinished, pipeline="b"))
        assert not drained()


def test_what_is_set_aside_is_counted_for_the_exit_code() -> None:
    """Files and abandoned batches, while it listens and not after."""
    drained = World().drained()
    with drained:
        emit(make(FileQuarantined))
        emit(make(BatchAbandoned))
    emit(make(FileQuarantined))
    assert drained.quarantined == 2


def test_what_waits_for_another_configuration_does_not_keep_it() -> None:
    """It would wait for ever; the exit code tells."""
    world = World()
    world.resting = world.misconfigured = 1
    with world.drained() as drained:
        emit(make(ScanFinished, pipeline="a"))
        emit(make(ScanFinished, pipeline="b"))
        assert drained()
    assert drained.quarantined == 2
