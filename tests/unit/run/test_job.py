"""
How the units of an attempt are gathered, and the file at fault is found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway, Reason
from ingestd.model import (
    FileRef,
    Fingerprint,
    Member,
    MemberResult,
    Outcome,
    Schema,
    Unit,
)
from ingestd.run.engine import Piece, Plan, UnitResult
from ingestd.run.job import BLAMES, Job, lost, read_unit

PLAN = Plan(
    batch_id="b",
    pipeline=Pipeline(name="rows"),
    schema=Schema((("a", "int64"),), 1),
    root="/nowhere",
    staging="/nowhere",
    metadata={},
)


class KilledWorker(Exception):
    """What Dask raises when a worker died over a task."""


class Now:
    """A future that is computed when it is asked."""

    def __init__(self, work: Callable[[], UnitResult]) -> None:
        self.result = work


def member(number: int) -> Member:
    mark = Fingerprint(10, 1, 1, number)
    return Member(FileRef(number, "rows", b"%d.csv" % number, mark), 0, 10)


def read(unit: Unit) -> UnitResult:
    ends = tuple(MemberResult(m.file.id, Outcome.READ, 1, 1) for m in unit.members)
    return UnitResult(unit.index, ends)


def job(files: int, *, isolate: bool, units: int = 1) -> Job:
    members = [member(number) for number in range(files)]
    made = tuple(Unit(n, tuple(members[n::units])) for n in range(units))
    return Job(PLAN, made, "polars", isolate)


def submitting(work: Callable[[Unit], UnitResult]) -> Callable[..., Sequence[Now]]:
    return lambda units: [Now(lambda unit=unit: work(unit)) for unit in units]


def test_all_units_are_waited_for_when_one_fails() -> None:
    """No unit may still write into staging when the attempt is given up."""
    ended = []

    def work(unit: Unit) -> UnitResult:
        if unit.index == 0:
            raise ValueError("the first")
        ended.append(unit.index)
        return read(unit)

    with pytest.raises(ValueError, match="the first"):
        job(3, isolate=False, units=3).gather(submitting(work))
    assert ended == [1, 2]


@given(files=st.integers(1, 40), bad=st.sets(st.integers(0, 39)))
def test_isolation_blames_the_bad_files_and_no_other(files: int, bad: set[int]) -> None:
    """Whatever files kill their worker, they alone are quarantined; each file ends."""

    def work(unit: Unit) -> UnitResult:
        if any(m.file.id in bad for m in unit.members):
            raise KilledWorker
        return read(unit)

    made = job(files, isolate=True)
    made.gather(submitting(work))
    blamed = {m.file_id for m in made.members if m.outcome is Outcome.QUARANTINED}
    assert {n for n in bad if n < files} == blamed
    assert sorted(m.file_id for m in made.members) == list(range(files))
    reasons = {m.reason for m in made.members if m.file_id in blamed}
    assert reasons <= {Reason.KILLS_WORKER}


def test_a_file_that_was_unlucky_is_not_blamed() -> None:
    """A worker that somebody else kills a few times costs no file its rows."""
    left = [BLAMES - 1]

    def work(unit: Unit) -> UnitResult:
        if left[0]:
            left[0] -= 1
            raise KilledWorker
        return read(unit)

    made = job(1, isolate=True)
    made.gather(submitting(work))
    assert [m.outcome for m in made.members] == [Outcome.READ]


@pytest.mark.parametrize(
    ("error", "component"),
    [
        (ConnectionError("gone"), "cluster"),
        (TimeoutError(), "cluster"),
        (futures.CancelledError(), "cluster"),
        (ComponentAway("disk", "full"), "disk"),
    ],
    ids=repr,
)
def test_the_loss_of_a_component_blames_nobody(
    error: Exception, component: str
) -> None:
    """When something goes away during isolation, the attempt ends as it is."""

    def work(unit: Unit) -> UnitResult:
        raise error

    with pytest.raises(type(error)):
        job(1, isolate=True).gather(submitting(work))
    assert component == lost(error)


@pytest.mark.parametrize("first", [0, 1])
def test_a_loss_among_failures_is_what_counts(first: int) -> None:
    """A batch that met both is not blamed: the failure may follow from the loss."""
    errors = [ConnectionError("gone"), KilledWorker()]

    def work(unit: Unit) -> UnitResult:
        raise errors[(unit.index + first) % 2]

    with pytest.raises(ConnectionError):
        job(2, isolate=False, units=2).gather(submitting(work))


def test_a_packed_unit_comes_back_whole() -> None:
    """What pack makes is what a worker reads: here, files that are gone."""
    made = job(2, isolate=False)
    result = read_unit(made.pack(made.units[0]))
    assert [m.outcome for m in result.members] == [Outcome.VANISHED] * 2


@pytest.mark.parametrize("isolate", [False, True])
def test_what_has_more_than_the_schema_ends_the_reading(isolate: bool) -> None:
    """All that the units ask for is kept together, and nothing else of them."""

    def work(unit: Unit) -> UnitResult:
        values = {"x": (str(unit.index),), f"y{unit.index}": ()}
        return UnitResult(unit.index, (), outgrown=values)

    made = job(3, isolate=isolate, units=3)
    assert made.gather(submitting(work)) == []
    assert made.members == ()
    first = {"x": ("0",), "y0": ()}
    every = {"x": ("0", "1", "2"), "y0": (), "y1": (), "y2": ()}
    assert made.outgrown == (first if isolate else every)


def sliced(cuts: list[int]) -> Job:
    one = member(1)
    units = tuple(
        Unit(n, (replace(one, start=start, end=end),))
        for n, (start, end) in enumerate(itertools.pairwise(cuts))
    )
    return Job(PLAN, units, "polars")


@pytest.mark.parametrize("there", [False, True])
def test_a_slice_is_believed_when_its_beginning_is_known(there: bool) -> None:
    """What seems a value may be the midst of a field, until a record begins it."""

    def work(unit: Unit) -> UnitResult:
        begin = unit.begin
        if unit.index == 1 and (begin is None or there):
            return UnitResult(1, (), outgrown={"x": (f"seen from {begin}",)})
        piece = Piece(begin or 0, 10 if unit.index else 6, 1, 1)
        ends = (MemberResult(1, Outcome.READ, 1, 1),)
        return UnitResult(unit.index, ends, piece=piece)

    made = sliced([0, 5, 10])
    results = made.gather(submitting(work))
    assert made.outgrown == ({"x": ("seen from 6",)} if there else {})
    rows = sum(m.rows_in for result in results for m in result.members)
    assert rows == (0 if there else 2)
