"""
The schema of a pipeline, and what its first files would become.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from ingestd.config import Pipeline
from ingestd.config.notation import toml, toml_key
from ingestd.discover.fingerprint import look
from ingestd.ledger.ledger import Entry
from ingestd.model import UNTYPED, FileRef, Member, Part, Schema, Unit
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted
from ingestd.run.engine import Plan, UnitResult, load
from ingestd.run.faults import Fault
from ingestd.run.glimpse import raw_glimpse
from ingestd.run.transform.pipeline import shape_of

ROWS = 5
_FILES = 3
_MOST_FILES = 1000
_WHOLE_BYTES = 4 << 20
_HEAD_BYTES = 256 << 10
_WIDTH = 24


@dataclass(frozen=True, slots=True)
class Table:
    """
    A few rows of text under a title.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """
    Tables to show, a sentence for each file that could not be read as configured, or
    not all of it, and the schema with what these files would add to it.
    """

    tables: tuple[Table, ...]
    refused: tuple[str, ...]
    schema: Schema


def as_toml(schema: Schema) -> Iterator[str]:
    """
    Yield the lines of a [pipelines.schema] that declares *schema*.
    """
    yield "[pipelines.schema]"
    for name, column_type in schema.columns:
        key = toml_key(name)
        if column_type == UNTYPED:
            yield f"# {key}: held only nulls so far, so it has no type yet"
        else:
            yield f"{key} = {toml(column_type)}"


def inferred(pipeline: Pipeline, entries: list[Entry]) -> Schema:
    """
    Return the schema that the first batch would pin; raises Quarantine.
    """
    chosen = entries[:: 1 + len(entries) // _MOST_FILES]
    members = members_of(pipeline, chosen)
    return load("polars").infer(pipeline, pipeline.source.url, members)


def preview(pipeline: Pipeline, schema: Schema, entries: list[Entry]) -> Preview:
    """
    Read the first files with the engine, into a folder of its own that is removed.

    A large file is cut to its first records.
    """
    with TemporaryDirectory(prefix="ingestd-check-") as scratch:
        root, chosen = _chosen(pipeline, entries, Path(scratch, "source"))
        members = members_of(pipeline, chosen)
        plain = pipeline.sink.model_copy(update={"partition_by": ()})
        whole = pipeline.model_copy(update={"sink": plain})
        by_row = whole.model_copy(update={"aggregate": None})
        by_rows = _plan(by_row, schema, root, Path(scratch, "rows"))
        plan, result = _read(by_rows, members)
        tables = []
        title = "the first rows, as they are read"
        if pipeline.shapes_rows:
            given = _as_in_files(by_row, plan.schema, root, Path(scratch, "files"))
            tables.append(_table(title, _read(given, members)[1].parts))
            title = "the same files, transformed"
        tables.append(_table(title, result.parts))
        if pipeline.aggregate is not None:
            grouped = _plan(whole, plan.schema, root, Path(scratch, "groups"))
            tables.append(
                _table("the same files, aggregated", _groups(grouped, members))
            )
    names = {m.file.id: printable(m.file.path) for m in members}
    refused = [
        f"{names[r.file_id]}: {r.outcome.value}: {r.reason}: {escape(line)}"
        for r in result.members
        if r.reason
        for line in r.detail.split("\n")
    ]
    refused += _set_aside(names, result)
    shown = tuple(table for table in tables if table.rows)
    return Preview(shown, tuple(refused), plan.schema)


def _set_aside(names: dict[int, str], result: UnitResult) -> Iterator[str]:
    rows = {member.file_id: member.rows_rejected for member in result.members}
    # The first of each file: later ones do not replace it.
    for first in {reject.file_id: reject for reject in result.rejects[::-1]}.values():
        if rows.get(first.file_id):
            count = counted(rows[first.file_id], "row")
            where = f"line {first.line}: {first.reason}: {escape(first.detail)}"
            yield f"{names[first.file_id]}: {count} set aside, the first in {where}"


def _read(plan: Plan, members: tuple[Member, ...]) -> tuple[Plan, UnitResult]:
    """
    Read *members*; return the plan with a schema that has a place for all they have.
    """
    engine, pipeline = load("polars"), plan.pipeline
    result = engine.read_and_aggregate(plan, Unit(0, members))
    while values := result.outgrown:
        schema = engine.infer(pipeline, plan.root, members, plan.schema, values)
        plan = replace(plan, schema=schema, shape=shape_of(pipeline, schema))
        result = engine.read_and_aggregate(plan, Unit(0, members))
    return plan, result


def _as_in_files(pipeline: Pipeline, schema: Schema, root: str, staging: Path) -> Plan:
    paths = pipeline.source.path_names
    columns = tuple(column for column in schema.columns if column[0] not in paths)
    of_files = replace(schema, columns=columns)
    return _plan(pipeline.as_in_files, of_files, root, staging)


def _groups(plan: Plan, members: tuple[Member, ...]) -> tuple[Part, ...]:
    wider, result = _read(plan, members)
    return load("polars").combine(wider, [result.partial]) if result.partial else ()


def _plan(pipeline: Pipeline, schema: Schema, root: str, staging: Path) -> Plan:
    staging.mkdir()
    shape = shape_of(pipeline, schema)
    return Plan("preview", pipeline, schema, root, str(staging), {}, shape=shape)


def members_of(pipeline: Pipeline, entries: list[Entry]) -> tuple[Member, ...]:
    """
    Return *entries* as the members of a batch, each whole.
    """
    files = (
        FileRef(number, pipeline.name, entry.path, entry.fingerprint)
        for number, entry in enumerate(entries, 1)
    )
    return tuple(Member(file, 0, file.fingerprint.size) for file in files)


def _chosen(
    pipeline: Pipeline, entries: list[Entry], scratch: Path
) -> tuple[str, list[Entry]]:
    """
    Return the first files that are not large; failing them, a short copy of the first.
    """
    root = pipeline.source.url
    filled = [e for e in entries if e.fingerprint.size]
    small = [e for e in filled if e.fingerprint.size <= _WHOLE_BYTES]
    if small or not filled:
        return root, small[:_FILES]
    first = filled[0]
    (member,) = members_of(pipeline, [first])
    try:
        head = raw_glimpse(root, member, _HEAD_BYTES, 0, pipeline.source.storage).head
    except Fault:
        return root, []
    quote = pipeline.csv.quote.encode() if pipeline.source.format == "csv" else b""
    end = head.rfind(b"\n") + 1
    # A record border, as far as the parity of quotes can tell.
    while end and quote and head.count(quote, 0, end) % 2:
        end = head.rfind(b"\n", 0, end - 1) + 1
    name = os.fsdecode(first.path)
    if not pipeline.source.path_names:
        name = "head-of-" + name.replace("/", "-")
    copy = scratch / name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(head[:end])
    seen = look(str(scratch), os.fsencode(name), leases=False)
    copies = [Entry(os.fsencode(name), seen.fingerprint)] if seen else []
    return str(scratch), copies


def _table(title: str, parts: tuple[Part, ...]) -> Table:
    heads: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for part in parts:
        with pq.ParquetFile(part.staged) as file:
            heads = tuple(escape(name) for name in file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=ROWS - len(rows)):
                columns = [batch.column(n).to_pylist() for n in range(len(heads))]
                rows += [tuple(map(_cell, row)) for row in zip(*columns, strict=True)]
                break
        if len(rows) >= ROWS:
            break
    return Table(title, heads, tuple(rows[:ROWS]))


def _cell(value: object) -> str:
    text = "null" if value is None else escape(str(value))
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
