"""
Parts on their way from a worker's scratch folder into the sink's store.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ingestd.model import Part, PartKind
from ingestd.run.engine import Plan
from ingestd.storage import Place, open_store


def uploaded(plan: Plan, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """
    Put *parts* of data below the attempt's prefix, compared; where the plan has one.

    A task that runs twice puts the same names again. Raises ComponentAway.
    """
    if not plan.upload_to:
        return parts
    place = Place.of(plan.upload_to)
    store = open_store(place, plan.pipeline.sink.storage, "sink")
    found = []
    for part in parts:
        if part.kind is not PartKind.DATA:
            found.append(part)
            continue
        store.put(place.below(part.name), part.staged, part.sha256)
        Path(part.staged).unlink(missing_ok=True)
        found.append(replace(part, staged=f"{plan.upload_to}/{part.name}"))
    return tuple(found)
