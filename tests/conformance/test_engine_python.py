"""
What the user's own function makes of files, as data: rows, counts, and what becomes of
a file for which it fails.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from ingestd.errors import ComponentAway, ConfigError, Reason
from ingestd.model import Outcome
from tests.conformance import own_functions
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    counts,
    frame_of,
    rows_of,
    undivided_fixture,
)
from tests.conformance.test_engine_transform import slices

SCHEMA = {"device": "int64", "region": "string", "temp": "float64"}
HEAD = b"device,region,temp\n"
TEXT = HEAD + b"1,n,1.5\n2,s,2.5\n0,n,-3.5\n4,,\n"
KEPT = {"select": ["device", "temp"]}
SCORE = {"python_columns": {"score": "float64"}}
MODULE = "tests.conformance.own_functions"

# name: function, the rest of the transform, the rows, how many are left out
ROWS = {
    "a column": (
        "scored",
        KEPT | SCORE,
        [(1, 1.5, 1.5), (2, 2.5, 5.0), (0, -3.5, -0.0), (4, None, None)],
        0,
    ),
    "after where and derive": (
        "scored",
        {"select": ["device", "temp"], "where": "device <> 0"}
        | {"derive": {"d": "device * 2"}}
        | SCORE,
        [(1, 1.5, 1.5), (2, 2.5, 5.0), (4, None, None)],
        1,
    ),
    "fewer rows": ("without_nulls", KEPT, [(1, 1.5), (2, 2.5), (0, -3.5)], 1),
    "fewer rows twice": (
        "without_nulls",
        KEPT | {"where": "device <> 0"},
        [(1, 1.5), (2, 2.5)],
        2,
    ),
    "no rows": ("nothing", KEPT, [], 4),
    "not called for no rows": ("no_frame", KEPT | {"where": "false"}, [], 4),
    "another order": (
        "backwards",
        KEPT,
        [(4, None), (0, -3.5), (2, 2.5), (1, 1.5)],
        0,
    ),
    "another type": (
        "as_text",
        KEPT | {"python_columns": {"device": "string"}},
        [("d1", 1.5), ("d2", 2.5), ("d0", -3.5), ("d4", None)],
        0,
    ),
    "nulls": (
        "all_null",
        {"select": ["device"]} | SCORE,
        [(1, None), (2, None), (0, None), (4, None)],
        0,
    ),
    "a file at a time": (
        "file_height",
        {"select": ["device"]} | SCORE,
        [(1, 4.0), (2, 4.0), (0, 4.0), (4, 4.0)],
        0,
    ),
}

# name: function, the rest of the transform, the beginning of the detail
FAILS = {
    "raises": (
        "no_zero",
        KEPT,
        "raised ValueError: device \\udcff 0 is the test device",
    ),
    "exits": ("leaves", KEPT, "raised SystemExit: 4 rows are enough"),
    "without end": ("deep", KEPT, "raised RecursionError: maximum recursion depth"),
    "no such column": (
        "scored",
        {"select": ["device"]} | SCORE,
        "raised polars.exceptions.ColumnNotFoundError: ",
    ),
    "no frame": ("no_frame", KEPT, "gave a builtins.int; expected a polars.DataFrame"),
    "a lazy frame": (
        "lazy",
        KEPT,
        "gave a polars.lazyframe.frame.LazyFrame; expected a polars.DataFrame",
    ),
    "more rows": (
        "doubled",
        KEPT,
        "gave 8 rows of 4; it may leave rows out, and add none",
    ),
    "a column too few": ("one_less", KEPT, "gave no column 'temp'; it has device"),
    "a column that is not declared": (
        "scored",
        KEPT,
        "gave a column 'score' that is unknown; declare it in transform.python_",
    ),
    "a declared column that is not there": (
        "without_nulls",
        KEPT | SCORE,
        "gave no column 'score'; it has device, temp",
    ),
    "another type than declared": (
        "narrow",
        KEPT | SCORE,
        "gave 'score' as Float32; expected Float64, for float64",
    ),
}


def bench_of(engine, folder, function, transform, **options) -> Bench:
    own = {"python": f"{MODULE}:{function}"}
    given = {"transform": transform | own, "drift": {"bad_row": "reject"}}
    return Bench(engine, folder, SCHEMA, given | options)


@pytest.mark.parametrize("name", ROWS)
def test_rows(engine, tmp_path, name):
    """
    The rows of two files, each counted for itself; what the function leaves out counts
    as filtered.
    """
    function, transform, expected, filtered = ROWS[name]
    bench = bench_of(engine, tmp_path, function, transform)
    rows, members = bench.rows(TEXT, TEXT)
    assert expected * 2 == rows
    assert [(4, 4 - filtered, 0, filtered)] * 2 == [counts(m) for m in members]


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_a_file_that_is_read_with_care(engine, tmp_path, name):
    """
    The function never sees a bad row.
    """
    function, transform, expected, filtered = ROWS[name]
    bench = bench_of(engine, tmp_path, function, transform)
    bad = b"1,n\nno number,n,1.5\n"
    rows, members = bench.rows(TEXT + bad, TEXT)
    assert expected * 2 == rows
    assert [(6, 4 - filtered, 2, filtered), (4, 4 - filtered, 0, filtered)] == [
        counts(m) for m in members
    ]


@pytest.mark.parametrize("name", FAILS)
@pytest.mark.parametrize("grouped", [False, True], ids=["rows", "groups"])
def test_a_file_for_which_it_fails(engine, tmp_path, name, grouped):
    """
    Is set aside whole, and says why; it is no exception of the engine's.
    """
    function, transform, detail = FAILS[name]
    metrics = {"group_by": ["device"], "metrics": {"n": ["*", "count"]}}
    options = {"aggregate": metrics} if grouped else {}
    bench = bench_of(engine, tmp_path, function, transform, **options)
    found = bench.read(bench.put("f.csv", TEXT))
    (result,) = found.members
    assert (Outcome.QUARANTINED, Reason.PYTHON_FAILED, (0, 0, 0, 0)) == (
        result.outcome,
        result.reason,
        counts(result),
    )
    assert result.detail.startswith(f"{MODULE}:{function} {detail}")
    assert ((), None) == (found.parts, found.partial)


@pytest.mark.parametrize("files", [1, 2])
def test_it_is_not_called_for_what_is_not_sound(engine, tmp_path, files):
    """
    A record too short and a row in error are set aside before the function sees a null
    for them, which it would take for the file's fault.
    """
    transform = {"select": ["device", "x"], "derive": {"x": "100 // device"}}
    bench = bench_of(engine, tmp_path, "no_nulls", transform)
    text = HEAD + b"1,n,1\n2,n\n0,n,1\n4,n,1\n"
    rows, members = bench.rows(*[text] * files)
    assert [(1, 100), (4, 25)] * files == rows
    assert [(4, 2, 2, 0)] * files == [counts(m) for m in members]


def test_the_others_are_read(engine, tmp_path):
    """
    An exception is one file's.
    """
    bench = bench_of(engine, tmp_path, "no_zero", KEPT)
    rows, members = bench.rows(HEAD + b"1,n,1\n", TEXT, HEAD + b"3,n,3\n")
    assert [(1, 1.0), (3, 3.0)] == rows
    assert ["", Reason.PYTHON_FAILED, ""] == [m.reason for m in members]


def test_files_share_a_part(engine, tmp_path):
    """
    A small file costs a call, not a part of its own, nor does one that fails.
    """
    bench = bench_of(engine, tmp_path, "no_zero", KEPT)
    files = [HEAD + b"%d,n,1\n" % (n % 10) for n in range(30)]
    found = bench.read(*(bench.put(f"f{n:02d}.csv", f) for n, f in enumerate(files)))
    assert 1 == len(found.parts)
    assert [n % 10 for n in range(30) if n % 10] == [d for d, _ in rows_of(found.parts)]
    assert 3 == [m.reason for m in found.members].count(Reason.PYTHON_FAILED)


def test_one_file_of_many_has_no_rows_left(engine, tmp_path):
    """
    It is counted, and the function is called for the others.
    """
    bench = bench_of(engine, tmp_path, "scored", KEPT | SCORE | {"where": "temp > 2"})
    rows, members = bench.rows(HEAD + b"1,n,1\n", TEXT, HEAD + b"3,n,3\n")
    assert [(2, 2.5, 5.0), (3, 3.0, 9.0)] == rows
    assert [(1, 0, 0, 1), (4, 1, 0, 3), (1, 1, 0, 0)] == [counts(m) for m in members]


@pytest.mark.parametrize("function", ["scored", "without_nulls"])
def test_slices(engine, tmp_path, function):
    """
    A file gives the same rows and counts however it is cut.
    """
    options = KEPT | (SCORE if function == "scored" else {})
    bench = bench_of(engine, tmp_path, function, options | {"where": "device <> 3"})
    line = b"%d,n,%s\n"
    body = b"".join(line % (n % 7, b"" if n % 5 else b"%d.5" % n) for n in range(400))
    member = bench.put("f.csv", HEAD + body)
    whole = bench.read(member)
    expected = rows_of(whole.parts)  # before the first slice takes the part's name
    cut = slices(bench, member, 900)
    parts = [part for result in cut for part in result.parts]
    named = tuple(replace(p, name=f"{n:03d}") for n, p in enumerate(parts))
    assert len(parts) > 1
    assert expected == rows_of(named)
    found = [counts(m) for result in cut for m in result.members]
    assert counts(whole.members[0]) == tuple(map(sum, zip(*found, strict=True)))


def test_the_traceback(engine, tmp_path):
    """
    Leads from the function to the line that raised, and nothing of ours is in it.
    """
    bench = bench_of(engine, tmp_path, "no_zero", KEPT)
    _, (result,) = bench.rows(TEXT)
    _, *lines = result.detail.split("\n")
    frames = [line.rpartition(", in ")[2] for line in lines if ", line " in line]
    assert ["no_zero", "_refuse"] == frames
    assert 'raise ValueError("device' in lines[-1] + lines[-2]


def test_a_long_traceback_is_cut(engine, tmp_path):
    """
    The ledger keeps the end of it.
    """
    bench = bench_of(engine, tmp_path, "deep", KEPT)
    _, (result,) = bench.rows(TEXT)
    assert len(result.detail) < 2500
    assert "return deep(rows)" in result.detail


def test_a_full_disk_is_no_bad_file(engine, tmp_path):
    """
    Whatever the function does with the disk.
    """
    bench = bench_of(engine, tmp_path, "full", KEPT)
    with pytest.raises(ComponentAway):
        bench.rows(TEXT)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("no_such_package.module:f", "cannot be imported: ModuleNotFoundError: "),
        (f"{MODULE}:scorde", f"{MODULE} has no 'scorde'; did you mean 'scored'?"),
        (f"{MODULE}:NO_CALLABLE", "expected a function; it is a int"),
        ("sys:exit", "sys has no source that could be hashed"),
    ],
)
def test_a_function_that_is_not_there(engine, tmp_path, reference, problem):
    """
    Is the configuration's fault, not the file's: the batch has to wait.
    """
    bench = bench_of(engine, tmp_path, "scored", KEPT)
    bench.options["transform"] = KEPT | {"python": reference}
    with pytest.raises(ConfigError) as caught:
        bench.rows(TEXT)
    (found,) = caught.value.problems
    where = f"pipelines.p.transform.python = {reference!r}: "
    assert found.startswith(where + problem)


def test_the_hash_of_the_source(engine, tmp_path):
    """
    Also where the function was not called.
    """
    bench = bench_of(engine, tmp_path, "no_frame", KEPT)
    source = hashlib.sha256(Path(own_functions.__file__).read_bytes()).hexdigest()
    assert source == bench.read(bench.put("f.csv", HEAD)).function


def test_groups(engine, tmp_path):
    """
    Columns of the function are keys and are measured; what it leaves out is not.
    """
    transform = {"where": "device <> 2"} | SCORE
    aggregate = {
        "group_by": ["region"],
        "metrics": {"n": ["*", "count"], "s": ["score", "sum"]},
    }
    bench = bench_of(engine, tmp_path, "scored", transform, aggregate=aggregate)
    groups = bench.groups([TEXT, TEXT], [TEXT])
    assert [("n", 6, 4.5, 6), (None, 3, 0.0, 3)] == groups.rows()


def test_float_sums_do_not_hang_on_the_units(engine, tmp_path):
    """
    Floats of the function are added as exactly as those of files.
    """
    aggregate = {"group_by": ["region"], "metrics": {"s": ["score", "sum"]}}
    bench = bench_of(engine, tmp_path, "scored", SCORE, aggregate=aggregate)
    lines = [b"10000000,n,%s\n" % t for t in (b"1e9", b"1e-7", b"-1e9")]
    assert [1.0] == bench.groups(*([HEAD + line] for line in lines))["s"].to_list()
    assert [1.0] == bench.groups([HEAD + b"".join(lines)])["s"].to_list()


def test_lineage_travels_with_the_rows(engine, tmp_path):
    """
    A row keeps its number, wherever the function puts it.
    """
    sink = {"url": str(tmp_path / "out"), "lineage_columns": True}
    bench = bench_of(engine, tmp_path, "backwards", {"select": ["device"]}, sink=sink)
    rows, _ = bench.rows(HEAD + b"1,n,1\n2,n,2\n")
    assert [(2, "f0.csv", 2), (1, "f0.csv", 1)] == [row[:3] for row in rows]


def test_columns_without_a_type(engine, tmp_path):
    """
    The function does not get them; a value in them asks for a type first.
    """
    bench = bench_of(engine, tmp_path, "no_zero", {})
    bench.schema = SCHEMA | {"temp": "null"}
    rows, _ = bench.rows(HEAD + b"1,n,\n")
    assert [(1, "n")] == rows
    found = bench.read(bench.put("f.csv", TEXT))
    assert {"temp": ("1.5", "2.5", "-3.5")} == found.outgrown


def test_folders_of_its_column(engine, tmp_path):
    """
    A column of the function may name folders.
    """
    sink = {"url": str(tmp_path / "out"), "partition_by": ["score"]}
    bench = bench_of(engine, tmp_path, "file_height", KEPT | SCORE, sink=sink)
    found = bench.read(bench.put("a.csv", TEXT))
    (part,) = found.parts
    assert part.name.startswith("score=4.0/")
    assert 4 == frame_of(found.parts).height
