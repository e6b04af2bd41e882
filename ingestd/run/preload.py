"""
What a worker loads before its first task, so that no batch waits for an import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

import ingestd.run.flow  # noqa: F401 - imported for its own sake
from ingestd.errors import DeviceBroken
from ingestd.run import engine

_warming: set[asyncio.Task[None]] = set()
"""Kept, because the loop itself holds tasks only weakly."""


async def dask_setup(worker: Awaitable[object]) -> None:
    """
    Load the engines that *worker* has; Dask calls this while the worker starts.
    """
    engine.load("polars")
    state = getattr(worker, "state", None)
    if "GPU" in getattr(state, "total_resources", {}):
        task = asyncio.create_task(_warm(worker))
        _warming.add(task)
        task.add_done_callback(_warming.discard)


async def _warm(worker: Awaitable[object]) -> None:
    """
    Make the GPU's context, kernels and pinned memory, which else the first batch would
    wait for. A GPU that does not work is told by that batch, as what it lacks.
    """
    # Only when it has started: dask-cuda sets the memory pool after this module, and
    # wants no context before that.
    await worker
    with suppress(DeviceBroken):
        await asyncio.to_thread(engine.load, "cudf")
