"""
One manifest per batch: its inputs and outputs, so that the sink can tell of a ledger
that was lost or rolled back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ingestd.model import Committable, Function, Member, MemberResult
from ingestd.observe.escape import printable

FORMAT = 1


def document(committable: Committable, epoch: int) -> bytes:
    """
    Return the manifest of *committable* as JSON; equal input gives equal bytes.
    """
    batch = committable.batch
    results = {result.file_id: result for result in committable.members}
    content: dict[str, Any] = {
        "format": FORMAT,
        "batch": batch.id,
        "pipeline": batch.pipeline,
        "sequence": batch.sequence,
        "epoch": epoch,
        "attempt": batch.attempt,
        "sealed_at": datetime.fromtimestamp(batch.sealed_at, UTC).isoformat(),
        "bypassed": committable.bypassed,
        "rows_in": committable.rows_in,
        "rows_out": committable.rows_out,
        "rows_rejected": committable.rows_rejected,
        "rows_filtered": committable.rows_filtered,
        "schema": {
            "version": committable.schema.version,
            "columns": [list(column) for column in committable.schema.columns],
        },
        **_function(committable.function),
        "inputs": [_input(m, results[m.file.id]) for m in batch.members],
        "parts": [
            {
                "name": part.name,
                "kind": part.kind.value,
                "rows": part.rows,
                "rows_in": part.rows_in,
                "size": part.size,
                "sha256": part.sha256,
            }
            for part in committable.parts
        ],
    }
    return json.dumps(content, indent=1).encode()


def _function(function: Function | None) -> dict[str, Any]:
    if function is None:
        return {}
    sources = list(function.sources)
    return {"python": {"function": function.reference, "sha256": sources}}


def _input(member: Member, result: MemberResult) -> dict[str, Any]:
    fingerprint, stretch = member.file.fingerprint, member.file.stretch
    start = stretch.start if stretch else 0
    shown: dict[str, Any] = {"path": printable(member.file.path)}
    try:
        member.file.path.decode()
    except UnicodeDecodeError:
        # The escaped form is for people; the bytes are what a rebuild needs.
        shown["path_hex"] = member.file.path.hex()
    return shown | {
        "start": start + member.start,
        "end": start + member.end,
        "size": fingerprint.size,
        "mtime_ns": fingerprint.mtime_ns,
        "head": fingerprint.head.hex(),
        "tail": fingerprint.tail.hex(),
        "outcome": result.outcome.value,
        "rows_in": result.rows_in,
        "rows_out": result.rows_out,
        "rows_rejected": result.rows_rejected,
        "rows_filtered": result.rows_filtered,
        "rejected": dict(result.rejected),
        "reason": result.reason,
    }
