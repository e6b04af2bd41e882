"""
Every ledger: the questions.
"""

# ruff: noqa: F401, F811 - fixtures are imported, and named again as arguments

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestd.ledger.ledger import Backlog, FileRow, MemberRow, PartRow, Totals
from ingestd.model import BatchState, FileState, Outcome, PartKind
from tests.conformance.ledger_kit import (
    PIPELINE,
    admit,
    committable,
    entry,
    finish,
    ledger,
    opened,
    seal,
)

B = BatchState
F = FileState


def test_an_empty_ledger(ledger):
    """Every question has an answer before anything happened."""
    assert Backlog() == ledger.backlog(PIPELINE)
    assert {} == ledger.counts(PIPELINE)
    assert [] == list(ledger.files())
    assert [] == list(ledger.files(path=b"a.csv"))
    assert [] == list(ledger.batches(batch_id="x"))
    assert [] == ledger.parts("x")
    assert [] == list(ledger.members("x"))
    assert [] == ledger.attempts("x")
    assert Totals() == ledger.totals(PIPELINE)


def test_backlog_follows_every_step(ledger):
    """Files and bytes that are READY, and when the one that waits longest was seen."""
    ledger.admit(PIPELINE, [entry(b"a")], "new", 11.0)
    ledger.admit(PIPELINE, [entry(b"b", size=50)], "new", 12.0)
    assert Backlog(2, 150, 11.0) == ledger.backlog(PIPELINE)
    seal(ledger, max_files=1)
    assert Backlog(1, 50, 12.0) == ledger.backlog(PIPELINE)
    ledger.admit(PIPELINE, [entry(b"b", size=70)], "new", 13.0)
    assert Backlog(1, 70, 13.0) == ledger.backlog(PIPELINE)


def test_counts(ledger):
    """Versions by state, without the states that have none."""
    admit(ledger, entry(b"a"), entry(b"b"))
    finish(ledger)
    admit(ledger, entry(b"a", version=2))
    ledger.admit("other", [entry(b"a")], "new", 10.0)
    assert {F.COMMITTED: 2, F.READY: 1} == ledger.counts(PIPELINE)


def test_file_row(ledger):
    """A row says all that ``files`` and ``why`` show."""
    (result,) = admit(ledger, entry())
    expected = FileRow(
        result.ref.id, PIPELINE, b"a.csv", F.READY, 100, 10.0, mtime_ns=1_001
    )
    assert [expected] == list(ledger.files())


@pytest.mark.parametrize("pipeline", [None, "p", "q", "none"])
@pytest.mark.parametrize("state", [None, F.READY, F.COMMITTED, F.IGNORED])
@pytest.mark.parametrize("path", [None, b"0", b"none"])
def test_filters_of_files(ledger, pipeline, state, path):
    """Every combination keeps the order of admission."""
    for number in range(6):
        name = "pq"[number % 2]
        ledger.admit(name, [entry(b"%d" % (number // 2 % 2))], "new", 1.0)
        if number == 3:
            batch = ledger.seal("p", max_files=1, max_bytes=1, now=2.0)
            batch = ledger.claim(batch.id, 3.0)
            ledger.stage(committable(batch), 4.0)
            ledger.commit(batch.id, 5.0)
        ledger.admit(name, [entry(b"0", version=number)], "new", 1.0)
    expected = [
        row
        for row in ledger.files()
        if pipeline in (None, row.pipeline)
        and state in (None, row.state)
        and path in (None, row.path)
    ]
    assert sorted(row.id for row in expected) == [row.id for row in expected]
    found = list(ledger.files(pipeline=pipeline, state=state, path=path))
    assert expected == found


def test_long_listings(ledger):
    """A listing longer than any chunk comes whole, once, in order."""
    admit(ledger, *[entry(b"%05d" % n) for n in range(2500)])
    names = [b"%05d" % n for n in range(2500)]
    assert names == [row.path for row in ledger.files()]
    assert names == [row.path for row in ledger.files(state=F.READY)]
    batch = finish_all(ledger)
    assert names == [row.path for row in ledger.members(batch.id)]
    assert names == [ref.path for ref in ledger.undisposed(PIPELINE)]


def finish_all(ledger):
    batch = ledger.claim(seal(ledger, max_files=9999).id, 30.0)
    ledger.stage(committable(batch), 40.0)
    ledger.commit(batch.id, 50.0)
    return batch


@pytest.mark.parametrize("pipeline", [None, "p", "q", "none"])
@pytest.mark.parametrize("state", [None, B.SEALED, B.CLAIMED, B.FAILED])
def test_filters_of_batches(ledger, pipeline, state):
    """Every combination keeps the order of sealing."""
    for number in range(5):
        name = "pq"[number % 2]
        ledger.admit(name, [entry(b"%d" % number)], "new", 1.0)
        batch = ledger.seal(name, max_files=1, max_bytes=1, now=2.0)
        if number > 1:
            ledger.claim(batch.id, 3.0)
    rows = list(ledger.batches())
    assert [1, 2, 3, 4, 5] == [row.sequence for row in rows]
    expected = [
        row
        for row in rows
        if pipeline in (None, row.pipeline) and state in (None, row.state)
    ]
    assert expected == list(ledger.batches(pipeline=pipeline, state=state))
    one = ledger.batches(pipeline=pipeline, state=state, batch_id=rows[0].id)
    assert [row for row in expected if row.sequence == 1] == list(one)


def test_parts(ledger):
    """The parts of a batch that is staged, by kind and name; both may have one name."""
    admit(ledger, entry())
    batch = ledger.claim(seal(ledger).id, 30.0)
    assert [] == ledger.parts(batch.id)
    ledger.stage(committable(batch), 40.0)
    name = f"{batch.id}-0.parquet"
    expected = [
        PartRow(batch.id, name, 4, 4, 900, "ab" * 32),
        PartRow(batch.id, name, 1, 1, 90, "ef" * 32, PartKind.REJECTS),
    ]
    assert expected == ledger.parts(batch.id)


def test_members(ledger):
    """Slices in the batch's order; outcomes and counts once staged."""
    admit(ledger, entry(b"b"), entry(b"a"))
    batch = ledger.claim(seal(ledger).id, 30.0)
    expected = [
        MemberRow(batch.id, m.file.id, m.file.path, 0, 100) for m in batch.members
    ]
    assert expected == list(ledger.members(batch.id))
    ledger.stage(committable(batch, Outcome.QUARANTINED), 40.0)
    assert [(Outcome.QUARANTINED, "bad_value", "no number")] * 2 == [
        (row.outcome, row.reason, row.detail) for row in ledger.members(batch.id)
    ]


def test_rows_that_were_set_aside(ledger):
    """Counted by reason, for each member; the sentence on the first is kept."""
    admit(ledger, entry())
    batch = ledger.claim(seal(ledger).id, 30.0)
    given = committable(batch)
    rejected = (("bad_value", 1), ("too_few_fields", 2))
    (result,) = (
        replace(m, rows_in=9, rows_rejected=3, rejected=rejected) for m in given.members
    )
    ledger.stage(replace(given, members=(result,)), 40.0)
    (row,) = ledger.members(batch.id)
    assert (rejected, "no number") == (row.rejected, row.detail)
    assert (result,) == ledger.staged(batch.id).members


def test_totals(ledger):
    """What was committed at a moment or later; nothing else counts."""
    admit(ledger, entry(b"a"), entry(b"b"))
    finish(ledger)
    admit(ledger, entry(b"c"))
    ledger.fail(ledger.claim(seal(ledger).id, 60.0).id, "batch_failed", "", 61.0)
    expected = Totals(1, 2, 200, 14, 8, 2, 4)
    assert expected == ledger.totals(PIPELINE)
    assert expected == ledger.totals(PIPELINE, since=50.0)
    assert Totals() == ledger.totals(PIPELINE, since=50.5)
    assert Totals() == ledger.totals("other")
