"""
What follows from each way an attempt can end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ingestd.errors import (
    ComponentAway,
    ConfigError,
    Quarantine,
    Reason,
    Retryable,
    Stopped,
)
from ingestd.model import BatchState, FileState, Outcome, Part, PartKind
from ingestd.observe.events import (
    BatchAbandoned,
    BatchCommitted,
    BatchFailed,
    BatchGivenBack,
    BatchIsolating,
    CountMismatched,
    FileChanged,
    FileQuarantined,
    FileVanished,
    Level,
    RowsRejected,
    TailGivenUp,
    capture,
)
from ingestd.pipeline.finish import MAX_ATTEMPTS, MAX_ISOLATIONS
from ingestd.run.runner import Finished
from tests.unit.pipeline.stage_kit import NAME, WALL, Bench, committable

S = BatchState


def of(seen: list[Any], kind: type) -> list[Any]:
    return [event for event in seen if isinstance(event, kind)]


def file_states(bench: Bench) -> set[FileState]:
    return {row.state for row in bench.ledger.files(pipeline=NAME)}


def test_a_result_is_staged_and_then_committed() -> None:
    """STAGED at once, durable; the committer's next tick makes it COMMITTED."""
    bench = Bench()
    work = bench.start(10)
    end = Finished(work, committable=committable(work.batch, schema=work.schema))
    bench.finish.take(end, 2.0, WALL)
    assert bench.state(work.batch.id) is S.STAGED
    assert bench.dispatch.flying == {}
    assert bench.budget.batches == 0
    assert bench.sink.discarded == []
    bench.committer.tick(2.0, WALL)
    assert bench.state(work.batch.id) is S.COMMITTED


def test_success_forgets_earlier_losses() -> None:
    """After a success the next loss shuts the gate for the shortest while again."""
    bench = Bench()
    for _ in range(8):
        bench.gate.failed(0.0)
        bench.dispatch.pause.failed(0.0)
    work = bench.start(10) if bench.gate.open(1.0) else None
    assert work is None
    bench.put(10)
    (work,) = [bench.again(1e3)]
    end = Finished(work, committable(work.batch, schema=work.schema))
    bench.finish.take(end, 1e3, WALL)
    assert bench.gate.failed(1e6) <= 0.5
    assert bench.dispatch.pause.failed(1e6) <= 0.5


def test_counted_attempts_then_isolation_then_the_end() -> None:
    """Three attempts, three isolating ones, then every file is set aside, for once."""
    bench = Bench()
    work, now = bench.start(10), 2.0
    with capture() as seen:
        for attempt in range(1, MAX_ATTEMPTS + MAX_ISOLATIONS + 1):
            assert (work.batch.attempt, work.batch.isolate) == (
                attempt,
                attempt > MAX_ATTEMPTS,
            )
            bench.fail(work, Retryable("no luck"), now)
            now += 1_000
            if attempt < MAX_ATTEMPTS + MAX_ISOLATIONS:
                assert bench.state(work.batch.id) is S.WAITING
                work = bench.again(now)
    assert bench.state(work.batch.id) is S.FAILED
    assert file_states(bench) == {FileState.QUARANTINED}
    failed = of(seen, BatchFailed)
    assert [e.attempt for e in failed] == [1, 2, 3, 4, 5]
    assert all(e.counted and e.retry_in > 0 for e in failed)
    assert len(of(seen, BatchIsolating)) == 1
    assert [e.attempt for e in of(seen, BatchAbandoned)] == [6]
    assert bench.dispatch.resting == 0
    assert bench.dispatch.flying == {}
    (row,) = bench.ledger.members(work.batch.id)
    assert row.reason == Reason.BATCH_FAILED


def test_isolating_attempts_read_one_file_in_a_unit() -> None:
    """The fourth attempt has a unit for each member."""
    bench = Bench(max_files=3)
    work, now = bench.start(5, 5, 5), 2.0
    assert len(work.units) == 1
    for _ in range(MAX_ATTEMPTS):
        bench.fail(work, Retryable("no luck"), now)
        now += 1_000
        work = bench.again(now)
    assert [len(unit.members) for unit in work.units] == [1, 1, 1]


@pytest.mark.parametrize("component", ["prefect", "cluster", "sink", "disk", "source"])
def test_a_component_that_is_away_is_not_counted(component: str) -> None:
    """However often it happens, the next attempt has the same number."""
    bench = Bench()
    work, now = bench.start(10), 2.0
    with capture() as seen:
        for _ in range(10):
            bench.fail(work, ComponentAway(component, "away"), now)
            assert bench.state(work.batch.id) is S.WAITING
            now += 1_000
            work = bench.again(now)
            assert work.batch.attempt == 1
    assert {e.counted for e in of(seen, BatchFailed)} == {False}
    assert of(seen, BatchIsolating) == []


def test_a_wrong_configuration_is_not_counted() -> None:
    """However often it is tried, no file is set aside for it; --once need not wait."""
    bench = Bench()
    work, now = bench.start(10), 2.0
    with capture() as seen:
        for _ in range(10):
            bench.fail(work, ConfigError(["no column 'x'"]), now)
            assert bench.dispatch.misconfigured
            now += 1_000
            work = bench.again(now)
            assert work.batch.attempt == 1
    assert {e.counted for e in of(seen, BatchFailed)} == {False}
    assert of(seen, BatchIsolating) == []


def test_a_combination_at_fault_is_set_aside_whole() -> None:
    """Quarantine as an error names its reason for every member; no attempt more."""
    bench = Bench(max_files=2)
    work = bench.start(5, 5)
    with capture() as seen:
        bench.fail(work, Quarantine(Reason.INTEGER_OVERFLOW, "the sum is too large"))
    assert bench.state(work.batch.id) is S.FAILED
    reasons = {row.reason for row in bench.ledger.members(work.batch.id)}
    assert reasons == {Reason.INTEGER_OVERFLOW}
    assert len(of(seen, BatchAbandoned)) == 1


@pytest.mark.parametrize("error", [Stopped("bye"), Retryable("x"), KeyError("x")])
def test_while_stopping_every_error_gives_the_work_back(error: Exception) -> None:
    """A shutdown is not a failure: the attempt is not counted."""
    bench = Bench()
    work = bench.start(10)
    bench.finish.stopping = True
    with capture() as seen:
        bench.fail(work, error)
    assert bench.state(work.batch.id) is S.SEALED
    assert len(of(seen, BatchGivenBack)) == 1
    assert bench.sink.discarded == [work.staging]
    assert bench.ledger.claim(work.batch.id, WALL).attempt == 1


def test_a_late_end_after_give_back_changes_nothing() -> None:
    """What was given back belongs to the next daemon, whatever comes of it here."""
    bench = Bench()
    work = bench.start(10)
    bench.finish.give_back(work, WALL)
    assert bench.state(work.batch.id) is S.SEALED
    bench.fail(work, ValueError("late"))
    end = Finished(work, committable(work.batch, schema=work.schema))
    bench.finish.take(end, 3.0, WALL)
    assert bench.state(work.batch.id) is S.SEALED
    assert bench.committer.waiting == 0


def test_a_failed_attempt_leaves_no_staging() -> None:
    """Its folder is removed before the next attempt gets another one."""
    bench = Bench()
    work = bench.start(10)
    bench.fail(work, Retryable("x"))
    assert bench.sink.discarded == [work.staging]


def test_an_end_without_result_and_error_is_a_failure() -> None:
    """It is counted like an error that nobody foresaw."""
    bench = Bench()
    work = bench.start(10)
    with capture() as seen:
        bench.finish.take(Finished(work), 2.0, WALL)
    assert [e.counted for e in of(seen, BatchFailed)] == [True]


@pytest.mark.parametrize(
    ("ends", "outcome", "quarantined", "skipped"),
    [
        ((), "committed", 0, 0),
        ((Outcome.QUARANTINED,), "partial", 1, 0),
        ((Outcome.VANISHED, Outcome.CHANGED), "partial", 0, 2),
        ((Outcome.VANISHED,) * 2 + (Outcome.QUARANTINED,), "empty", 1, 2),
    ],
)
def test_the_canonical_line_counts_the_ends(
    ends: tuple[Outcome, ...], outcome: str, quarantined: int, skipped: int
) -> None:
    """committed, partial or empty, with the files that were not read."""
    bench = Bench(max_files=3)
    work = bench.start(5, 5, 5)
    done = committable(work.batch, *ends)
    with capture() as seen:
        bench.finish.committed(done, WALL + 7)
    (line,) = of(seen, BatchCommitted)
    assert (line.outcome, line.quarantined, line.skipped) == (
        outcome,
        quarantined,
        skipped,
    )
    assert line.rows_out == 2 * (3 - len(ends))
    assert line.seconds["total"] == 7
    assert len(of(seen, FileQuarantined)) == quarantined
    assert len(of(seen, FileVanished)) + len(of(seen, FileChanged)) == skipped
    # What changed or vanished is looked at again; what is set aside is not.
    assert len(bench.rechecked) == skipped


def test_rows_that_were_set_aside_are_told_of() -> None:
    """One event for each file that has any, with its counts by reason and the first."""
    bench = Bench(max_files=2)
    work = bench.start(5, 5)
    done = committable(work.batch)
    counts = (("bad_value", 2), ("too_few_fields", 1))
    first = replace(
        done.members[0],
        rows_in=5,
        rows_rejected=3,
        rejected=counts,
        detail="line 2: 1 field of 2",
    )
    data = Part("d.parquet", "", 4, 4, 1, "")
    parts = (data, replace(data, kind=PartKind.REJECTS))
    done = replace(done, members=(first, done.members[1]), parts=parts)
    with capture() as seen:
        bench.finish.committed(done, WALL)
    (line,) = of(seen, BatchCommitted)
    assert (line.outcome, line.rows_rejected, line.parts) == ("committed", 3, 1)
    (told,) = of(seen, RowsRejected)
    assert (told.path, told.rows, told.reasons, told.detail) == (
        b"000.csv",
        3,
        dict(counts),
        "line 2: 1 field of 2",
    )


def test_a_wrong_count_of_a_file_raises_the_alarm() -> None:
    """Beside the line of every quarantined file, whoever found the count wrong."""
    bench = Bench(max_files=2)
    work = bench.start(5, 5)
    done = committable(work.batch, Outcome.QUARANTINED, Outcome.QUARANTINED)
    wrong = replace(done.members[0], reason=Reason.ROW_COUNT, detail="4 of 5")
    with capture() as seen:
        bench.finish.committed(replace(done, members=(wrong, done.members[1])), WALL)
    (alarm,) = of(seen, CountMismatched)
    assert (alarm.path, alarm.detail, alarm.batch) == (
        b"000.csv",
        "4 of 5",
        work.batch.id,
    )
    assert alarm.level is Level.ERROR
    assert len(of(seen, FileQuarantined)) == 2


@pytest.mark.parametrize("reason", [Reason.ROW_COUNT, Reason.INTEGER_OVERFLOW])
def test_a_wrong_count_of_a_batch_raises_the_alarm(reason: Reason) -> None:
    """Nothing of it is committed; another reason is no alarm."""
    bench = Bench(max_files=2)
    work = bench.start(5, 5)
    with capture() as seen:
        bench.fail(work, Quarantine(reason, "3 of 4"))
    assert bench.state(work.batch.id) is S.FAILED
    assert file_states(bench) == {FileState.QUARANTINED}
    alarms = [(e.files, e.path, e.detail) for e in of(seen, CountMismatched)]
    assert alarms == ([(2, b"", "3 of 4")] if reason is Reason.ROW_COUNT else [])


def test_a_stretch_that_no_file_has_is_given_up() -> None:
    """With its bytes; a file that is gone lost nothing that was promised."""
    for mode, lost in (("tail", [(NAME, b"log", 70)]), ("files", [])):
        bench = Bench(mode=mode)
        if mode == "tail":
            bench.grow(70)
        else:
            bench.put(70)
        bench.advance()
        (work,) = bench.runner.works
        with capture() as seen:
            bench.finish.committed(committable(work.batch, Outcome.VANISHED), WALL)
        given = [(e.pipeline, e.path, e.bytes) for e in of(seen, TailGivenUp)]
        assert (given, len(of(seen, FileVanished))) == (lost, 1)
