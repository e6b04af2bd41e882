"""
Read units: what one mapped task reads. No I/O, no clock.

The orchestrator's cost is per task, so a unit is sized in bytes and never "one per
file": a thousand tiny files are one unit or a few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

from ingestd.model import Batch, Member, Unit

FILE_COST_BYTES = 16 << 10
"""What opening a file costs, as bytes of parsing."""

PACKED_RATIO: Mapping[bytes, int] = {
    b".gz": 4,
    b".zst": 4,
    b".zip": 4,
    b".bz2": 5,
    b".xz": 5,
}
"""
What a packed file is taken to unpack to, times its size. Measured with each packer's
own level (``bench/unpack.py`` does so): readings and log lines 3 to 6, random digits 2.
A name that misleads makes units uneven, and nothing worse.
"""


def plan(
    batch: Batch, unit_bytes: int, *, isolate: bool | None = None
) -> tuple[Unit, ...]:
    """
    Cut *batch* into units of about *unit_bytes*, evenly, in order of its members.

    Every member is in exactly one unit, and a unit's members are neighbours. *isolate*
    (by default the batch's own) gives each member a unit, to find the one at fault. The
    same batch always gives the same units.
    """
    if batch.isolate if isolate is None else isolate:
        return tuple(Unit(i, (member,)) for i, member in enumerate(batch.members))
    weights = [weight(member) for member in batch.members]
    total = sum(weights)
    share = total / max(1, math.ceil(total / unit_bytes))
    # A member belongs to the share that its middle lies in: no unit is then more than
    # one member away from its share, whatever came before.
    ends = itertools.accumulate(weights)
    places = [
        (end - size / 2) // share for end, size in zip(ends, weights, strict=True)
    ]
    runs = itertools.groupby(
        zip(places, batch.members, strict=True), key=lambda pair: pair[0]
    )
    return tuple(
        Unit(index, tuple(member for _, member in run))
        for index, (_, run) in enumerate(runs)
    )


def weight(member: Member) -> int:
    """
    Return the cost of reading *member*, in bytes of plain CSV.
    """
    _, dot, suffix = member.file.path.rpartition(b".")
    return member.size * PACKED_RATIO.get(dot + suffix.lower(), 1) + FILE_COST_BYTES
