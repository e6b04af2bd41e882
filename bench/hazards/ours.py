"""
What ingestd makes of a file: its own engine and accounts, as an attempt runs them.

Only Prefect, Dask and the ledger are left out. The schema is inferred, as for a first
batch, unless the settings declare one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from bench.hazards.files import Hazard, Settings
from bench.hazards.judge import Table, alike
from ingestd.batch.plan import may_be_cut, plan
from ingestd.config import Pipeline
from ingestd.errors import Quarantine
from ingestd.model import (
    Batch,
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
from ingestd.run.engine import Engine, Plan, UnitResult, load
from ingestd.run.job import Job, read


@dataclass(frozen=True, slots=True)
class Ours:
    """
    The rows, the raw text and the reasons of what was set aside, the member's own
    numbers, and *reason* where the file was quarantined.
    """

    table: Table
    aside: list[tuple[bytes, str]]
    result: MemberResult | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Done:
    given: UnitResult

    def result(self) -> UnitResult:
        return self.given


def by_ingestd(path: Path, settings: Settings, scratch: Path) -> Ours:
    """
    Return what ingestd makes of the file *path* with *settings*; *scratch* is empty.
    """
    engine = load("polars")
    status = path.stat()
    ref = FileRef(1, "p", os.fsencode(path.name), Fingerprint.of(status))
    batch = Batch("hazard", 1, "p", (Member(ref, 0, status.st_size),), 0.0)
    pipeline = _pipeline(path.parent, settings, scratch)
    try:
        job = _attempt(engine, pipeline, batch, scratch)
    except Quarantine as error:
        # What the daemon does with a batch that is quarantined whole.
        return Ours(Table((), []), [], reason=error.reason)
    (member,) = job.members
    data, aside = (_parts(job.parts or (), kind) for kind in PartKind)
    if member.outcome is not Outcome.READ:
        return Ours(_table(data), [], member, member.reason)
    return Ours(_table(data), _set_aside(aside), member)


def _pipeline(source: Path, settings: Settings, scratch: Path) -> Pipeline:
    tables: dict[str, dict[str, object]] = {
        "source": {"url": str(source)},
        "sink": {"url": str(scratch / "out")},
    }
    for key, value in settings.items():
        table, name = key.split(".")
        tables.setdefault(table, {})[name] = value
    return Pipeline(name="p", **tables)


def _attempt(engine: Engine, pipeline: Pipeline, batch: Batch, scratch: Path) -> Job:
    root, declared = pipeline.source.url, pipeline.schema_
    if declared is None:
        schema = engine.infer(pipeline, root, batch.members)
    else:
        schema = Schema(tuple(declared.items()))
    units = plan(batch, pipeline.batch.unit_bytes, cut=may_be_cut(pipeline))
    while True:
        staging = scratch / f"staging{schema.version}"
        rejects = staging / "rejects"
        rejects.mkdir(parents=True)
        whole = Plan(
            batch.id,
            pipeline,
            replace(schema, version=schema.version + 1),
            root,
            str(staging),
            {},
            rejects_staging=str(rejects),
        )
        job = Job(whole, units, engine.name)
        results = job.gather(lambda chosen, own=whole: _read(engine, own, chosen))
        if not job.outgrown:
            job.finish(tuple(part for result in results for part in result.parts))
            return job
        known = whole.schema
        found = engine.infer(pipeline, root, batch.members, known, job.outgrown)
        schema = replace(found, version=known.version)


def _read(engine: Engine, own: Plan, units: Sequence[Unit]) -> list[_Done]:
    return [_Done(read(engine, own, unit)) for unit in units]


def _parts(parts: Sequence[Part], kind: PartKind) -> list[Part]:
    return [part for part in parts if part.kind is kind]


def _table(parts: list[Part]) -> Table:
    names: tuple[str, ...] = ()
    rows: list[tuple[object, ...]] = []
    for part in parts:
        table = pq.ParquetFile(part.staged).read()
        names = tuple(table.column_names)
        columns = [column.to_pylist() for column in table.columns]
        rows += zip(*columns, strict=True)
    return Table(names, rows)


def _set_aside(parts: list[Part]) -> list[tuple[bytes, str]]:
    found = []
    for part in parts:
        for row in pq.ParquetFile(part.staged).read().to_pylist():
            raw = row["raw_bytes"] or row["raw"].encode()
            found.append((raw, row["reason"]))
    return found


def wrongs(hazard: Hazard, found: Ours) -> list[str]:
    """
    Say how *found* is not right; nothing where it is: each record is a row or among the
    rejects, no other row is there, and the numbers say so; or the file is quarantined
    for a reason, and nothing of it is there.
    """
    rows, result = found.table.rows, found.result
    if found.reason:
        return ["quarantined, and rows of it are there"] if rows else []
    left = list(hazard.records)
    said = []
    for raw, _ in found.aside:
        record = next((r for r in left if r.raw == raw), None)
        if record is None:
            said.append(f"set aside, and not in the file: {raw!r}")
        else:
            left.remove(record)
    said += [f"not set aside: {r.raw!r}" for r in left if not r.sound]
    wanted = [alike(record.fields) for record in left if record.sound]
    if wanted != [alike(row) for row in rows]:
        said.append("other rows than the file has")
    if rows and not hazard.renames and found.table.names != hazard.names:
        said.append(f"columns {found.table.names}")
    counted = result and (result.rows_in, result.rows_out, result.rows_rejected)
    if counted != (len(hazard.records), len(rows), len(found.aside)):
        said.append(f"counts that do not add up: {counted}")
    return said
