"""
How the units of an attempt are gathered, and the file at fault is found.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent import futures
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway, DeviceBroken, Reason
from ingestd.model import (
    FileRef,
    Fingerprint,
    Member,
    MemberResult,
    Outcome,
    Part,
    PartKind,
    Schema,
    Unit,
)
from ingestd.observe.events import UnitLeftToCpu, capture
from ingestd.run.aside import packed
from ingestd.run.balance import Unbalanced
from ingestd.run.engine import Partial, Piece, Plan, UnitResult
from ingestd.run.isolation import BLAMES
from ingestd.run.job import Job, read_unit
from ingestd.run.loss import lost
from ingestd.run.placing import Workforce
from tests.unit.run.reject_kit import plan_in, reject
from tests.unit.run.reject_kit import read as rejected

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
    part = Part(str(unit.index), "", len(ends), len(ends), 1, "")
    return UnitResult(unit.index, ends, parts=(part,))


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


def test_what_units_handed_over_is_added_up() -> None:
    """Each reason once, over all units."""
    handed = ({"text": 1}, {}, {"text": 2, "value": 3})

    made = job(3, isolate=False, units=3)
    made.gather(submitting(lambda unit: replace(read(unit), handed=handed[unit.index])))

    assert made.handed == {"text": 3, "value": 3}


GPUS = Workforce(gpus=1, cpus=1)


def accelerated(*, isolate: bool = False) -> Job:
    made = job(3, isolate=isolate, units=3)
    return replace(made, engine="auto", gpu_min_bytes=1, workforce=GPUS)


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.parametrize("error", [DeviceBroken("ecc"), KilledWorker("w")])
def test_what_a_gpu_gives_up_on_is_read_by_the_cpu(
    error: Exception, isolate: bool
) -> None:
    """That unit alone, in the same attempt, and it is told."""
    made = accelerated(isolate=isolate)
    read_by: list[tuple[int, str]] = []

    def work(unit: Unit) -> UnitResult:
        engine = made.place(unit).engine
        read_by.append((unit.index, engine))
        if unit.index == 1 and engine == "cudf":
            raise error
        return read(unit)

    with capture() as events:
        made.gather(submitting(work))

    assert sorted(read_by) == [(0, "cudf"), (1, "cudf"), (1, "polars"), (2, "cudf")]
    assert [m.outcome for m in made.members] == [Outcome.READ] * 3
    (told,) = (e for e in events if isinstance(e, UnitLeftToCpu))
    assert (told.unit, told.files) == (1, 1)


def test_a_file_that_kills_every_worker_is_quarantined() -> None:
    """It is the last rung: the GPU's worker, the CPU's, and then the file."""
    made = accelerated(isolate=True)

    def work(unit: Unit) -> UnitResult:
        if unit.index == 1:
            raise KilledWorker("w")
        return read(unit)

    made.gather(submitting(work))

    reasons = [m.reason for m in made.members]
    assert reasons == ["", Reason.KILLS_WORKER, ""]
    assert made.left == {1}


def test_other_errors_are_no_gpu_s() -> None:
    """A GPU that works is not left for them."""
    made = accelerated()

    def work(unit: Unit) -> UnitResult:
        raise ValueError(str(unit.index))

    with pytest.raises(ValueError, match="0"):
        made.gather(submitting(work))
    assert made.left == set()


def test_halvings_are_told_by_unit() -> None:
    """Those of units that had no need are left out."""
    made = job(3, isolate=False, units=3)
    times = (2, 0, 1)
    work = submitting(lambda unit: replace(read(unit), halved=times[unit.index]))
    made.gather(work)
    assert made.halved == {0: 2, 2: 1}


def test_workers_that_cannot_do_it_are_told_before_the_flow_begins() -> None:
    """No flow run fails for it, and no attempt is counted."""
    made = replace(job(2, isolate=False), engine="cudf")
    with pytest.raises(ComponentAway):
        made.meet(Workforce(cpus=1))
    made.meet(GPUS)
    assert made.place(made.units[0]).engine == "cudf"


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


def miscounting(bad: set[int], calls: list[int]) -> Callable[[Unit], UnitResult]:
    """Reading that makes up a row in whatever part the files *bad* are in."""

    def work(unit: Unit) -> UnitResult:
        calls.append(len(unit.members))
        result = read(unit)
        (part,) = result.parts
        more = sum(m.file.id in bad for m in unit.members)
        return replace(result, parts=(replace(part, rows_in=part.rows_in + more),))

    return work


@pytest.mark.parametrize("isolate", [False, True])
def test_a_file_whose_rows_do_not_add_up_is_found(isolate: bool) -> None:
    """
    In the same attempt: it alone is set aside, its neighbours are read in other units,
    and the alarm is raised; a wrong count is not given a second chance.
    """
    calls: list[int] = []
    made = job(8, isolate=isolate, units=2)
    with capture() as seen:
        results = made.gather(submitting(miscounting({4}, calls)))
    assert sorted(calls) == [1, 1, 2, 2, 4, 4]
    (bad,) = (m for m in made.members if m.outcome is Outcome.QUARANTINED)
    assert (4, Reason.ROW_COUNT) == (bad.file_id, bad.reason)
    assert [0, 2, 4, 6, 1, 3, 5, 7] == [m.file_id for m in made.members]
    made.finish(tuple(part for result in results for part in result.parts))
    # An isolating attempt has units of one file: what is told of that file will do.
    alarms = [(event.files, event.path) for event in seen]
    assert alarms == ([] if isolate else [(4, b"")])


def test_halves_are_combined_in_the_place_of_their_unit() -> None:
    """The first value of a group is that of the first file, whatever was read twice."""

    def work(unit: Unit) -> UnitResult:
        rows = [1 + (m.file.id == 0) for m in unit.members]
        partial = Partial(unit.index, {"groups": pa.table({"_rows": rows})})
        return UnitResult(unit.index, read(unit).members, partial=partial)

    made = Job(PLAN, (Unit(0, (member(0), member(1))), Unit(1, (member(2),))), "polars")
    results = made.gather(submitting(work))
    assert [0, 1, 2] == [result.members[0].file_id for result in results]
    assert [(1, 1), (2, 1)] == [
        (r.partial.unit, r.partial.tables["groups"].num_rows)
        for r in results
        if r.partial
    ]


def test_a_batch_that_does_not_add_up_is_not_finished() -> None:
    """Rows that were lost when partials were combined: nothing of it is committed."""
    made = job(3, isolate=False)
    (result,) = made.gather(submitting(read))
    with pytest.raises(Unbalanced):
        made.finish(())
    assert made.parts is None
    made.finish(result.parts)
    assert result.parts == made.parts


def test_rejects_are_written_as_they_come(tmp_path: Path) -> None:
    """In the order of the units; the results that are kept hold none of them."""
    plan = plan_in(tmp_path)

    def work(unit: Unit) -> UnitResult:
        ids = [m.file.id for m in unit.members]
        rejects = tuple(reject(file_id, 1) for file_id in ids)
        ends = (rejected(file_id, 0, 1) for file_id in ids)
        given = UnitResult(unit.index, tuple(ends), rejects=rejects)
        return packed(replace(plan, inline_bytes=0), given) if unit.index else given

    made = Job(plan, job(4, isolate=False, units=2).units, "polars")
    results = made.gather(submitting(work))
    assert {((), "")} == {(r.rejects, r.spilled_rejects) for r in results}
    made.finish(())
    (part,) = made.parts or ()
    assert PartKind.REJECTS is part.kind
    files = pq.read_table(part.staged)["file"].to_pylist()
    assert ["0.csv", "2.csv", "1.csv", "3.csv"] == files
    assert {(("bad_value", 1),)} == {m.rejected for m in made.members}


def test_a_packed_unit_comes_back_whole() -> None:
    """What pack makes is what a worker reads: here, files that are gone."""
    made = job(2, isolate=False)
    result = read_unit(made.pack(made.units[0]))
    assert [m.outcome for m in result.members] == [Outcome.VANISHED] * 2


def test_a_worker_of_another_version_reads_nothing(monkeypatch) -> None:
    """It might take the plan for something else; the batch waits, and says why."""
    made = job(2, isolate=False)
    packed_unit = made.pack(made.units[0])
    monkeypatch.setattr("ingestd.run.job.__version__", "9.9")
    with pytest.raises(ComponentAway, match=r"is ingestd 9\.9, the daemon 0"):
        read_unit(packed_unit)


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
        part = Part(f"{unit.index}.parquet", "/staged", 1, 1, 1, "")
        return UnitResult(unit.index, ends, (part,), piece=piece)

    made = sliced([0, 5, 10])
    results = made.gather(submitting(work))
    assert made.outgrown == ({"x": ("seen from 6",)} if there else {})
    rows = sum(m.rows_in for result in results for m in result.members)
    assert rows == (0 if there else 2)
