"""
What becomes of a file whose columns are not those of the schema.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ingestd.errors import Reason
from ingestd.model import UNTYPED, Outcome, Schema, Unit
from ingestd.run.member_text import SMALL_BYTES
from tests.conformance.drift_cases import ABC, CASES, Case
from tests.conformance.engine_kit import (  # noqa: F401 - a fixture
    Bench,
    engine_fixture,
    frame_of,
    rows_of,
)

_DOCUMENT = Path(__file__).parents[2] / "docs" / "drift.md"
_CASES = pytest.mark.parametrize("case", CASES, ids=lambda case: " | ".join(case.row))
_LARGE = SMALL_BYTES // 8
"""Records of 10 bytes that are more than is read into memory."""


def bench_of(engine, folder, schema, **options) -> Bench:
    return Bench(engine, folder, dict(schema), options)


def read(bench: Bench, *members, unit: int = 0):
    """
    Read *members*; as the daemon does it, again with what they ask for.
    """
    found = bench.read(*members, unit=unit)
    while found.outgrown:
        assert ((), ()) == (found.members, found.parts)
        assert None is found.partial
        asked = survey(bench, *members, values=found.outgrown)
        assert bench.schema != dict(asked.columns)
        bench.schema = dict(asked.columns)
        found = bench.read(*members, unit=unit)
    return found


def survey(bench: Bench, *members, values=None) -> Schema:
    plan = bench.plan
    return bench.engine.infer(plan.pipeline, plan.root, members, plan.schema, values)


def output(bench: Bench, found) -> list[dict[str, object]]:
    parts = found.parts
    if found.partial is not None:
        parts = bench.engine.combine(bench.plan, [found.partial])
    return [
        {k: v.isoformat() if isinstance(v, dt.date) else v for k, v in row.items()}
        for row in frame_of(parts).to_dicts()
    ]


@_CASES
def test_the_decision_table(engine, tmp_path, case):
    """
    Each drift under each setting has its row in docs/drift.md, and comes to that.
    """
    bench = bench_of(engine, tmp_path, case.schema, **case.options)
    member = bench.put("f.csv", case.content)

    found = read(bench, member)

    assert (case.widened or case.schema) == bench.schema
    rows = output(bench, found)
    assert [list(row) for row in case.rows] == [list(row) for row in rows]
    assert list(case.rows) == rows
    (result,) = found.members
    assert str(case.reason) == str(result.reason)
    if case.reason:
        assert Outcome.QUARANTINED is result.outcome
    else:
        assert (Outcome.READ, case.note) == (result.outcome, result.detail)
        records = case.content.count(b"\n") - 1 - case.content.count(b'\n"')
        assert (records, records, 0) == (
            result.rows_in,
            result.rows_out,
            result.rows_rejected,
        )


def test_the_document_has_the_table_that_is_tested():
    """
    docs/drift.md: the same rows, in the same order, to the letter.
    """
    lines = _DOCUMENT.read_text("utf-8").splitlines()
    rows = [tuple(map(str.strip, line.strip("|").split("|"))) for line in lines]
    start = rows.index(("The file has", "Setting", "What happens")) + 2

    assert [case.row for case in CASES] == rows[start : start + len(CASES)]
    assert "" == lines[start + len(CASES)]


@_CASES
def test_a_neighbour_is_read_as_ever(engine, tmp_path, case: Case):
    """
    Whatever becomes of the file, others of its unit are read, into the same columns.
    """
    bench = bench_of(engine, tmp_path, case.schema, **case.options)
    header = bench.options.get("csv", {}).get("header", True)
    values = ("" if kind == UNTYPED else "1" for kind in case.schema.values())
    names = f"{','.join(case.schema)}\n" if header else ""
    usual = f"{names}{','.join(values)}\n".encode()
    member = bench.put("f.csv", case.content)
    neighbours = bench.put("a.csv", usual), bench.put("z.csv", usual)

    found = read(bench, member, *neighbours)

    results = {result.file_id: result for result in found.members}
    assert [Outcome.READ] * 2 == [results[m.file.id].outcome for m in neighbours]
    assert [1, 1] == [results[m.file.id].rows_out for m in neighbours]
    if found.partial is None:
        heads = {tuple(pl.read_parquet_schema(part.staged)) for part in found.parts}
        assert 1 == len(heads)


@pytest.mark.parametrize("new_column", ["ignore", "rescue"])
@pytest.mark.parametrize("records", [1, _LARGE])
def test_a_long_and_a_short_record_are_found_beside_a_left_out_column(
    engine, tmp_path, new_column, records
):
    """
    Their fields add up to the right number; the parser must see every field to tell.
    """
    drift = {"new_column": new_column, "bad_row": "reject"}
    bench = bench_of(engine, tmp_path, {"a": "int64"}, drift=drift)
    sound = b"1,2.5,xyz\n" * records
    member = bench.put("f.csv", b"a,b,c\n" + sound + b"1,2.5,x,y\n1,2.5\n" + sound)

    found = bench.read(member)

    reasons = [reject.reason for reject in found.rejects]
    assert [Reason.TOO_MANY_FIELDS, Reason.TOO_FEW_FIELDS] == reasons
    assert 2 * records == found.members[0].rows_out


def test_groups_see_every_record_beside_a_missing_and_a_new_column(engine, tmp_path):
    """
    As many columns are used as the file has; not all of them are its own.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64", "m": "int64"},
        drift={"bad_row": "reject"},
        aggregate={"group_by": ["a"], "metrics": {"s": ["m", "sum"]}},
    )

    found = bench.read(bench.put("f.csv", b"a,b\n1,2\n1,2,3\n1\n"))

    assert (1, 2) == (found.members[0].rows_out, found.members[0].rows_rejected)
    assert [{"a": 1, "s": 0, "_rows": 1}] == output(bench, found)


@pytest.mark.parametrize("records", [1, _LARGE])
@pytest.mark.parametrize("aggregate", [False, True])
def test_names_that_the_header_does_not_have(engine, tmp_path, records, aggregate):
    """
    Columns go by their place, in small files and in large ones.
    """
    schema = {'q"q': "int64", "a": "int64", "a_2": "int64", "column_4": "int64"}
    options = {"drift": {"duplicate_column": "rename"}}
    if aggregate:
        metrics = {name: [name, "sum"] for name in ("a", "a_2", "column_4")}
        options["aggregate"] = {"group_by": ['q"q'], "metrics": metrics}
    bench = bench_of(engine, tmp_path, schema, **options)
    member = bench.put("f.csv", b'"q""q",a,a,\n' + b"1,20,30,40\n" * records)

    (row, *more) = output(bench, bench.read(member))

    times = records if aggregate else 1
    assert [1, 20 * times, 30 * times, 40 * times] == list(row.values())[:4]
    assert len(more) == (0 if aggregate else records - 1)


@pytest.mark.parametrize("records", [1, _LARGE])
@pytest.mark.parametrize("grouped", ["", "key", "metric"])
@pytest.mark.parametrize("other", [b"", b"x,\n", b"1,2,3\n", b"x,8\n"])
def test_a_value_without_a_type_is_never_dropped(
    engine, tmp_path, records, grouped, other
):
    """
    In rows and in groups, in the midst of a large file, and beside a bad row: it is
    asked for a place in the schema, whether the output has the column or not.
    """
    options = {"drift": {"bad_row": "reject"}}
    if grouped:
        keys, column = (["a", "d"], "a") if grouped == "key" else (["a"], "d")
        metrics = {"s": [column, "sum"]}
        options["aggregate"] = {"group_by": keys, "metrics": metrics}
    bench = bench_of(engine, tmp_path, {"a": "int64", "d": UNTYPED}, **options)
    null = b"1,\n" * 2 * records
    member = bench.put("f.csv", b"a,d\n" + null + b"1,7\n" + other + null)

    first = bench.read(member)
    found = read(bench, member)

    assert {"d"} == set(first.outgrown)
    assert "7" in first.outgrown["d"]
    assert {"a": "int64", "d": "int64"} == bench.schema
    (result,) = found.members
    assert 4 * records + 1 == result.rows_out
    assert bool(other) == result.rows_rejected
    rows = output(bench, found)
    if not grouped:
        assert [7] == [row["d"] for row in rows if row["d"] is not None]
    elif grouped == "key":
        assert {7: 1, None: 4 * records} == {row["d"]: row["_rows"] for row in rows}
    else:
        assert [7] == [row["s"] for row in rows]


def test_rows_are_kept_while_no_column_has_a_type(engine, tmp_path):
    """
    A Parquet file without columns has no rows, and so the columns are written as text.
    """
    bench = bench_of(engine, tmp_path, {"a": UNTYPED, "b": UNTYPED})

    found = bench.read(bench.put("f.csv", b"a,b\n,\n,\n"))

    assert [(None, None)] * 2 == frame_of(found.parts).rows()
    assert 2 == found.members[0].rows_out


@pytest.mark.parametrize("aggregate", [None, {"group_by": ["a", "d"], "metrics": {}}])
def test_a_folder_may_be_named_by_a_column_without_a_type(engine, tmp_path, aggregate):
    """
    Its rows are in the folder of null.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64", "d": UNTYPED},
        aggregate=aggregate,
        sink={"url": str(tmp_path / "out"), "partition_by": ["d"]},
    )

    found = bench.read(bench.put("f.csv", b"a,d\n1,\n2,\n"))

    parts = found.parts or bench.engine.combine(bench.plan, [found.partial])
    assert ["d=__HIVE_DEFAULT_PARTITION__"] == [p.name.split("/")[0] for p in parts]
    assert [1, 2] == frame_of(parts)["a"].to_list()


@pytest.mark.parametrize("inline_bytes", [8 << 20, 0])
def test_groups_without_a_key_that_has_a_type(engine, tmp_path, inline_bytes):
    """
    All rows are one group, over all units, spilled or not.
    """
    metrics = {"n": ["*", "count"], "u": ["d", "n_unique"], "q": ["d", "median"]}
    metrics |= {f: ["d", f] for f in ("sum", "min", "max", "first", "last", "var")}
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64", "k": UNTYPED, "d": UNTYPED},
        aggregate={"group_by": ["k"], "metrics": metrics},
    )
    bench.inline_bytes = inline_bytes
    content = b"a,k,d\n1,,\n2,,\n"

    rows = bench.groups([content, content], [content]).to_dicts()

    assert [{"n": 6, "u": 0, "q": None, "var": None, "_rows": 6}] == rows


@pytest.mark.parametrize("nulls", [["", "NA"], ["NA"], []])
def test_only_what_is_not_empty_is_rescued(engine, tmp_path, nulls):
    """
    Null markers as the configuration has them, whether the reader was told or not.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "float64"},
        drift={"new_column": "rescue"},
        csv={"nulls": nulls},
    )
    content = b"a,x,y\n1,NA,2\n2,,\n3,0,\n"
    if "" in nulls:
        content += b"NA,NA,NA\n"  # the reader must be told, for this number's sake

    rows = output(bench, bench.read(bench.put("f.csv", content)))

    marked = "NA" not in nulls
    assert [
        {"y": "2"} if not marked else {"x": "NA", "y": "2"},
        None,
        {"x": "0"},
    ] == [json.loads(row["_rescued"] or "null") for row in rows][:3]
    assert all(row["_rescued"] is None for row in rows[3:])


def test_the_first_schema_has_all_columns_where_they_may_be_added(engine, tmp_path):
    """
    Those of every file of the batch, in order of appearance; without "add" the first
    file's.
    """
    contents = {"a.csv": b"a,b\n1,2\n", "b.csv": b"c,A\nx,2.5\n", "c.csv": b"q\n1\n"}
    found = {}
    for new_column in ("add", "ignore", "fail"):
        bench = bench_of(
            engine, tmp_path / new_column, ABC, drift={"new_column": new_column}
        )
        members = tuple(bench.put(*item) for item in contents.items())
        schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, members)
        assert ("inferred", 0) == (schema.source, schema.version)
        found[new_column] = dict(schema.columns)

    assert {"a": "float64", "b": "int64", "c": "string"} == found["add"]
    assert {"a": "float64", "b": "int64"} == found["ignore"]
    # The second file will be quarantined: its values say nothing.
    assert {"a": "int64", "b": "int64"} == found["fail"]


def test_what_cannot_be_read_adds_nothing(engine, tmp_path):
    """
    A damaged file, one with no column of the schema, and reserved names.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64"},
        drift={"new_column": "add"},
        sink={"url": str(tmp_path / "out"), "lineage_columns": True},
    )
    members = (
        bench.put("a.csv", "a,x\n1,2\n".encode("utf-16")),
        bench.put("b.csv", b"b,c\n1,2\n"),
        bench.put("c.csv", b"a,_file,_record,_batch\n1,2,3,4\n"),
        bench.put("d.csv", b""),
    )
    known = bench.plan.schema

    assert known is bench.engine.infer(
        bench.plan.pipeline, bench.plan.root, members, known
    )


@pytest.mark.parametrize("aggregate", [None, {"group_by": ["a"], "metrics": {}}])
def test_a_column_that_may_be_added_is_asked_for(engine, tmp_path, aggregate):
    """
    With some of its values, which say more than the heads and tails of large files.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64", "n": UNTYPED},
        drift={"new_column": "add"},
        aggregate=aggregate,
    )
    member = bench.put("f.csv", b"a,b,c,n\n1,2,,\n2,NA,,5\n")

    found = bench.read(member)

    assert {"b": ("2",), "c": (), "n": ("5",)} == found.outgrown
    assert ((), (), None) == (found.members, found.parts, found.partial)
    plan, gone = bench.plan, bench.put("g.csv", b"")
    asked = engine.infer(plan.pipeline, plan.root, (gone,), plan.schema, found.outgrown)
    expected = {"a": "int64", "n": "int64", "b": "int64", "c": UNTYPED}
    assert (expected, 0) == (dict(asked.columns), asked.version)


def test_only_what_is_used_is_asked_for(engine, tmp_path):
    """
    An aggregate reads few columns; the type of others is nothing to it.
    """
    aggregate = {"group_by": ["a"], "metrics": {}}
    schema = {"a": "int64", "b": "int64", "n": UNTYPED}
    bench = bench_of(engine, tmp_path, schema, aggregate=aggregate)

    found = bench.read(bench.put("f.csv", b"a,b,n\n1,2,3\n1,2\n1,2,3,4\n2,2,3\n"))

    assert {} == found.outgrown


def test_a_file_without_a_header_has_the_columns_that_no_file_added(engine, tmp_path):
    """
    What was added while files had headers is null in one that has none.
    """
    bench = bench_of(engine, tmp_path, {}, csv={"header": False})
    columns = (("a", "int64"), ("b", "int64"), ("c", "int64"))
    plan = replace(bench.plan, schema=Schema(columns, 2, "added", ("b",)))

    found = engine.read_and_aggregate(plan, Unit(0, (bench.put("f.csv", b"1,3\n"),)))

    assert [(1, None, 3)] == rows_of(found.parts)


def test_every_header_is_looked_at(engine, tmp_path, monkeypatch):
    """
    Values are sampled where files are many; columns never are.
    """
    monkeypatch.setattr("ingestd.run.engines.polars.infer.MAX_FILES", 2)
    bench = bench_of(engine, tmp_path, {"a": "int64"}, drift={"new_column": "add"})
    members = [bench.put(f"{n}.csv", b"a,c%d\n1,2.5\n" % n) for n in range(9)]

    found = survey(bench, *members, values={"c0": ("1",)})

    assert ("a", *(f"c{n}" for n in range(9))) == found.names


def test_parts_of_different_versions_are_read_together(engine, tmp_path):
    """
    DuckDB and Polars, as docs/drift.md advises: nulls where a part has no column.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"a": "int64", "n": UNTYPED},
        drift={"new_column": "add"},
    )
    folder = tmp_path / "staging"
    for unit, content in enumerate((b"a,n\n1,\n", b"a,n,b\n2,5,x\n", b"a\n3\n")):
        member = bench.put(f"{unit}.csv", content)
        read(bench, member, unit=unit)
    newest = {"a": pl.Int64, "n": pl.Int64, "b": pl.String}
    expected = [(1, None, None), (2, 5, "x"), (3, None, None)]

    files = f"{folder}/*.parquet"
    query = f"select * from read_parquet('{files}', union_by_name = true) order by a"
    assert expected == duckdb.sql(query).fetchall()
    scanned = pl.scan_parquet(folder, schema=newest, missing_columns="insert")
    assert expected == scanned.sort("a").collect().rows()
    early = pl.scan_parquet(folder, missing_columns="insert", extra_columns="ignore")
    assert [(1,), (2,), (3,)] == early.sort("a").collect().rows()
