"""
What a worker loads before its first task, so that no batch waits for an import.
"""

from __future__ import annotations

from contextlib import suppress

import ingestd.run.flow  # noqa: F401 - imported for its own sake
from ingestd.errors import ComponentAway
from ingestd.run import engine


def dask_setup(worker: object) -> None:
    """
    Load the engines that *worker* has; Dask calls this when the worker starts.

    A GPU's context, its kernels and its pinned memory are made here, and not by the
    first batch. A GPU that does not work is told by that batch, as what it lacks.
    """
    engine.load("polars")
    resources = getattr(getattr(worker, "state", None), "total_resources", {})
    if "GPU" in resources:
        with suppress(ImportError, ComponentAway):
            engine.load("cudf")
