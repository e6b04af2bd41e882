"""
What a transform makes of files, as data: rows, what is set aside, what is left out; in
row mode and grouped.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import replace
from datetime import date, datetime

import pytest

from ingestd.errors import ConfigError, Reason
from ingestd.model import Member, Outcome, Unit
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    counts,
    frame_of,
    rows_of,
    undivided_fixture,
)

SCHEMA = {"ts": "timestamp", "device": "int64", "region": "string", "temp": "float64"}
HEAD = b"ts,device,region,temp\n"
TEXT = (
    HEAD
    + b"2026-01-31 10:15:00,1,n,1.5\n"
    + b"2026-01-31 10:45:00,2,s,2.5\n"
    + b"2026-01-31 11:00:00,0,n,-3.5\n"
    + b"2026-01-31 11:30:00,1,,\n"
)
TEN, ELEVEN = datetime(2026, 1, 31, 10), datetime(2026, 1, 31, 11)
HOUR = "date_trunc('hour', ts)"

# name: transform, the columns of the rows, the rows, how many are left out
ROWS = {
    "select": (
        {"select": ["temp", "device"]},
        [(1.5, 1), (2.5, 2), (-3.5, 0), (None, 1)],
        0,
    ),
    "where": (
        {"select": ["device"], "where": "device <> 0 and temp > -50"},
        [(1,), (2,)],
        2,
    ),
    "a condition that is null": (
        {"select": ["device"], "where": "temp > 0"},
        [(1,), (2,)],
        2,
    ),
    "where on a column that is not kept": (
        {"select": ["device"], "where": "region = 'n'"},
        [(1,), (0,)],
        2,
    ),
    "derive": (
        {"select": ["hour", "f"], "derive": {"hour": HOUR, "f": "temp * 2"}},
        [(TEN, 3.0), (TEN, 5.0), (ELEVEN, -7.0), (ELEVEN, None)],
        0,
    ),
    "derived columns stand behind the others": (
        {"where": "device = 2", "derive": {"d": "device + 1"}},
        [(datetime(2026, 1, 31, 10, 45), 2, "s", 2.5, 3)],
        3,
    ),
    "a constant": ({"select": ["one"], "derive": {"one": "1"}}, [(1,)] * 4, 0),
    "where on a derived column": (
        {
            "select": ["device"],
            "derive": {"hour": HOUR},
            "where": "extract(hour from hour) = 11",
        },
        [(0,), (1,)],
        2,
    ),
    "no row stays": ({"where": "device > 100"}, [], 4),
    "the last column alone": (
        {"select": ["temp"]},
        [(1.5,), (2.5,), (-3.5,), (None,)],
        0,
    ),
}


def bench_of(engine, folder, transform, policy="reject", **options) -> Bench:
    given = {"transform": transform, "drift": {"bad_row": policy}}
    return Bench(engine, folder, SCHEMA, given | options)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_rows(engine, tmp_path, name, packed):
    """
    The rows of two files, each counted for itself.
    """
    transform, expected, filtered = ROWS[name]
    bench = bench_of(engine, tmp_path, transform)
    text = gzip.compress(TEXT) if packed else TEXT
    rows, members = bench.rows(text, text)
    assert expected * 2 == rows
    assert [(4, 4 - filtered, 0, filtered)] * 2 == [counts(m) for m in members]


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_a_file_that_is_read_with_care(engine, tmp_path, name):
    """
    A bad row changes nothing of the others, wherever it stands.
    """
    transform, expected, filtered = ROWS[name]
    bench = bench_of(engine, tmp_path, transform)
    bad = b"2026-01-31 11:30:00,1\n"
    rows, members = bench.rows(TEXT, TEXT + bad, HEAD + bad)
    assert expected * 2 == rows
    assert [
        (4, 4 - filtered, 0, filtered),
        (5, 4 - filtered, 1, filtered),
        (1, 0, 1, 0),
    ] == [counts(m) for m in members]


def test_files_with_their_own_order_of_columns(engine, tmp_path):
    """
    Columns go by name, and one that a file lacks is null in expressions too.
    """
    transform = {"select": ["x"], "derive": {"x": "coalesce(region, 'none')"}}
    bench = bench_of(engine, tmp_path, transform)
    rows, _ = bench.rows(TEXT, b"device,region\n1,e\n", b"temp,device\n1.5,1\n")
    assert [("n",), ("s",), ("n",), ("none",), ("e",), ("none",)] == rows


HUNDRED = {"select": ["device", "x"], "derive": {"x": "100 // device"}}


def test_a_row_without_a_value_is_set_aside(engine, tmp_path):
    """
    With the derived column, its expression and the record; the others are read.
    """
    bench = bench_of(engine, tmp_path, HUNDRED)
    found = bench.read(bench.put("f.csv", TEXT), bench.put("g.csv", TEXT))
    assert [(1, 100), (2, 50), (1, 100)] * 2 == rows_of(found.parts)
    assert [(4, 3, 1, 0)] * 2 == [counts(m) for m in found.members]
    first, _ = found.rejects
    assert ((3, 4, "x", Reason.EXPRESSION_ERROR, "100 // device has no value")) == (
        first.record,
        first.line,
        first.column,
        first.reason,
        first.detail,
    )
    assert b"2026-01-31 11:00:00,0,n,-3.5" == first.raw


def test_a_condition_without_a_value_sets_aside(engine, tmp_path):
    """
    The condition has no column.
    """
    transform = {"select": ["device"], "where": "100 // device > 60"}
    bench = bench_of(engine, tmp_path, transform)
    found = bench.read(bench.put("f.csv", TEXT))
    assert [(1,), (1,)] == rows_of(found.parts)
    (result,) = found.members
    assert (4, 2, 1, 1) == counts(result)
    (reject,) = found.rejects
    assert ("", Reason.EXPRESSION_ERROR) == (reject.column, reject.reason)


def test_what_is_left_out_needs_no_value(engine, tmp_path):
    """
    Of a row that the condition leaves out no derived column is wanted.
    """
    bench = bench_of(engine, tmp_path, HUNDRED | {"where": "device <> 0"})
    found = bench.read(bench.put("f.csv", TEXT))
    assert [(1, 100), (2, 50), (1, 100)] == rows_of(found.parts)
    assert [(4, 3, 0, 1)] == [counts(m) for m in found.members]


def test_a_bad_value_is_no_filtered_row(engine, tmp_path):
    """
    A row is judged before it is filtered, so the counts do not hang on the filter.
    """
    bench = bench_of(engine, tmp_path, {"where": "device = 1"})
    bad = b"no time,7,n,1.5\n"
    _, (result,) = bench.rows(TEXT + bad)
    assert (5, 2, 1, 2) == counts(result)


def test_a_column_that_nothing_uses_is_not_converted(engine, tmp_path):
    """
    A value that is none of its type does no harm there.
    """
    bench = bench_of(engine, tmp_path, {"select": ["device"], "where": "device = 7"})
    _, (result,) = bench.rows(TEXT + b"no time,7,n,no number\n")
    assert (5, 1, 0, 4) == counts(result)


@pytest.mark.parametrize(
    "bad", [b"2026-01-31 11:30:00,7\n", b"2026-01-31 11:30:00,7,n,1,z\n"]
)
def test_a_record_of_another_length_is_set_aside(engine, tmp_path, bad):
    """
    Also where not all columns are parsed, so that the parser would not notice.
    """
    bench = bench_of(engine, tmp_path, {"select": ["ts", "device"]})
    _, (result,) = bench.rows(TEXT + bad)
    assert (5, 4, 1, 0) == counts(result)


def test_null_instead(engine, tmp_path):
    """
    bad_row = "null": an expression in error is null, and is told of.
    """
    bench = bench_of(engine, tmp_path, HUNDRED, policy="null")
    rows, (result,) = bench.rows(TEXT)
    assert [(1, 100), (2, 50), (0, None), (1, 100)] == rows
    assert (4, 4, 0, 0) == counts(result)
    assert "no value of an expression in 1 rows" == result.detail


def test_a_condition_that_is_null_instead(engine, tmp_path):
    """
    bad_row = "null": a condition in error keeps no row.
    """
    transform = {"select": ["device"], "where": "100 // device > 60"}
    bench = bench_of(engine, tmp_path, transform, policy="null")
    rows, (result,) = bench.rows(TEXT)
    assert [(1,), (1,)] == rows
    assert (4, 2, 0, 2) == counts(result)


def test_fail(engine, tmp_path):
    """
    bad_row = "fail": the file is set aside whole, the others are read.
    """
    bench = bench_of(engine, tmp_path, HUNDRED, policy="fail")
    rows, members = bench.rows(TEXT, HEAD + b"2026-01-31 10:15:00,4,n,1.5\n")
    assert [(4, 25)] == rows
    outcomes = [(m.outcome, m.reason) for m in members]
    quarantined = (Outcome.QUARANTINED, Reason.EXPRESSION_ERROR)
    assert [quarantined, (Outcome.READ, "")] == outcomes
    assert (
        "record 3 in line 4, column 'x': 100 // device has no value"
        in members[0].detail
    )


AGGREGATE = {
    "group_by": ["hour", "region"],
    "metrics": {
        "n": ["*", "count"],
        "f_sum": ["f", "sum"],
        "f_mean": ["f", "mean"],
        "d_max": ["device", "max"],
    },
}


def test_groups(engine, tmp_path):
    """
    Derived columns are keys and are measured; of rows that are left out nothing is.
    """
    transform = {"derive": {"hour": HOUR, "f": "temp * 2"}, "where": "device <> 0"}
    bench = bench_of(engine, tmp_path, transform, aggregate=AGGREGATE)
    groups = bench.groups([TEXT, TEXT], [TEXT])
    assert [
        (TEN, "n", 3, 9.0, 3.0, 1, 3),
        (TEN, "s", 3, 15.0, 5.0, 2, 3),
        (ELEVEN, None, 3, 0.0, None, 1, 3),
    ] == groups.rows()


def test_groups_with_bad_rows(engine, tmp_path):
    """
    What is set aside, left out and grouped adds up, file by file.
    """
    transform = {
        "derive": {"hour": HOUR, "f": "100 // device"},
        "where": "region <> 's'",
    }
    bench = bench_of(engine, tmp_path, transform, aggregate=AGGREGATE)
    bad = b"no time,1,n,1\n2026-01-31 10:00:00\n"
    found = bench.read(bench.put("a.csv", TEXT), bench.put("b.csv", TEXT + bad))
    assert [(4, 1, 1, 2), (6, 1, 3, 2)] == [counts(m) for m in found.members]
    rows = frame_of(bench.engine.combine(bench.plan, [found.partial])).rows()
    assert [(TEN, "n", 2, 200, 100.0, 1, 2)] == rows


def test_groups_of_nothing(engine, tmp_path):
    """
    Where no row stays there is no partial, and the counts say why.
    """
    transform = {"derive": {"hour": HOUR, "f": "temp"}, "where": "false"}
    bench = bench_of(engine, tmp_path, transform, aggregate=AGGREGATE)
    found = bench.read(bench.put("a.csv", TEXT))
    assert [(4, 0, 0, 4)] == [counts(m) for m in found.members]
    assert found.partial is None


def test_folders_of_a_derived_column(engine, tmp_path):
    """
    A derived column may name folders.
    """
    transform = {"derive": {"day": "cast(ts as date)"}, "select": ["device", "day"]}
    sink = {"url": str(tmp_path / "out"), "partition_by": ["day"]}
    bench = bench_of(engine, tmp_path, transform, sink=sink)
    found = bench.read(bench.put("a.csv", TEXT))
    (part,) = found.parts
    assert part.name.startswith("day=2026-01-31/")
    assert [(1,), (2,), (0,), (1,)] == rows_of(found.parts)


def test_lineage_of_rows_that_stay(engine, tmp_path):
    """
    A row keeps the number that it has in its file.
    """
    sink = {"url": str(tmp_path / "out"), "lineage_columns": True}
    transform = {"select": ["device"], "where": "device <> 2"}
    bench = bench_of(engine, tmp_path, transform, sink=sink)
    rows, _ = bench.rows(TEXT, TEXT)
    shown = [(row[0], row[1], row[2]) for row in rows]
    once = [(1, 1), (0, 3), (1, 4)]
    assert [(d, f"f{n}.csv", r) for n in (0, 1) for d, r in once] == shown


def test_rescued_beside_what_is_kept(engine, tmp_path):
    """
    Columns that the schema lacks are rescued, whatever the transform keeps.
    """
    transform = {"select": ["device"], "where": "device = 1"}
    drift = {"bad_row": "reject", "new_column": "rescue"}
    bench = bench_of(engine, tmp_path, transform, drift=drift)
    rows, _ = bench.rows(b"device,more\n1,x\n2,y\n")
    assert [(1, '{"more":"x"}')] == rows


def slices(bench, member: Member, size: int):
    """
    Read *member* in slices of *size* bytes, one after the other.
    """
    results, begin = [], None
    for index, start in enumerate(range(0, member.end, size)):
        cut = replace(member, start=start, end=min(start + size, member.end))
        unit = Unit(index, (cut,), begin)
        result = bench.engine.read_and_aggregate(bench.plan, unit)
        begin = result.piece.stop
        results.append(result)
    return results


@pytest.mark.parametrize("aggregate", [None, AGGREGATE], ids=["rows", "groups"])
def test_slices(engine, tmp_path, aggregate):
    """
    A file gives the same however it is cut, and each of its records is counted once.
    """
    line = b"2026-01-31 10:%02d:00,%d,n,%d.5\n"
    body = b"".join(line % (n % 60, n % 7, n) for n in range(400))
    transform = {"derive": {"hour": HOUR, "f": "100 // device"}, "where": "temp >= 100"}
    options = {"aggregate": aggregate} if aggregate else {}
    bench = bench_of(engine, tmp_path, transform, **options)
    member = bench.put("f.csv", HEAD + body)
    whole = bench.read(member)
    cut = slices(bench, member, 3000)
    members = [m for result in cut for m in result.members]
    sums = tuple(map(sum, zip(*(counts(m) for m in members), strict=True)))
    assert counts(whole.members[0]) == sums
    assert (400, 257, 43, 100) == sums
    if aggregate:
        partials = [result.partial for result in cut if result.partial]
        both = [
            bench.engine.combine(bench.plan, p) for p in ([whole.partial], partials)
        ]
    else:
        both = [whole.parts, [part for result in cut for part in result.parts]]
        both[1] = [replace(p, name=f"{n:03d}") for n, p in enumerate(both[1])]
    one, other = map(frame_of, both)
    assert one.equals(other)


def test_float_sums_do_not_hang_on_the_units(engine, tmp_path):
    """
    Derived floats are added as exactly as those of files.
    """
    transform = {"derive": {"hour": HOUR, "f": "temp * 1e16"}}
    texts = [
        HEAD + b"2026-01-31 10:15:00,1,n,%s\n" % t for t in (b"1", b"1e-16", b"-1")
    ]
    bench = bench_of(engine, tmp_path, transform, aggregate=AGGREGATE)
    assert [1.0] == bench.groups(*([text] for text in texts))["f_sum"].to_list()


def test_an_all_null_column_is_null_in_expressions(engine, tmp_path):
    """
    And a value in it asks for a type first, instead of being taken for null.
    """
    bench = bench_of(
        engine,
        tmp_path,
        {"select": ["device", "x"], "derive": {"x": "coalesce(temp, 1.5)"}},
    )
    bench.schema = SCHEMA | {"temp": "null"}
    rows, _ = bench.rows(HEAD + b"2026-01-31 10:15:00,1,n,\n")
    assert [(1, 1.5)] == [(d, float(x)) for d, x in rows]
    found = bench.read(bench.put("f.csv", TEXT))
    assert {"temp": ("1.5", "2.5", "-3.5")} == found.outgrown


def test_a_column_that_is_not_there(engine, tmp_path):
    """
    A schema that was inferred is checked as a declared one is, before anything is read.
    """
    bench = bench_of(engine, tmp_path, {"where": "tmep > 1"})
    with pytest.raises(ConfigError, match="did you mean 'temp'"):
        bench.read(bench.put("f.csv", TEXT))


SITES = r"(?P<site>[^/]+)/(?P<day>\d{8})_.*\.csv"
DATES = {"date_formats": ["%Y%m%d"]}


def path_bench(engine, folder, **options) -> Bench:
    given = {
        "source": {"url": str(folder / "in"), "path_columns": SITES, "recursive": True},
        "csv": DATES,
    }
    bench = Bench(engine, folder, {"device": "int64", "day": "date"}, given | options)
    for site in ("a", "b"):
        (bench.root / site).mkdir(exist_ok=True)
    return bench


def test_columns_of_the_path(engine, tmp_path):
    """
    Each row has those of its file, typed by the schema, text where it says nothing.
    """
    bench = path_bench(engine, tmp_path)
    files = [
        bench.put(name, b"device\n1\n2\n")
        for name in ("a/20260131_x.csv", "a/20260201_x.csv", "b/20260131_x.csv")
    ]
    found = bench.read(*files)
    first, second = date(2026, 1, 31), date(2026, 2, 1)
    assert [
        (device, day, site)
        for day, site in ((first, "a"), (second, "a"), (first, "b"))
        for device in (1, 2)
    ] == rows_of(found.parts)


def test_columns_of_the_path_in_expressions_and_groups(engine, tmp_path):
    """
    They are keys and operands like others, of one file and of many.
    """
    transform = {"derive": {"key": "concat(site, '-', device)"}, "where": "site <> 'c'"}
    aggregate = {"group_by": ["key", "day"], "metrics": {"n": ["*", "count"]}}
    bench = path_bench(engine, tmp_path, transform=transform, aggregate=aggregate)
    (bench.root / "c").mkdir()
    names = (
        "a/20260131_x.csv",
        "a/20260201_x.csv",
        "b/20260131_x.csv",
        "c/20260131_x.csv",
    )
    files = [bench.put(name, b"device\n1\n2\n") for name in names]
    found = bench.read(*files)
    assert [0, 0, 0, 2] == [m.rows_filtered for m in found.members]
    alone = bench.read(files[0], unit=1)
    partials = [found.partial, alone.partial]
    rows = frame_of(bench.engine.combine(bench.plan, partials)).rows()
    first, second = date(2026, 1, 31), date(2026, 2, 1)
    assert [
        ("a-1", first, 2, 2),
        ("a-1", second, 1, 1),
        ("a-2", first, 2, 2),
        ("a-2", second, 1, 1),
        ("b-1", first, 1, 1),
        ("b-2", first, 1, 1),
    ] == rows


def test_folders_by_a_column_of_the_path(engine, tmp_path):
    """
    The files of one place land in one folder, whatever their number.
    """
    sink = {"url": str(tmp_path / "out"), "partition_by": ["site"]}
    bench = path_bench(engine, tmp_path, sink=sink)
    names = ("a/20260131_x.csv", "a/20260201_x.csv", "b/20260131_x.csv")
    found = bench.read(*(bench.put(name, b"device\n1\n") for name in names))
    rows = {part.name.split("/")[0]: part.rows for part in found.parts}
    assert {"site=a": 2, "site=b": 1} == rows


def test_bad_rows_beside_columns_of_the_path(engine, tmp_path):
    """
    A file that is read with care has the values of its own path.
    """
    transform = {"derive": {"x": "cast(site as int) // device"}}
    drift = {"bad_row": "reject"}
    bench = path_bench(engine, tmp_path, transform=transform, drift=drift)
    for site in ("7", "8"):
        (bench.root / site).mkdir()
    text = b"device\n1\n0\nx\n2\n"
    found = bench.read(
        bench.put("7/20260131_x.csv", text), bench.put("8/20260131_x.csv", text)
    )
    day = date(2026, 1, 31)
    assert [
        (1, day, "7", 7),
        (2, day, "7", 3),
        (1, day, "8", 8),
        (2, day, "8", 4),
    ] == rows_of(found.parts)
    reasons = [reject.reason for reject in found.rejects]
    assert [Reason.EXPRESSION_ERROR, Reason.BAD_VALUE] * 2 == reasons


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"x.csv", "the path 'x.csv' does not match source.path_columns"),
        (b"a/20260231_x.csv", "'day' the value '20260231', which is no date"),
        (b"\xff/20260131_x.csv", "the path \\xff/20260131_x.csv is no UTF-8"),
    ],
)
def test_a_path_that_does_not_match(engine, tmp_path, name, said):
    """
    Its file is set aside, nothing is guessed, and the others are read.
    """
    bench = path_bench(engine, tmp_path)
    if b"\xff" in name:
        (bench.root / os.fsdecode(b"\xff")).mkdir()
    wrong = bench.put(name, b"device\n1\n")
    found = bench.read(wrong, bench.put("b/20260131_x.csv", b"device\n1\n"))
    (fault,) = (m for m in found.members if m.reason)
    assert Reason.PATH_MISMATCH == fault.reason
    assert said in fault.detail
    assert [(1, date(2026, 1, 31), "b")] == rows_of(found.parts)


def test_hive_folders(engine, tmp_path):
    """
    Folders key=value, percent-encoded as our own; in any order, null as hive has it.
    """
    source = {
        "url": str(tmp_path / "in"),
        "hive_columns": ["site", "day"],
        "recursive": True,
    }
    bench = path_bench(engine, tmp_path, source=source)
    files = []
    for folder in (
        "site=a%2Fb/day=20260131",
        "day=20260201/more/site=a",
        "site=__HIVE_DEFAULT_PARTITION__/day=20260131",
    ):
        (bench.root / folder).mkdir(parents=True)
        files.append(bench.put(f"{folder}/x.csv", b"device\n1\n"))
    found = bench.read(*files)
    first, second = date(2026, 1, 31), date(2026, 2, 1)
    assert {(1, first, "a/b"), (1, second, "a"), (1, first, None)} == set(
        rows_of(found.parts)
    )
    wrong = bench.read(bench.put("a/x.csv", b"device\n1\n"))
    assert "the path 'a/x.csv' has no folder site=…" == wrong.members[0].detail


@pytest.mark.parametrize("policy", ["ignore", "rescue"])
def test_a_column_of_the_file_with_the_name_of_the_path(engine, tmp_path, policy):
    """
    The path's value holds; the file's column is one that the schema lacks.
    """
    drift = {"bad_row": "reject", "new_column": policy}
    bench = path_bench(engine, tmp_path, drift=drift)
    found = bench.read(bench.put("a/20260131_x.csv", b"device,site\n1,z\n"))
    (row,) = rows_of(found.parts)
    assert (1, date(2026, 1, 31), "a") == row[:3]
    assert (('{"site":"z"}',) if policy == "rescue" else ()) == row[3:]
    assert "'site'" in found.members[0].detail


def test_inferred_beside_columns_of_the_path(engine, tmp_path):
    """
    A schema is inferred from what the files have; a column of the path is none.
    """
    bench = path_bench(engine, tmp_path)
    member = bench.put("a/20260131_x.csv", b"device,site\n1,z\n")
    pipeline = bench.plan.pipeline.model_copy(update={"schema_": None})
    found = bench.engine.infer(pipeline, str(bench.root), (member,))
    assert (("device", "int64"),) == found.columns


def test_a_column_is_added_beside_those_of_the_path(engine, tmp_path):
    """
    Under "add" the columns of the path keep their place, and are not looked for.
    """
    drift = {"new_column": "add", "missing_column": "fail"}
    bench = path_bench(engine, tmp_path, drift=drift)
    member = bench.put("a/20260131_x.csv", b"device,more\n1,z\n")
    plan = bench.plan
    found = bench.read(member)
    assert {"more": ("z",)} == found.outgrown
    schema = bench.engine.infer(
        plan.pipeline, plan.root, (member,), plan.schema, found.outgrown
    )
    assert (("device", "int64"), ("day", "date"), ("more", "string")) == schema.columns
