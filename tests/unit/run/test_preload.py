"""
What a worker loads when it starts.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ingestd.errors import DeviceBroken
from ingestd.run import preload


class Worker:
    """A Dask worker that is starting; awaited, it has started."""

    def __init__(self, **resources) -> None:
        self.state = SimpleNamespace(total_resources=resources)
        self.started = asyncio.Event()

    def __await__(self):
        return self.started.wait().__await__()


@pytest.fixture(name="loaded")
def loaded_fixture(monkeypatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(preload.engine, "load", found.append)
    return found


def test_a_worker_of_the_cpu_loads_no_gpu(loaded):
    """
    Nothing is imported there that is not installed.
    """

    async def life():
        worker = Worker()
        await preload.dask_setup(worker)
        worker.started.set()
        await asyncio.gather(*preload._warming)

    asyncio.run(life())

    assert ["polars"] == loaded


def test_a_gpu_is_warmed_when_its_worker_has_started(loaded):
    """
    A context that is made earlier is made before the memory pool is set.
    """

    async def life():
        worker = Worker(GPU=1)
        await preload.dask_setup(worker)
        await asyncio.sleep(0)
        before = list(loaded)
        worker.started.set()
        await asyncio.gather(*preload._warming)
        return before

    assert ["polars"] == asyncio.run(life())
    assert ["polars", "cudf"] == loaded


def test_a_gpu_that_is_broken_stops_no_worker(loaded, monkeypatch):
    """
    The first batch tells what it lacks; by then the daemon can say so.
    """

    def refuse(name: str) -> None:
        loaded.append(name)
        if name == "cudf":
            raise DeviceBroken("no GPU")

    monkeypatch.setattr(preload.engine, "load", refuse)

    async def life():
        worker = Worker(GPU=1)
        worker.started.set()
        await preload.dask_setup(worker)
        await asyncio.gather(*preload._warming)

    asyncio.run(life())

    assert ["polars", "cudf"] == loaded
