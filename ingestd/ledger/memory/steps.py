"""
The steps that change the tables in memory; the caller undoes a step that raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingestd.errors import LedgerError
from ingestd.ledger import rules, versions
from ingestd.ledger.ledger import Admission, AttemptRow, Entry, SchemaRow
from ingestd.ledger.memory.tables import BatchRecord, FileRecord, Tables
from ingestd.ledger.rules import Verdict, Version
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Member,
    MemberResult,
    Outcome,
    Schema,
)


def known(
    tables: Tables, pipeline: str, path: bytes
) -> tuple[Version | None, Version | None]:
    """
    Return the newest version of *path*, and the one that brought its content.
    """
    newest = tables.newest(pipeline, path)
    owner = tables.owner(newest)
    return (newest.version if newest else None, owner.version if owner else None)


def admit(
    tables: Tables, pipeline: str, entry: Entry, on_change: str, now: float
) -> Admission:
    """
    Record one candidate.
    """
    newest = tables.newest(pipeline, entry.path)
    if newest and rules.is_known(newest.version, entry.fingerprint):
        return Admission(entry.path, newest.state, newest.ref)
    versions = known(tables, pipeline, entry.path)
    verdict = rules.admission(*versions, entry.fingerprint, on_change)
    return record(tables, pipeline, entry, verdict, now)


def record(
    tables: Tables, pipeline: str, entry: Entry, verdict: Verdict, now: float
) -> Admission:
    """
    Write what *verdict* says of *entry*.
    """
    if verdict.state is None:
        return Admission(entry.path, None, held=verdict.held)
    newest = tables.newest(pipeline, entry.path)
    if verdict.replaced and newest:
        step_file(tables, newest.ref.id, FileState.CHANGED)
    if verdict.in_place and newest:
        rules.step_file(newest.state, verdict.state, f"version {newest.ref.id}")
        ref = replace(newest.ref, fingerprint=entry.fingerprint)
        tables.files[ref.id] = replace(newest, ref=ref, seen_at=now)
    else:
        ref = FileRef(len(tables.files) + 1, pipeline, entry.path, entry.fingerprint)
        tables.files[ref.id] = FileRecord(
            ref,
            verdict.state,
            seen_at=now,
            ready_at=now,
            previous=newest.ref.id if newest else None,
            reason=str(verdict.reason),
            detail=verdict.detail,
        )
    tables.current[pipeline, entry.path] = ref.id
    return Admission(entry.path, verdict.state, ref)


def step_file(tables: Tables, file_id: int, state: FileState) -> None:
    """
    Give one version a state, if the table of legal steps has it.
    """
    before = tables.files[file_id]
    rules.step_file(before.state, state, f"version {file_id}")
    tables.files[file_id] = replace(before, state=state, reason="", detail="")


def retry(tables: Tables, pipeline: str, path: bytes, now: float) -> bool:
    """
    Make the newest version of *path* READY again where that is allowed.
    """
    newest = tables.newest(pipeline, path)
    if newest is None or newest.state not in rules.RETRIABLE:
        return False
    rules.step_file(newest.state, FileState.READY, f"version {newest.ref.id}")
    tables.files[newest.ref.id] = FileRecord(
        newest.ref, FileState.READY, newest.seen_at, now, newest.previous
    )
    return True


def seal(
    tables: Tables, pipeline: str, max_files: int, max_bytes: int, now: float
) -> Batch | None:
    """
    Make a batch of the oldest READY files; None when there is none.
    """
    members: list[Member] = []
    for found in tables.files.values():
        if found.ref.pipeline != pipeline or found.state is not FileState.READY:
            continue
        member = Member(found.ref, 0, found.mark.size)
        size = sum(chosen.size for chosen in members) + member.size
        if members and (len(members) >= max_files or size > max_bytes):
            break
        members.append(member)
    if not members:
        return None
    members.sort(key=rules.order)
    sequence = len(tables.batches) + 1
    batch_id = rules.batch_id(pipeline, members, now)
    if batch_id in tables.batches:
        batch_id = rules.batch_id(pipeline, members, now, salt=sequence)
    for member in members:
        step_file(tables, member.file.id, FileState.CLAIMED)
        claimed = tables.files[member.file.id]
        tables.files[member.file.id] = replace(claimed, batch_id=batch_id)
    batch = Batch(batch_id, sequence, pipeline, tuple(members), now)
    tables.batches[batch_id] = BatchRecord(batch, BatchState.SEALED)
    return batch


def look_up(tables: Tables, batch_id: str) -> BatchRecord:
    """
    Return a batch; LedgerError when there is none.
    """
    if batch_id not in tables.batches:
        raise LedgerError(f"the ledger has no batch {batch_id}")
    return tables.batches[batch_id]


def step(tables: Tables, batch_id: str, state: BatchState) -> BatchRecord:
    """
    Give a batch a state, if the table of legal steps has it.
    """
    before = look_up(tables, batch_id)
    rules.step_batch(before.state, state, batch_id)
    after = replace(before, state=state)
    tables.batches[batch_id] = after
    return after


def begin_attempt(tables: Tables, batch: Batch, now: float) -> None:
    """
    Write down that an attempt begins.
    """
    tables.attempts.append(AttemptRow(batch.id, batch.attempt, now))


def end_attempt(
    tables: Tables,
    batch_id: str,
    now: float,
    *,
    error: str = "",
    counted: bool = False,
) -> None:
    """
    Write down how the running attempt ended.
    """
    last = max(
        index for index, row in enumerate(tables.attempts) if row.batch_id == batch_id
    )
    tables.attempts[last] = replace(
        tables.attempts[last], ended_at=now, error=error, counted=counted
    )


def pin(tables: Tables, pipeline: str, schema: Schema, now: float) -> Schema:
    """
    Record *schema* as the next version, unless its columns are those of the newest.
    """
    pinned = versions.pinned(tables.schema(pipeline), schema)
    return _record(tables, pipeline, pinned, now)


def widen(tables: Tables, pipeline: str, schema: Schema, now: float) -> Schema:
    """
    Record the newest version with what *schema* has more.
    """
    newest = tables.schema(pipeline)
    if newest is None:
        raise LedgerError(f"{pipeline} has no schema that could be widened")
    return _record(tables, pipeline, versions.widened(newest, schema), now)


def _record(tables: Tables, pipeline: str, schema: Schema, now: float) -> Schema:
    if schema != tables.schema(pipeline):
        before = tables.schemas.get(pipeline, ())
        tables.schemas[pipeline] = (*before, SchemaRow(schema, now))
    return schema


def stage(tables: Tables, committable: Committable, now: float) -> None:
    """
    Fix the outcome of a batch.
    """
    batch_id = committable.batch.id
    before = step(tables, batch_id, BatchState.STAGED)
    batch = before.batch
    results = tuple(rules.results_of(batch.members, committable))
    schema = committable.schema
    if schema.version == 0:
        schema = pin(tables, batch.pipeline, schema, now)
    pinned = (row.schema for row in tables.schemas.get(batch.pipeline, ()))
    recorded = {known.version: known for known in pinned}
    rules.check_schema(batch.pipeline, schema, recorded.get(schema.version))
    staged = replace(committable, batch=batch, members=results, schema=schema)
    tables.batches[batch_id] = replace(before, error="", results=results, staged=staged)
    end_attempt(tables, batch_id, now)


def fail(tables: Tables, batch_id: str, reason: str, detail: str, now: float) -> None:
    """
    Set every member aside.
    """
    before = step(tables, batch_id, BatchState.FAILED)
    results = tuple(
        MemberResult(
            member.file.id, Outcome.QUARANTINED, reason=str(reason), detail=detail
        )
        for member in before.batch.members
    )
    tables.batches[batch_id] = replace(
        before, error=detail, ended_at=now, results=results
    )
    end_attempt(tables, batch_id, now, error=detail, counted=True)
    settle(tables, results, batch_id)


def settle(tables: Tables, results: Sequence[MemberResult], batch_id: str) -> None:
    """
    Give each member's file the state of its outcome.
    """
    for result in results:
        step_file(tables, result.file_id, rules.AFTER_OUTCOME[result.outcome])
        tables.files[result.file_id] = replace(
            tables.files[result.file_id],
            batch_id=batch_id,
            rows_in=result.rows_in,
            rows_out=result.rows_out,
            rows_rejected=result.rows_rejected,
            rows_filtered=result.rows_filtered,
            reason=str(result.reason),
            detail=result.detail,
        )
