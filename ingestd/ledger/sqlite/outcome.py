"""
The end of a batch: staged, committed or failed; and the schemas it was read with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ingestd.errors import LedgerError
from ingestd.ledger import rules, versions
from ingestd.ledger.sqlite import rows, sealing
from ingestd.ledger.sqlite.transaction import Transaction
from ingestd.model import (
    BatchState,
    Committable,
    FileState,
    MemberResult,
    Outcome,
    Part,
    Schema,
)


def pin(tx: Transaction, pipeline: str, schema: Schema, now: float) -> Schema:
    """
    Record *schema* as the next version, unless its columns are those of the newest.
    """
    newest = _newest(tx, pipeline)
    return _record(tx, pipeline, newest, versions.pinned(newest, schema), now)


def widen(tx: Transaction, pipeline: str, schema: Schema, now: float) -> Schema:
    """
    Record the newest version with what *schema* has more.
    """
    newest = _newest(tx, pipeline)
    if newest is None:
        raise LedgerError(f"{pipeline} has no schema that could be widened")
    return _record(tx, pipeline, newest, versions.widened(newest, schema), now)


def _newest(tx: Transaction, pipeline: str) -> Schema | None:
    row = tx.one("schema", {"pipeline": pipeline, "version": None})
    return rows.schema(row) if row else None


def _record(
    tx: Transaction, pipeline: str, newest: Schema | None, schema: Schema, now: float
) -> Schema:
    if schema != newest:
        tx.run(
            "insert_schema",
            pipeline=pipeline,
            version=schema.version,
            columns=rows.schema_columns(schema),
            source=schema.source,
            now=now,
        )
    return schema


def stage(tx: Transaction, committable: Committable, now: float) -> None:
    """
    Fix the outcome of a batch: parts, rows, schema and results.
    """
    batch = committable.batch
    top = sealing.step(tx, batch.id, BatchState.STAGED)
    results = rules.results_of(sealing.whole(tx, top).members, committable)
    schema = _schema(tx, batch.pipeline, committable.schema, now)
    tx.many("stage_member", _member_rows(top.sequence, results))
    tx.many("insert_part", _part_rows(top.sequence, committable.parts))
    tx.run(
        "stage_batch",
        batch=top.sequence,
        staging=committable.staging,
        seconds=json.dumps(committable.seconds),
        schema_version=schema.version,
        bypassed=committable.bypassed,
        rows_in=committable.rows_in,
        rows_out=committable.rows_out,
        rows_rejected=sum(result.rows_rejected for result in results),
        rows_filtered=sum(result.rows_filtered for result in results),
    )
    tx.run("end_attempt", batch=top.sequence, now=now, error="", counted=False)


def _schema(tx: Transaction, pipeline: str, schema: Schema, now: float) -> Schema:
    if schema.version == 0:
        return pin(tx, pipeline, schema, now)
    row = tx.one("schema", {"pipeline": pipeline, "version": schema.version})
    rules.check_schema(pipeline, schema, rows.schema(row) if row else None)
    return schema


def _member_rows(
    sequence: int, results: Sequence[MemberResult]
) -> list[tuple[object, ...]]:
    return [
        (
            result.outcome,
            result.rows_in,
            result.rows_out,
            result.rows_rejected,
            result.rows_filtered,
            result.reason,
            result.detail,
            rows.counts_text(result.rejected),
            sequence,
            position,
        )
        for position, result in enumerate(results)
    ]


def _part_rows(sequence: int, parts: Sequence[Part]) -> list[tuple[object, ...]]:
    return [
        (
            *(sequence, p.kind, p.name, position, p.staged),
            *(p.rows, p.rows_in, p.size, p.sha256),
        )
        for position, p in enumerate(parts)
    ]


def commit(tx: Transaction, batch_id: str, now: float) -> None:
    """
    The batch is published: each member's file gets the state of its outcome.
    """
    top = sealing.step(tx, batch_id, BatchState.COMMITTED)
    tx.run("commit_batch", batch=top.sequence, now=now)
    _settle(tx, top.sequence, now)


def fail(tx: Transaction, batch_id: str, reason: str, detail: str, now: float) -> None:
    """
    The attempts are spent: every member is set aside.
    """
    top = sealing.step(tx, batch_id, BatchState.FAILED)
    tx.run("fail_batch", batch=top.sequence, error=detail, now=now)
    tx.run("fail_members", batch=top.sequence, reason=reason, detail=detail)
    tx.run("end_attempt", batch=top.sequence, now=now, error=detail, counted=True)
    _settle(tx, top.sequence, now)


def _settle(tx: Transaction, sequence: int, now: float) -> None:
    # One statement for each outcome, not for each file: a batch may have thousands.
    before = [FileState(row[0]) for row in tx.each("member_states", batch=sequence)]
    outcomes = [Outcome(row[0]) for row in tx.each("outcomes", batch=sequence)]
    for outcome in outcomes:
        after = rules.AFTER_OUTCOME[outcome]
        for state in before:
            rules.step_file(state, after, f"batch {sequence}")
        tx.run("commit_members", batch=sequence, outcome=outcome, state=after, now=now)
    if not rules.UNREAD.isdisjoint(rules.AFTER_OUTCOME[o] for o in outcomes):
        tx.run("forget_unread", batch=sequence)


def staged(tx: Transaction, batch_id: str) -> Committable:
    """
    Return what ``stage`` recorded.
    """
    top = sealing.head(tx, batch_id)
    if top.state not in (BatchState.STAGED, BatchState.COMMITTED):
        raise LedgerError(f"batch {batch_id} is {top.state}, not staged")
    staging, seconds, version, bypassed = tx.one(
        "staged_batch", {"batch": top.sequence}
    )
    row = tx.one("schema", {"pipeline": top.pipeline, "version": version})
    return Committable(
        sealing.whole(tx, top),
        staging,
        tuple(map(rows.part, tx.each("staged_parts", batch=top.sequence))),
        tuple(map(rows.result, tx.each("staged_members", batch=top.sequence))),
        rows.schema(row),
        bool(bypassed),
        json.loads(seconds),
    )
