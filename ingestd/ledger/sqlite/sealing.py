"""
Sealing batches, reading them back, and the attempts on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingestd.errors import LedgerError
from ingestd.ledger import rules
from ingestd.ledger.sqlite import rows
from ingestd.ledger.sqlite.transaction import Transaction
from ingestd.model import Batch, BatchState, FileState, Member


@dataclass(frozen=True, slots=True)
class Head:
    """
    A batch without its members.
    """

    sequence: int
    id: str
    pipeline: str
    state: BatchState
    sealed_at: float
    attempt: int
    isolate: bool
    counted: bool


def seal(
    tx: Transaction, pipeline: str, max_files: int, max_bytes: int, now: float
) -> Batch | None:
    """
    Make a batch of the oldest READY files; None when there is none.
    """
    members = _choose(tx, pipeline, max_files, max_bytes)
    if not members:
        return None
    rules.step_file(FileState.READY, FileState.CLAIMED, "sealing")
    members.sort(key=rules.order)
    (sequence,) = tx.one("next_sequence", {})
    batch_id = rules.batch_id(pipeline, members, now)
    if tx.one("batch_id_taken", {"id": batch_id}):
        batch_id = rules.batch_id(pipeline, members, now, salt=sequence)
    batch = Batch(batch_id, sequence, pipeline, tuple(members), now)
    tx.run(
        "insert_batch",
        sequence=sequence,
        id=batch_id,
        pipeline=pipeline,
        files=len(members),
        size=batch.size,
        now=now,
    )
    tx.many(
        "insert_member",
        (
            (sequence, position, member.file.id, member.start, member.end)
            for position, member in enumerate(members)
        ),
    )
    tx.run("claim_members", batch=sequence, now=now)
    return batch


def _choose(
    tx: Transaction, pipeline: str, max_files: int, max_bytes: int
) -> list[Member]:
    members: list[Member] = []
    total = 0
    # Read row by row: a backlog of a million is never in memory.
    for row in tx.each("ready", pipeline=pipeline, count=max(1, max_files)):
        ref = rows.member_ref(row)
        total += ref.fingerprint.size
        if members and total > max_bytes:
            break
        members.append(Member(ref, 0, ref.fingerprint.size))
    return members


def head(tx: Transaction, batch_id: str) -> Head:
    """
    Look a batch up; LedgerError when there is none.
    """
    row = tx.one("batch", {"id": batch_id})
    if row is None:
        raise LedgerError(f"the ledger has no batch {batch_id}")
    return _head(row)


def _head(row: rows.Row) -> Head:
    sequence, batch_id, pipeline, state, sealed_at, attempt, isolate, counted = row
    return Head(
        sequence,
        batch_id,
        pipeline,
        BatchState(state),
        sealed_at,
        attempt,
        bool(isolate),
        bool(counted),
    )


def whole(tx: Transaction, top: Head) -> Batch:
    """
    Return the batch with its members.
    """
    members = tuple(
        Member(rows.member_ref(row[2:]), row[0], row[1])
        for row in tx.each("batch_members", batch=top.sequence)
    )
    return Batch(
        top.id,
        top.sequence,
        top.pipeline,
        members,
        top.sealed_at,
        top.attempt,
        top.isolate,
    )


def unfinished(tx: Transaction) -> Iterator[tuple[Batch, BatchState]]:
    """
    Yield the batches that are not at their end, in order of sealing.
    """
    for top in [_head(row) for row in tx.each("unfinished")]:
        yield whole(tx, top), top.state


def step(tx: Transaction, batch_id: str, state: BatchState) -> Head:
    """
    Check that the batch may go to *state*; return it as it is before.
    """
    top = head(tx, batch_id)
    rules.step_batch(top.state, state, batch_id)
    return top


def claim(tx: Transaction, batch_id: str, now: float) -> Batch:
    """
    Begin an attempt; its number goes up only when the one before was counted.
    """
    top = step(tx, batch_id, BatchState.CLAIMED)
    attempt = top.attempt + top.counted
    tx.run("claim_batch", batch=top.sequence, attempt=attempt)
    tx.run("insert_attempt", batch=top.sequence, number=attempt, now=now)
    return whole(tx, head(tx, batch_id))


def wait(
    tx: Transaction,
    batch_id: str,
    error: str,
    now: float,
    *,
    isolate: bool,
    counted: bool,
) -> None:
    """
    End a failed attempt.
    """
    top = step(tx, batch_id, BatchState.WAITING)
    tx.run(
        "wait_batch",
        batch=top.sequence,
        error=error,
        counted=counted,
        isolate=isolate,
    )
    tx.run("end_attempt", batch=top.sequence, now=now, error=error, counted=counted)


def release(tx: Transaction, batch_id: str, now: float) -> None:
    """
    Give the batch back; the attempt was none.
    """
    top = step(tx, batch_id, BatchState.SEALED)
    tx.run("release_batch", batch=top.sequence)
    tx.run("end_attempt", batch=top.sequence, now=now, error="", counted=False)
