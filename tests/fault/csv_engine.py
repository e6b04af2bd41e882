"""
A small engine for tests: honest about opening, counting, staging and fsync, and light.

It opens members as the real engines do, so vanished, changed and bad files come out the
same; it parses with the standard library, and starts no thread, so it survives fork.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway, Reason
from ingestd.model import Member, MemberResult, Outcome, Part, Schema, Unit
from ingestd.run.content import header_line
from ingestd.run.engine import Partial, Plan, UnitResult, Values
from ingestd.run.faults import Fault
from ingestd.run.opening import open_content
from ingestd.run.parts import (
    ROWS_IN,
    UNKNOWN_ROWS,
    check_staging,
    finish_part,
    part_name,
)

TYPES = {"id": "int64", "day": "string", "device": "string", "value": "int64"}
_ARROW = {"int64": pa.int64(), "string": pa.string()}
_PARSE: dict[str, Callable[[str], object]] = {"int64": int, "string": str}

Row = dict[str, object]


@dataclass(slots=True)
class CsvEngine:
    """
    *before* is called with each unit that is about to be read, and may raise.
    """

    name: str = "polars"
    before: Callable[[Plan, Unit], None] = lambda _plan, _unit: None

    def infer(
        self,
        pipeline: Pipeline,
        root: str,
        members: tuple[Member, ...],
        known: Schema | None = None,
        values: Values | None = None,
    ) -> Schema:
        """
        Return the schema of every file here.
        """
        del pipeline, root, members, values
        return known or Schema(tuple(TYPES.items()), source="inferred")

    def read_and_aggregate(self, plan: Plan, unit: Unit) -> UnitResult:
        """
        Read *unit* into parts, one for each partition, or into a partial.
        """
        self.before(plan, unit)
        results, rows = [], []
        for member in unit.members:
            result, found = _read(plan, member)
            results.append(result)
            rows += found
        if plan.pipeline.aggregate is not None:
            partial = Partial(unit.index, {"groups": _groups(plan, rows)})
            return UnitResult(unit.index, tuple(results), partial=partial)
        parts = _row_parts(plan, unit.index, rows)
        return UnitResult(unit.index, tuple(results), parts=parts)

    def combine(self, plan: Plan, partials: list[Partial]) -> tuple[Part, ...]:
        """
        Add the groups of *partials* up into one part.
        """
        rows = [r for p in partials for r in p.tables["groups"].to_pylist()]
        if not rows:
            return ()
        table = pa.Table.from_pylist(_added(plan, rows))
        behind = sum(table["_rows"].to_pylist())
        return (_write(plan, table, part_name(plan, 0, 0, []), behind),)


def _read(plan: Plan, member: Member) -> tuple[MemberResult, list[Row]]:
    try:
        content = open_content(plan, member)
        if content is None:
            return MemberResult(member.file.id, Outcome.READ), []
        try:
            text = header_line(content) + bytes(content.data or b"")
            rows = _rows(plan, text)
            content.unchanged()
        finally:
            content.close()
    except Fault as fault:
        return fault.result(member), []
    return MemberResult(member.file.id, Outcome.READ, len(rows), len(rows)), rows


def _rows(plan: Plan, data: bytes) -> list[Row]:
    types = dict(plan.schema.columns)
    try:
        return [
            {name: _PARSE[types[name]](text) for name, text in record.items()}
            for record in csv.DictReader(io.StringIO(data.decode()))
        ]
    except ValueError as error:
        raise Fault(Reason.BAD_VALUE, str(error)) from error


def _row_parts(plan: Plan, unit: int, rows: list[Row]) -> tuple[Part, ...]:
    keys = plan.pipeline.sink.partition_by
    columns = [(n, t) for n, t in plan.schema.columns if n not in keys]
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns])
    by_key = defaultdict(list)
    for row in rows:
        by_key[tuple((key, str(row[key])) for key in keys)].append(row)
    parts = []
    for index, (place, found) in enumerate(sorted(by_key.items())):
        table = pa.Table.from_pylist(found, schema=schema)
        parts.append(_write(plan, table, part_name(plan, unit, index, [*place]), None))
    return tuple(parts)


def _groups(plan: Plan, rows: list[Row]) -> pa.Table:
    ones = [{**row, "n": 1, "total": row["value"], "_rows": 1} for row in rows]
    return pa.Table.from_pylist(_added(plan, ones))


def _added(plan: Plan, rows: list[Row]) -> list[Row]:
    assert plan.pipeline.aggregate is not None
    keys = plan.pipeline.aggregate.group_by
    sums: dict[tuple[object, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        into = sums[tuple(row[key] for key in keys)]
        for place, name in enumerate(("n", "total", "_rows")):
            into[place] += int(str(row[name]))
    return [
        {**dict(zip(keys, key, strict=True)), "n": n, "total": total, "_rows": behind}
        for key, (n, total, behind) in sorted(sums.items())
    ]


def _write(plan: Plan, table: pa.Table, name: str, behind: int | None) -> Part:
    check_staging(plan)
    path = Path(plan.staging, name)
    metadata = {**plan.metadata, ROWS_IN: UNKNOWN_ROWS}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.replace_schema_metadata(metadata), path)
    except OSError as error:
        raise ComponentAway("disk", f"write to {plan.staging}: {error}") from error
    return finish_part(plan, name, path, rows_in=behind)
