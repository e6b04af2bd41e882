"""
What a loss is: an error that follows from a component's absence, not from a file.
"""

from __future__ import annotations

from ingestd.errors import ComponentAway


def lost(err: BaseException) -> str:
    """
    Return the component whose loss *err* is, or "" for a unit's own failure.

    No file is at fault for a loss, and no attempt is counted. Libraries are told by
    name: this module imports none of them.
    """
    if isinstance(err, ComponentAway):
        return err.component
    kinds = type(err).__mro__
    if {"httpx", "prefect"} & {kind.__module__.partition(".")[0] for kind in kinds}:
        return "prefect"
    of_dask = {"CancelledError", "CommClosedError", "NoValidWorkerError"}
    names = {kind.__name__ for kind in kinds}
    return "cluster" if isinstance(err, OSError) or of_dask & names else ""
