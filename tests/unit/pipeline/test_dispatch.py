"""
What is started when: room, order, rest, and components that are away.
"""

from __future__ import annotations

import pytest

from ingestd.errors import ComponentAway, Retryable
from ingestd.model import BatchState
from ingestd.observe.events import BatchFailed, BatchSealed, capture
from ingestd.pipeline.dispatch import MAX_UNPUBLISHED
from ingestd.run.runner import Finished, _plan
from tests.unit.pipeline.stage_kit import SCHEMA, WALL, Bench

STATES = BatchState


def test_batches_start_in_order_of_admission_while_there_is_room() -> None:
    """Each batch takes its part of the budget; what has no room stays unsealed."""
    bench = Bench(max_in_flight=2)
    bench.put(10, 20, 30)
    bench.advance()
    paths = [[m.file.path for m in w.batch.members] for w in bench.runner.works]
    assert paths == [[b"000.csv"], [b"001.csv"]]
    assert bench.budget.size == 30
    assert bench.ledger.backlog("rows").files == 1
    assert bench.dispatch.next_due(1.0) is None


def test_a_landed_batch_makes_room() -> None:
    """The end of an attempt frees its part of the budget, and the next one starts."""
    bench = Bench(max_in_flight=1)
    bench.put(10, 20)
    (first,) = bench.advance()
    assert bench.advance() == []
    bench.dispatch.landed(first)
    assert len(bench.advance()) == 1


def test_without_a_schema_one_batch_runs_at_a_time() -> None:
    """The first batch's files say what it is; a second beside it could pin another."""
    bench = Bench(declared=False)
    bench.put(10, 10)
    assert len(bench.advance()) == 1
    (first,) = bench.runner.works
    assert first.schema is None
    bench.finish.take(Finished(first, schema=SCHEMA), 2.0, WALL)
    # Pinned, and the first is being read: the second need not wait for its end.
    assert len(bench.advance()) == 1


def test_an_attempt_has_a_folder_for_rejects() -> None:
    """That of its own staging, and its plan says so to whoever writes them."""
    bench = Bench()
    work = bench.start(10)
    assert work.rejects_staging == bench.sink.rejects_of(work.staging)
    assert _plan(work).rejects_staging == work.rejects_staging


def test_a_shut_gate_starts_and_seals_nothing() -> None:
    """While the cluster is away, files stay in the backlog, to be one large batch."""
    bench = Bench()
    bench.gate.cluster.ready = False
    bench.put(10, 10)
    assert bench.advance() == []
    assert bench.ledger.backlog("rows").files == 2


def test_unpublished_batches_stop_new_ones() -> None:
    """While a sink is away, no more is read than a few batches into its staging."""
    bench = Bench()
    bench.put(10)
    bench.unpublished = MAX_UNPUBLISHED
    assert bench.advance() == []
    bench.unpublished -= 1
    assert len(bench.advance()) == 1


def test_a_resting_batch_waits_for_its_moment_and_keeps_its_place() -> None:
    """It starts when its rest is over, before anything newer."""
    bench = Bench(max_in_flight=1)
    work = bench.start(10)
    bench.fail(work, ValueError("x"), now=2.0)
    due = bench.dispatch.next_due(2.0)
    assert due is not None
    assert due > 2.0
    assert bench.advance(due - 0.01) == []
    bench.put(10)
    assert bench.advance(due) == [work.batch.id]


def test_batches_of_an_earlier_daemon_are_due_at_once() -> None:
    """SEALED and WAITING ones run again without a rest; STAGED is the committer's."""
    bench = Bench()
    bench.put(10, 10)
    one, two = (
        bench.ledger.seal("rows", max_files=1, max_bytes=99, now=1.0) for _ in range(2)
    )
    assert one is not None
    assert two is not None
    bench.dispatch.refresh(0.0)
    bench.dispatch.resume(one, STATES.SEALED)
    bench.dispatch.resume(two, STATES.STAGED)
    assert bench.dispatch.resting == 1
    assert bench.advance() == [one.id]


def test_a_sink_that_is_away_counts_no_attempt() -> None:
    """The batch waits, uncounted, and runs as attempt 1 when the sink is back."""
    bench = Bench()
    bench.sink.away = True
    bench.put(10)
    with capture() as seen:
        assert bench.advance() == []
    assert [e.counted for e in seen if isinstance(e, BatchFailed)] == [False]
    bench.sink.away = False
    (batch_id,) = bench.advance(100.0)
    assert bench.runner.works[-1].batch.attempt == 1
    assert bench.state(batch_id) is STATES.CLAIMED


def test_a_sink_that_is_away_does_not_seal_the_whole_backlog() -> None:
    """After the first failure nothing more is tried, so batches stay few and large."""
    bench = Bench()
    bench.sink.away = True
    bench.put(*[1] * 20)
    with capture() as seen:
        bench.advance(1.0)
    assert len([e for e in seen if isinstance(e, BatchSealed)]) == 1
    assert bench.ledger.backlog("rows").files == 19


def test_one_failure_is_enough_for_all_resting_batches() -> None:
    """With the sink still away, one batch tries; the others do not fail after it."""
    bench = Bench()
    works = [bench.start(10) for _ in range(3)]
    for work in works:
        bench.fail(work, ComponentAway("sink", "full"))
    bench.sink.away = True
    with capture() as seen:
        assert bench.advance(1e6) == []
    assert len([e for e in seen if isinstance(e, BatchFailed)]) == 1


def test_a_batch_without_room_does_not_make_the_loop_spin() -> None:
    """A resting batch that has no room is due at no moment: an end wakes the loop."""
    bench = Bench()
    large = bench.start(80)
    bench.fail(large, ComponentAway("cluster", "lost"))
    bench.budget.take("other", "other", 50)
    assert bench.advance(1e6) == []
    assert bench.dispatch.next_due(1e6) is None


def test_a_large_batch_is_not_starved_by_small_ones() -> None:
    """What waits for room goes first: nothing newer takes the room before it."""
    bench = Bench()
    large = bench.start(80)
    bench.fail(large, ComponentAway("cluster", "lost"))
    bench.budget.take("other", "other", 50)
    bench.put(10)
    assert bench.advance(1e6) == []
    bench.budget.give("other")
    assert bench.advance(1e6)[0] == large.batch.id


@pytest.mark.parametrize("alone", [True, False])
def test_a_file_larger_than_the_budget_runs_alone(alone: bool) -> None:
    """It starts when nothing else is in flight, and never beside something."""
    bench = Bench()
    if not alone:
        bench.budget.take("other", "other", 1)
    bench.put(1_000)
    assert len(bench.advance()) == int(alone)
    if not alone:
        assert bench.dispatch.next_due(1.0) is None
        bench.budget.give("other")
        assert len(bench.advance()) == 1
    bench.put(1)
    assert bench.advance(9.0) == []


def test_a_sink_that_is_away_holds_up_its_own_pipeline_alone() -> None:
    """The gate that all pipelines share stays open; the cluster's loss shuts it."""
    bench = Bench()
    first, second = bench.start(10), bench.start(10)
    bench.fail(first, ComponentAway("sink", "full"), now=2.0)
    assert bench.gate.open(2.0)
    assert bench.dispatch.next_due(2.0) == bench.dispatch.pause.until
    bench.fail(second, ComponentAway("cluster", "lost"), now=2.0)
    assert not bench.gate.open(2.0)


def test_batches_of_a_growing_file_run_one_after_the_other() -> None:
    """However much room there is: its rows are to be committed in order."""
    bench = Bench(mode="tail", max_in_flight=9)
    bench.grow(10)
    bench.grow(10)
    (first,) = bench.advance()
    assert bench.advance() == []
    bench.dispatch.landed(first)
    (second,) = bench.advance()
    starts = [m.file.stretch.start for w in bench.runner.works for m in w.batch.members]
    assert (starts, first != second) == ([0, 10], True)


def test_of_a_growing_file_nothing_goes_before_a_batch_that_rests() -> None:
    """What was written after it waits as long; of other sources it does not."""
    for mode, started in (("tail", 0), ("files", 1)):
        bench = Bench(mode=mode)
        work = bench.start(10)
        bench.put(10)
        bench.fail(work, Retryable("no"))
        assert len(bench.advance(2.0)) == started, mode
    # In the order of admission, once it has rested.
    bench = Bench(mode="tail")
    work = bench.start(10)
    bench.put(10)
    bench.fail(work, Retryable("no"))
    assert bench.advance(1e6) == [work.batch.id]


def test_nothing_is_taken_of_a_growing_file_before_a_batch_can_begin() -> None:
    """Not beside a batch that runs, rests, or could be sealed; nor behind a gate."""
    bench = Bench(mode="tail")
    assert bench.dispatch.hungry(1.0)
    bench.grow(10)
    assert not bench.dispatch.hungry(1.0)
    (batch,) = bench.advance()
    assert not bench.dispatch.hungry(1.0)
    (work,) = bench.runner.works
    bench.fail(work, Retryable("no"))
    assert bench.dispatch.resting
    assert not bench.dispatch.hungry(1e6)
    assert bench.advance(1e6) == [batch]
    bench.dispatch.landed(batch)
    assert bench.dispatch.hungry(1e6)
    bench.gate.cluster.ready = False
    assert not bench.dispatch.hungry(1e6)
