"""
The planner: every member once, in order, in units of about the size asked for.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.batch.plan import FILE_COST_BYTES, plan, weight
from ingestd.model import Batch, FileRef, Fingerprint, Member

MIB = 1 << 20


def batch(*sizes: int, suffix: bytes = b".csv") -> Batch:
    members = tuple(
        Member(
            FileRef(i, "p", b"f%06d" % i + suffix, Fingerprint(size, 0, 0, i)), 0, size
        )
        for i, size in enumerate(sizes)
    )
    return Batch("b", 1, "p", members, 0.0)


@given(
    st.lists(st.integers(0, 40 * MIB), min_size=1, max_size=200),
    st.integers(1, 100 * MIB),
)
def test_every_member_is_in_one_unit_in_order(sizes, unit_bytes):
    """
    The units' members, one after the other, are the batch's members.
    """
    given_batch = batch(*sizes)

    units = plan(given_batch, unit_bytes)

    assert given_batch.members == tuple(m for unit in units for m in unit.members)
    assert list(range(len(units))) == [unit.index for unit in units]
    assert all(unit.members for unit in units)


@given(
    st.lists(st.integers(0, 40 * MIB), min_size=1, max_size=200),
    st.integers(1, 100 * MIB),
)
def test_a_unit_is_at_most_a_member_larger_than_asked_for(sizes, unit_bytes):
    """
    A unit's weight is below unit_bytes plus that of its largest member.
    """
    for unit in plan(batch(*sizes), unit_bytes):
        weights = [weight(member) for member in unit.members]
        assert sum(weights) <= unit_bytes + max(weights)


def test_a_thousand_tiny_files_are_one_unit():
    """
    Tasks are counted in bytes, not in files.
    """
    assert 1 == len(plan(batch(*[4096] * 1000), 256 * MIB))


def test_units_are_even():
    """
    64 files of 14 MiB with units of 256 MiB are four units of 16 files.
    """
    units = plan(batch(*[14 * MIB] * 64), 256 * MIB)

    assert [16, 16, 16, 16] == [len(unit.members) for unit in units]


def test_a_file_larger_than_a_unit_stands_alone():
    """
    A giant does not take its small neighbours with it.
    """
    units = plan(batch(MIB, 1024 * MIB, MIB), 16 * MIB)

    assert [1, 1, 1] == [len(unit.members) for unit in units]


@pytest.mark.parametrize(
    ("suffix", "ratio"),
    [
        (b".csv.gz", 4),
        (b".csv.zst", 4),
        (b".csv.zip", 4),
        (b".CSV.BZ2", 5),
        (b".xz", 5),
        (b".gz.csv", 1),
        (b".\xff", 1),
        (b"", 1),
    ],
)
def test_packed_files_weigh_what_they_unpack_to(suffix, ratio):
    """
    A packed file counts several times its size, by the suffix of its name.
    """
    (member,) = batch(64 * MIB, suffix=suffix).members

    assert ratio * 64 * MIB + FILE_COST_BYTES == weight(member)


def test_packed_files_are_spread_over_units():
    """
    Four that unpack to a unit each are four units.
    """
    assert 4 == len(plan(batch(*[64 * MIB] * 4, suffix=b".csv.gz"), 256 * MIB + MIB))


def test_isolating_gives_each_member_a_unit():
    """
    The file at fault is found by reading each alone.
    """
    found = plan(replace(batch(1, 2, 3), isolate=True), 256 * MIB)

    assert [1, 1, 1] == [len(unit.members) for unit in found]
    assert 1 == len(plan(batch(1, 2, 3), 256 * MIB))
    assert 3 == len(plan(batch(1, 2, 3), 256 * MIB, isolate=True))
