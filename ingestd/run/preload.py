"""
What a worker loads before its first task, so that no batch waits for an import.
"""

from __future__ import annotations

import ingestd.run.flow  # noqa: F401 - imported for its own sake
from ingestd.run import engine


def dask_setup(worker: object) -> None:
    """
    Load the engine that every worker has; Dask calls this when the worker starts.
    """
    del worker
    engine.load("polars")
