"""
Every ledger: sealing, attempts, outcomes, and what recovery finds.
"""

# ruff: noqa: F401, F811 - fixtures are imported, and named again as arguments

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ingestd.errors import IllegalTransition, LedgerError, StateLocked
from ingestd.ledger.ledger import LEGAL_BATCH, AttemptRow
from ingestd.model import BatchState, FileState, MemberResult, Outcome, Part, Schema
from tests.conformance.ledger_kit import (
    PIPELINE,
    SCHEMA,
    admit,
    committable,
    entry,
    finish,
    ledger,
    opened,
    seal,
    states,
)

B = BatchState
F = FileState


def paths(batch):
    return [member.file.path for member in batch.members]


def claimed(ledger, *names):
    admit(ledger, *[entry(name) for name in names or (b"a.csv",)])
    return ledger.claim(seal(ledger).id, 30.0)


def wait(ledger, batch, *, counted=True, isolate=False, error="boom"):
    ledger.wait(batch.id, error, 35.0, isolate=isolate, counted=counted)


def test_nothing_to_seal(ledger):
    """No batch is made of nothing."""
    assert ledger.seal(PIPELINE, max_files=9, max_bytes=9, now=20.0) is None
    assert [] == list(ledger.batches())


def test_seal_takes_the_oldest_then_orders_by_path(ledger):
    """Order of admission decides who is in, the path who is first."""
    admit(ledger, entry(b"c"), entry(b"a"), entry(b"b"))
    first = seal(ledger, max_files=2)
    assert [b"a", b"c"] == paths(first)
    assert [(0, 100), (0, 100)] == [(m.start, m.end) for m in first.members]
    assert [b"b"] == paths(seal(ledger, max_files=2))
    assert [F.CLAIMED] * 3 == states(ledger)


@pytest.mark.parametrize(
    ("max_bytes", "count"), [(0, 1), (99, 1), (100, 1), (199, 1), (200, 2), (299, 2)]
)
def test_seal_stops_at_the_bytes(ledger, max_bytes, count):
    """As many as fit, always at least one, and never out of order."""
    admit(ledger, entry(b"a"), entry(b"b"), entry(b"c"), entry(b"d", size=0))
    batch = ledger.seal(PIPELINE, max_files=9, max_bytes=max_bytes, now=20.0)
    assert [b"a", b"b", b"c"][:count] == paths(batch)


def test_seal_is_per_pipeline(ledger):
    """A pipeline's batch has that pipeline's files."""
    ledger.admit("other", [entry(b"o")], "new", 1.0)
    admit(ledger, entry())
    assert [b"a.csv"] == paths(seal(ledger))
    assert 1 == ledger.backlog("other").files


def test_batch_id(ledger):
    """The id is the UTC second of sealing and a hash of the members."""
    admit(ledger, entry(b"a"), entry(b"b"))
    batch = seal(ledger, max_files=1, now=1_795_475_701.9)
    other = seal(ledger, now=1_795_475_701.9)
    assert re.fullmatch(r"20261123T231501Z-[0-9a-f]{12}", batch.id)
    assert batch.id != other.id
    assert [1, 2] == [batch.sequence, other.sequence]
    assert (1, False, 1_795_475_701.9) == (
        batch.attempt,
        batch.isolate,
        batch.sealed_at,
    )


def test_batch_id_is_unique(ledger):
    """The same members sealed again in the same second get another id."""
    admit(ledger, entry())
    first = finish(ledger, Outcome.QUARANTINED)
    ledger.retry(PIPELINE, b"a.csv", 60.0)
    assert first.id != seal(ledger).id


def test_claim(ledger):
    """A claim gives the batch as it was sealed."""
    admit(ledger, entry(b"b"), entry(b"a"))
    sealed = seal(ledger)
    assert sealed == ledger.claim(sealed.id, 30.0)
    assert [B.CLAIMED] == [row.state for row in ledger.batches()]
    assert [AttemptRow(sealed.id, 1, 30.0)] == ledger.attempts(sealed.id)


def test_attempts_are_counted(ledger):
    """The number goes up only after an attempt that counted."""
    batch = claimed(ledger)
    numbers = []
    for counted in (True, False, False, True):
        wait(ledger, batch, counted=counted)
        numbers.append(ledger.claim(batch.id, 36.0).attempt)
    assert [2, 2, 2, 3] == numbers
    assert [1, 2, 2, 2, 3] == [row.number for row in ledger.attempts(batch.id)]


def test_a_release_counts_nothing(ledger):
    """Given back at shutdown: SEALED again, same number, same members."""
    batch = claimed(ledger)
    wait(ledger, batch)
    second = ledger.claim(batch.id, 36.0)
    ledger.release(batch.id, 37.0)
    assert [(second, B.SEALED)] == ledger.unfinished()
    assert second == ledger.claim(batch.id, 38.0)


def test_wait(ledger):
    """The error is kept with the batch and with the attempt."""
    batch = claimed(ledger)
    wait(ledger, batch, counted=False, error="no scheduler")
    (row,) = ledger.batches()
    assert (B.WAITING, "no scheduler", None) == (row.state, row.error, row.ended_at)
    expected = AttemptRow(batch.id, 1, 30.0, 35.0, "no scheduler", False)
    assert [expected] == ledger.attempts(batch.id)
    assert expected == ledger.last_error(PIPELINE)
    assert ledger.last_error("other") is None


def test_isolate_sticks(ledger):
    """Once set, isolate stays, through waiting and giving back."""
    batch = claimed(ledger)
    wait(ledger, batch, isolate=True)
    assert ledger.claim(batch.id, 36.0).isolate
    wait(ledger, batch, isolate=False)
    assert ledger.claim(batch.id, 37.0).isolate
    ledger.release(batch.id, 38.0)
    assert ledger.unfinished()[0][0].isolate


def test_stage_round_trip(ledger):
    """What was staged comes back equal, with the schema's version."""
    batch = claimed(ledger, b"a", b"\xff", b"c")
    given = committable(batch)
    second = Part("k=1/x.parquet", "/staging/2", 0, 0, 10, "cd" * 32)
    given = replace(
        given,
        parts=(second, *given.parts),
        members=(
            given.members[0],
            MemberResult(
                batch.members[1].file.id,
                Outcome.QUARANTINED,
                reason="bad_value",
                detail="line 3: ä",
            ),
            MemberResult(batch.members[2].file.id, Outcome.VANISHED),
        ),
    )
    ledger.stage(given, 40.0)
    assert replace(given, schema=replace(SCHEMA, version=1)) == ledger.staged(batch.id)
    assert [B.STAGED] == [row.state for row in ledger.batches()]
    assert [F.CLAIMED] * 3 == states(ledger)


def test_a_batch_without_a_function_of_the_users(ledger):
    """None stays none."""
    batch = claimed(ledger, b"a")
    ledger.stage(replace(committable(batch), function=None), 40.0)
    assert ledger.staged(batch.id).function is None


def test_results_come_back_in_the_members_order(ledger):
    """However the results were ordered."""
    given = committable(claimed(ledger, b"a", b"b"))
    ledger.stage(replace(given, members=given.members[::-1]), 40.0)
    assert given.members == ledger.staged(given.batch.id).members


def test_stage_wants_one_result_for_each_member(ledger):
    """A result missing, doubled or strange is refused and leaves no trace."""
    given = committable(claimed(ledger, b"a", b"b"))
    first, second = given.members
    for results in (
        (first,),
        (first, first),
        (first, second, second),
        (first, replace(second, file_id=99)),
        (first, replace(second, rows_in=6)),
    ):
        with pytest.raises(LedgerError):
            ledger.stage(replace(given, members=results), 40.0)
    assert [B.CLAIMED] == [row.state for row in ledger.batches()]
    assert ledger.schema(PIPELINE) is None
    assert [] == ledger.parts(given.batch.id)


def test_staged_of_what_is_not(ledger):
    """There is nothing to publish before staging, nor of a batch nobody knows."""
    batch = claimed(ledger)
    for batch_id in (batch.id, "20000101T000000Z-000000000000"):
        with pytest.raises(LedgerError):
            ledger.staged(batch_id)


def test_commit(ledger):
    """Each file gets the state of its outcome, its counts and its reason."""
    batch = claimed(ledger, b"a", b"b", b"c", b"d")
    ids = [member.file.id for member in batch.members]
    results = (
        MemberResult(ids[0], Outcome.READ, 5, 4, 1),
        MemberResult(ids[1], Outcome.QUARANTINED, reason="bad_quote", detail="line 2"),
        MemberResult(ids[2], Outcome.VANISHED),
        MemberResult(ids[3], Outcome.CHANGED),
    )
    ledger.stage(replace(committable(batch), members=results), 40.0)
    ledger.commit(batch.id, 50.0)
    rows = list(ledger.files())
    assert [F.COMMITTED, F.QUARANTINED, F.VANISHED, F.CHANGED] == [
        row.state for row in rows
    ]
    assert [(5, 4, 1, ""), (0, 0, 0, "bad_quote")] == [
        (r.rows_in, r.rows_out, r.rows_rejected, r.reason) for r in rows[:2]
    ]
    assert [r.outcome for r in results] == [
        row.outcome for row in ledger.members(batch.id)
    ]
    (row,) = ledger.batches()
    assert (B.COMMITTED, 50.0, 5, 4, 1) == (
        row.state,
        row.ended_at,
        row.rows_in,
        row.rows_out,
        row.rows_rejected,
    )
    assert (True, 1, "") == (row.bypassed, row.schema_version, row.error)


def test_fail(ledger):
    """Every member is set aside with the batch's reason."""
    batch = claimed(ledger, b"a", b"b")
    ledger.fail(batch.id, "batch_failed", "three attempts", 40.0)
    assert [(F.QUARANTINED, "batch_failed", "three attempts")] * 2 == [
        (row.state, row.reason, row.detail) for row in ledger.files()
    ]
    (row,) = ledger.batches()
    assert (B.FAILED, 40.0, "three attempts") == (row.state, row.ended_at, row.error)
    assert [Outcome.QUARANTINED] * 2 == [m.outcome for m in ledger.members(batch.id)]
    assert [True] == [a.counted for a in ledger.attempts(batch.id)]
    assert [] == ledger.unfinished()


STEPS = {
    B.CLAIMED: lambda ledger, batch: ledger.claim(batch.id, 1.0),
    B.WAITING: wait,
    B.SEALED: lambda ledger, batch: ledger.release(batch.id, 1.0),
    B.STAGED: lambda ledger, batch: ledger.stage(committable(batch), 1.0),
    B.COMMITTED: lambda ledger, batch: ledger.commit(batch.id, 1.0),
    B.FAILED: lambda ledger, batch: ledger.fail(batch.id, "batch_failed", "", 1.0),
}
WAYS = {
    B.SEALED: (),
    B.CLAIMED: (B.CLAIMED,),
    B.WAITING: (B.CLAIMED, B.WAITING),
    B.STAGED: (B.CLAIMED, B.STAGED),
    B.COMMITTED: (B.CLAIMED, B.STAGED, B.COMMITTED),
    B.FAILED: (B.CLAIMED, B.FAILED),
}


@pytest.mark.parametrize("after", list(B))
@pytest.mark.parametrize("before", list(B))
def test_only_legal_steps(ledger, before, after):
    """The table decides on every pair of states; an illegal step changes nothing."""
    admit(ledger, entry())
    batch = seal(ledger)
    for state in WAYS[before]:
        STEPS[state](ledger, batch)
    rows = list(ledger.batches())
    if after in LEGAL_BATCH[before]:
        STEPS[after](ledger, batch)
        assert [after] == [row.state for row in ledger.batches()]
    else:
        with pytest.raises(IllegalTransition):
            STEPS[after](ledger, batch)
        assert rows == list(ledger.batches())


@pytest.mark.parametrize("step", list(B))
def test_an_unknown_batch(ledger, step):
    """A step on a batch that the ledger never sealed is an error."""
    admit(ledger, entry())
    batch = replace(seal(ledger), id="20000101T000000Z-000000000000")
    with pytest.raises(LedgerError):
        STEPS[step](ledger, batch)


def test_a_version_in_two_batches(ledger):
    """After a retry the first batch keeps its outcome, the file shows the second."""
    admit(ledger, entry())
    first = finish(ledger, Outcome.QUARANTINED)
    ledger.retry(PIPELINE, b"a.csv", 60.0)
    second = finish(ledger)
    outcomes = [
        member.outcome
        for batch in (first, second)
        for member in ledger.members(batch.id)
    ]
    assert [Outcome.QUARANTINED, Outcome.READ] == outcomes
    assert [(F.COMMITTED, second.id)] == [
        (row.state, row.batch_id) for row in ledger.files()
    ]


def test_a_pinned_schema_is_staged_as_it_is(ledger):
    """An older version stays that version; one the ledger does not have is refused."""
    one = ledger.pin(PIPELINE, SCHEMA, 1.0)
    two = ledger.pin(PIPELINE, Schema((("x", "int64"),)), 2.0)
    batch = claimed(ledger)
    for strange in (replace(one, version=3), replace(two, version=1)):
        with pytest.raises(LedgerError):
            ledger.stage(committable(batch, schema=strange), 40.0)
    ledger.stage(committable(batch, schema=one), 40.0)
    assert one == ledger.staged(batch.id).schema
    assert two == ledger.schema(PIPELINE)


def test_staging_pins_only_what_is_new(ledger):
    """A schema of version 0 that equals the newest is that version."""
    one = ledger.pin(PIPELINE, SCHEMA, 1.0)
    batch = claimed(ledger)
    ledger.stage(committable(batch), 40.0)
    assert one == ledger.staged(batch.id).schema


def test_unfinished(ledger):
    """All that recovery must look at, in order of sealing, with members."""
    admit(ledger, *[entry(b"%d" % n) for n in range(5)])
    batches = [seal(ledger, max_files=1) for _ in range(5)]
    for batch in batches[1:]:
        ledger.claim(batch.id, 30.0)
    wait(ledger, batches[1])
    ledger.stage(committable(batches[3]), 40.0)
    ledger.fail(batches[4].id, "batch_failed", "", 40.0)
    expected = [B.SEALED, B.WAITING, B.CLAIMED, B.STAGED]
    assert list(zip(batches[:4], expected, strict=True)) == ledger.unfinished()


def test_a_later_opening_fences_off_the_earlier(opened, monkeypatch):
    """A daemon that was taken for dead and goes on writes nothing."""
    monkeypatch.setattr("ingestd.ledger.lock.StateLock.acquire", lambda _: None)
    monkeypatch.setattr("ingestd.ledger.lock.StateLock.note", lambda *_: None)
    old = opened()
    batch = claimed(old)
    new = opened()
    assert old.epoch + 1 == new.epoch
    for step in (
        lambda: admit(old, entry(b"b")),
        lambda: old.release(batch.id, 40.0),
        lambda: old.stage(committable(batch), 40.0),
        lambda: old.pin(PIPELINE, SCHEMA, 40.0),
        lambda: old.widen(PIPELINE, SCHEMA, 40.0),
        lambda: old.retry(PIPELINE, b"a.csv", 40.0),
    ):
        with pytest.raises(StateLocked):
            step()
    assert [(batch, B.CLAIMED)] == new.unfinished()
    assert [F.CLAIMED] == states(new)


def test_a_closed_ledger(ledger):
    """Closing twice is harmless; using it afterwards is an error, not a wait."""
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError):
        admit(ledger, entry())
    with pytest.raises(LedgerError):
        ledger.backlog(PIPELINE)


def test_reopening_keeps_everything(opened):
    """A restart loses nothing: files, batches, attempts, schemas, what is staged."""
    first = opened()
    admit(first, entry(b"a"), entry(b"b"))
    done = finish(first)
    admit(first, entry(b"c"))
    batch = first.claim(seal(first).id, 60.0)
    wait(first, batch)
    batch = first.claim(batch.id, 61.0)
    first.stage(committable(batch), 62.0)

    def everything(ledger):
        return (
            list(ledger.files()),
            list(ledger.batches()),
            ledger.attempts(batch.id),
            list(ledger.members(done.id)),
            ledger.parts(done.id),
            ledger.schema(PIPELINE),
            ledger.schemas(PIPELINE),
            ledger.staged(batch.id),
            ledger.unfinished(),
            ledger.counts(PIPELINE),
        )

    before = everything(first)
    first.close()
    second = opened()
    assert before == everything(second)
    assert [] == list(second.unknown(PIPELINE, [entry(b"a"), entry(b"c")]))
    second.commit(batch.id, 70.0)
    assert [] == second.unfinished()
