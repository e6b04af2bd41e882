"""
Inference: the narrowest type that takes every value looked at, by strict forms only.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.errors import ConfigError, Quarantine, Reason
from tests.conformance.engine_kit import Bench, undivided_fixture  # noqa: F401 - fixture

COLUMNS = {
    "int64": ["1", "-2", "+3", "0", "", "NA"],
    "float64": ["1", "2.5", "-1e5", ".5", "nan", "inf"],
    "bool": ["true", "FALSE", ""],
    "date": ["2026-02-28", "2025-01-01"],
    "timestamp": ["2026-02-28T01:02:03", "2026-02-28 01:02:03.123456"],
    "timestamp(ns)": ["2026-02-28T01:02:03.123456789", "2026-02-28T01:02:03"],
    "timestamp(tz)": ["2026-02-28T01:02:03Z", "2026-02-28T01:02:03+05:30"],
}
TEXTS = {
    "a code with zeros in front": ["007", "12"],
    "an integer and a word": ["1", "x"],
    "beyond 64 bit": ["9223372036854775808"],
    "a date and a timestamp": ["2026-02-28", "2026-02-28T01:02:03"],
    "with and without an offset": ["2026-02-28T01:02:03Z", "2026-02-28T01:02:03"],
    "a date of another form": ["28/02/2026"],
    "a number with a comma": ["1,5"],
    "a number with a blank": ["1 "],
    "a boolean and an integer": ["true", "1"],
}


@pytest.fixture(name="bench")
def bench_fixture(engine, tmp_path):
    return Bench(engine, tmp_path, {"v": "string"})


def column(values) -> bytes:
    return b"k,v\n" + b"".join(f'x,"{value}"\n'.encode() for value in values)


def infer(bench, *members) -> dict[str, str]:
    plan = bench.plan
    schema = bench.engine.infer(plan.pipeline, plan.root, members)
    assert (0, "inferred") == (schema.version, schema.source)
    return dict(schema.columns)


@pytest.mark.parametrize("expected", COLUMNS)
@pytest.mark.parametrize("apart", [False, True])
def test_a_column_gets_the_narrowest_type(bench, expected, apart):
    """
    Nulls say nothing; values in other files count as much.
    """
    values = COLUMNS[expected]
    files = [[value] for value in values] if apart else [values]
    members = [bench.put(f"f{i}.csv", column(v)) for i, v in enumerate(files)]

    assert {"k": "string", "v": expected} == infer(bench, *members)


@pytest.mark.parametrize("case", TEXTS)
def test_everything_else_is_text(bench, case):
    """
    No guess, and no loss.
    """
    assert "string" == infer(bench, bench.put("f.csv", column(TEXTS[case])))["v"]


@pytest.mark.parametrize("expected", COLUMNS)
def test_what_was_inferred_reads_its_own_file(bench, expected):
    """
    The types that inference finds take every value it has seen.
    """
    member = bench.put("f.csv", column(COLUMNS[expected]))
    bench.schema = infer(bench, member)

    found = bench.read(member)

    assert "" == found.members[0].reason
    assert len(COLUMNS[expected]) == found.members[0].rows_out


def test_a_late_change_of_type_is_seen(bench, monkeypatch):
    """
    Of a file too long to be looked at whole, the end is looked at too.
    """
    monkeypatch.setattr("ingestd.run.engines.polars.infer.ALL_BYTES", 1 << 16)
    values = [*range(100_000), 2.5]

    assert "float64" == infer(bench, bench.put("f.csv", column(values)))["v"]


def test_files_that_cannot_be_read_are_passed_over(bench):
    """
    The schema is that of the readable files.
    """
    members = [
        bench.put("a.csv", b""),
        bench.put("b.csv", "k,v\nx,1\n".encode("utf-16")),
        bench.put("c.csv", gzip.compress(column(["1"]))[:-5]),
        bench.put("d.csv", gzip.compress(column(["1"]))),
        bench.put("e.csv", b"v,k\n2.5,x\n"),
    ]
    (bench.root / "gone.csv").write_bytes(b"k,v\nx,y\n")
    gone = bench.member(b"gone.csv")
    (bench.root / "gone.csv").unlink()

    assert {"k": "string", "v": "float64"} == infer(bench, *members, gone)


def test_no_readable_file_has_no_schema(bench):
    """
    Quarantine, with the first fault's reason.
    """
    with pytest.raises(Quarantine) as caught:
        infer(bench, bench.put("f.csv", b"PK\x03\x04"))

    assert Reason.BAD_COMPRESSION == caught.value.reason


def test_without_a_header_nothing_can_be_inferred(engine, tmp_path):
    """
    The names must come from somewhere.
    """
    bench = Bench(engine, tmp_path, {}, {"csv": {"header": False}})

    with pytest.raises(ConfigError):
        infer(bench, bench.put("f.csv", b"1,2\n"))


def test_columns_may_have_any_names(bench):
    """
    Also those that the looking itself uses.
    """
    text = b"value,column,variable,0,1,literal\n1,2.5,x,2026-01-02,true,7\n"

    types = infer(bench, bench.put("f.csv", text))

    assert {
        "value": "int64",
        "column": "float64",
        "variable": "string",
        "0": "date",
        "1": "bool",
        "literal": "int64",
    } == types
