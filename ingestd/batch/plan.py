"""
Read units: what one mapped task reads. No I/O, no clock.

The orchestrator's cost is per task, so a unit is sized in bytes and never "one per
file": a thousand tiny files are one unit or a few.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import replace

from ingestd.config import Pipeline
from ingestd.config.values import LOCAL_SCHEME, scheme_of
from ingestd.model import Batch, Member, Unit

FILE_COST_BYTES = 16 << 10
"""What opening a file costs, as bytes of parsing."""

_MUCH_LARGER = 1.5
"""A file up to this many units is one unit."""

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
    batch: Batch,
    unit_bytes: int,
    *,
    isolate: bool | None = None,
    cut: bool = False,
) -> tuple[Unit, ...]:
    """
    Cut *batch* into units of about *unit_bytes*, evenly, in order of its members.

    Every member is in exactly one unit, and a unit's members are neighbours. With *cut*
    a file much larger than a unit becomes slices, each a unit of its own. *isolate* (by
    default the batch's own) gives each member a unit, to find the one at fault. The
    same batch always gives the same units.
    """
    if batch.isolate if isolate is None else isolate:
        return tuple(Unit(i, (member,)) for i, member in enumerate(batch.members))
    groups: list[tuple[Member, ...]] = []
    for large, run in itertools.groupby(
        batch.members, key=lambda member: cut and _large(member, unit_bytes)
    ):
        if large:
            groups += [(piece,) for m in run for piece in _slices(m, unit_bytes)]
        else:
            groups += _shared(tuple(run), unit_bytes)
    return tuple(Unit(index, members) for index, members in enumerate(groups))


def _large(member: Member, unit_bytes: int) -> bool:
    return member.size > _MUCH_LARGER * unit_bytes and not _packed(member)


def _slices(member: Member, unit_bytes: int) -> list[Member]:
    """
    Cut *member* evenly; borders are bytes, wherever its records begin.
    """
    count = math.ceil(member.size / unit_bytes)
    borders = [member.start + member.size * i // count for i in range(count + 1)]
    return [
        replace(member, start=start, end=end)
        for start, end in itertools.pairwise(borders)
    ]


def _shared(members: tuple[Member, ...], unit_bytes: int) -> list[tuple[Member, ...]]:
    weights = [weight(member) for member in members]
    total = sum(weights)
    share = total / max(1, math.ceil(total / unit_bytes))
    # A member belongs to the share that its middle lies in: no unit is then more than
    # one member away from its share, whatever came before.
    ends = itertools.accumulate(weights)
    places = [
        (end - size / 2) // share for end, size in zip(ends, weights, strict=True)
    ]
    runs = itertools.groupby(
        zip(places, members, strict=True), key=lambda pair: pair[0]
    )
    return [tuple(member for _, member in run) for _, run in runs]


def weight(member: Member) -> int:
    """
    Return the cost of reading *member*, in bytes of plain CSV.
    """
    return member.size * PACKED_RATIO.get(_suffix(member), 1) + FILE_COST_BYTES


def _packed(member: Member) -> bool:
    return _suffix(member) in PACKED_RATIO


def _suffix(member: Member) -> bytes:
    _, dot, suffix = member.file.path.rpartition(b".")
    return dot + suffix.lower()


def may_be_cut(pipeline: Pipeline) -> bool:
    """
    Tell whether files of *pipeline* may be read in slices.

    Not where a row's number in its file is wanted, which only a reading from the
    beginning knows, nor where lines at the end are none of its records. An object is
    not cut: each slice would be a copy of the whole. Growing files are read in pieces
    that are none of them large.
    """
    if pipeline.source.mode == "tail":
        return False
    if scheme_of(pipeline.source.url) != LOCAL_SCHEME:
        return False
    return not pipeline.sink.lineage_columns and not pipeline.csv.skip_footer
