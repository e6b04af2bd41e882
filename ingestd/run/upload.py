"""
Parts on their way from a local folder into the store of the sink or of the rejects.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingestd.model import Part, PartKind
from ingestd.run.engine import Plan
from ingestd.storage import Place, open_store


def uploaded(plan: Plan, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """
    Put *parts* below the attempt's prefix for their kind, compared; where the plan has
    one.

    A task that runs twice puts the same names again. Raises ComponentAway.
    """
    return tuple(_uploaded(plan, part) for part in parts)


def _uploaded(plan: Plan, part: Part) -> Part:
    pipeline = plan.pipeline
    prefix, storage = plan.upload_to, pipeline.sink.storage
    if part.kind is PartKind.REJECTS:
        prefix, storage = plan.rejects_upload_to, pipeline.storage_of_rejects
    if not prefix:
        return part
    place = Place.of(prefix)
    store = open_store(place, storage, "sink")
    store.put(place.below(part.name), part.staged, part.sha256)
    Path(part.staged).unlink(missing_ok=True)
    return replace(part, staged=f"{prefix}/{part.name}")
