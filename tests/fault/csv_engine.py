"""
A small engine for tests: honest about opening, counting, staging and fsync, and light.

It opens members as the real engines do, so vanished, changed and bad files come out the
same; it parses with the standard library, and starts no thread, so it survives fork.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway
from ingestd.model import Member, MemberResult, Outcome, Part, Schema, Unit
from ingestd.run.content import Content, header_line
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
from ingestd.run.rejects import Reject
from ingestd.run.sift import sift
from ingestd.run.text.mend import Misfit
from ingestd.run.text.sieve import Judge

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
        results, rows, rejects = [], list[Row](), list[Reject]()
        for member in unit.members:
            result, found, aside = _read(plan, member)
            results.append(result)
            rows += found
            rejects += aside
        made = UnitResult(unit.index, tuple(results), rejects=tuple(rejects))
        if plan.pipeline.aggregate is not None:
            partial = Partial(unit.index, {"groups": _groups(plan, rows)})
            return replace(made, partial=partial)
        return replace(made, parts=_row_parts(plan, unit.index, rows))

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


def _read(plan: Plan, member: Member) -> tuple[MemberResult, list[Row], list[Reject]]:
    try:
        content = open_content(plan, member)
        if content is None:
            return MemberResult(member.file.id, Outcome.READ), [], []
        try:
            rows = _sound(plan, content)
            content.unchanged()
        finally:
            content.close()
    except Fault as fault:
        return fault.result(member), [], []
    out, aside = len(rows), len(content.rejects)
    result = MemberResult(member.file.id, Outcome.READ, out + aside, out, aside)
    return result, rows, list(content.rejects)


def _sound(plan: Plan, content: Content) -> list[Row]:
    """
    Return the rows of *content*, read with care where a value does not fit.
    """
    try:
        return _rows(plan, content)
    except ValueError:
        sift(plan, content, Judge(lambda text: list(_misfits(plan, content, text))))
        return _rows(plan, content)


def _rows(plan: Plan, content: Content) -> list[Row]:
    text = header_line(content) + bytes(content.data or b"")
    types = dict(plan.schema.columns)
    return [
        {name: _PARSE[types[name]](value) for name, value in record.items()}
        for record in csv.DictReader(io.StringIO(text.decode()))
    ]


def _misfits(plan: Plan, content: Content, text: bytes) -> Iterator[Misfit]:
    types = dict(plan.schema.columns)
    for row, record in enumerate(csv.reader(io.StringIO(text.decode()))):
        for place, (name, value) in enumerate(zip(content.names, record, strict=True)):
            try:
                _PARSE[types[name]](value)
            except ValueError as error:
                yield Misfit(row, place, name, str(error))


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
