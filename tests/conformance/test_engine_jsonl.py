"""
JSON lines, read by the engine: values, keys, lines that are no records.
"""

from __future__ import annotations

import gzip
import json
import math

import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from ingestd.run import member_text
from ingestd.run.engine import load
from tests.conformance.engine_kit import Bench, rows_of
from tests.conformance.json_cases import KEYS, REFUSED, UNSOUND, VALUES

AB = {"a": "int64", "b": "string"}


def bench_of(folder, schema=AB, **options) -> Bench:
    options = {"source": {"format": "jsonl"}, **options}
    return Bench(load("polars"), folder, schema, options)


def same(expected, actual) -> bool:
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(actual, float) and math.isnan(actual)
    return bool(expected == actual and type(expected) is type(actual))


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("alone", [True, False])
def test_values(tmp_path, name, alone):
    """
    A value is what its text says, exactly; in lines that are all alike, and in others.
    """
    kind, values, expected = VALUES[name]
    bench = bench_of(tmp_path, {"v": kind})
    other = "" if alone else ', "other": [1]'
    text = "".join(f'{{"v": {value}{other}}}\n' for value in values)

    rows, (result,) = bench.rows(text.encode())

    assert "" == result.reason, result.detail
    assert len(values) == result.rows_in == result.rows_out
    found = [row[0] for row in rows]
    assert [True] * len(expected) == list(map(same, expected, found)), found


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("bad_row", ["reject", "null", "fail"])
def test_values_that_are_refused(tmp_path, name, bad_row):
    """
    The record alone is set aside, or its value is null, or its file is quarantined.
    """
    kind, value = REFUSED[name]
    drift = {"bad_row": bad_row}
    bench = bench_of(tmp_path, {"k": "int64", "v": kind}, drift=drift)
    good = b'{"k": 1, "v": null}\n'
    text = good + f'{{"k": 2, "v": {value}}}\n'.encode() + good

    found = bench.read(bench.put("f.jsonl", text))

    (result,) = found.members
    if bad_row == "fail":
        assert (Outcome.QUARANTINED, Reason.BAD_VALUE) == (
            result.outcome,
            result.reason,
        )
        return
    assert 3 == result.rows_in == result.rows_out + result.rows_rejected
    if bad_row == "null":
        assert [(1, None), (2, None), (1, None)] == rows_of(found.parts)
        return
    assert [(1, None), (1, None)] == rows_of(found.parts)
    (reject,) = found.rejects
    assert (2, 2, len(good), "v", Reason.BAD_VALUE) == (
        reject.record,
        reject.line,
        reject.offset,
        reject.column,
        reject.reason,
    )
    assert f'{{"k": 2, "v": {value}}}'.encode() == reject.raw


@pytest.mark.parametrize("name", UNSOUND)
def test_lines_that_are_no_records(tmp_path, name):
    """
    Each is set aside alone, with its place and its text.
    """
    line, reason = UNSOUND[name]
    csv = {"max_line_bytes": 15000}
    drift = {"bad_row": "reject"}
    bench = bench_of(tmp_path, {"v": "string"}, csv=csv, drift=drift)
    text = b'{"v":"a"}\n\n' + line + b'\r\n{"v":"b"}\n'

    found = bench.read(bench.put("f.jsonl", text))

    assert [("a",), ("b",)] == rows_of(found.parts)
    (result,) = found.members
    assert (3, 2, 1) == (result.rows_in, result.rows_out, result.rows_rejected)
    (reject,) = found.rejects
    assert (2, 3, 11, reason) == (
        reject.record,
        reject.line,
        reject.offset,
        reject.reason,
    )
    assert line.startswith(reject.raw)
    assert len(reject.raw) == len(line) or len(line) > 8 * 15000


@pytest.mark.parametrize("name", KEYS)
def test_keys(tmp_path, name):
    """
    Keys are columns by name, record by record.
    """
    drift, lines, expected, note = KEYS[name]
    bench = bench_of(tmp_path, drift=drift)

    rows, (result,) = bench.rows(b"\n".join(lines) + b"\n")

    assert (expected, note) == (rows, result.detail)


# a line, the values of a, a.b.c and a.b.d, what is rescued
DOTTED = {
    "nested": ('{"a":{"b":{"c":1,"d":"x"}}}', (1, "x"), None),
    "dotted": ('{"a.b.c":1,"a.b":{"d":"x"}}', (1, "x"), None),
    "half of each": ('{"a":{"b.c":1,"b":{"d":"x"}}}', (1, "x"), None),
    "the rest by its name": (
        '{"a":{"b":{"c":1,"e":[2]},"f":3}}',
        (1, None),
        '{"a.b.e":[2],"a.f":3}',
    ),
    "no object": ('{"a":7}', (None, None), '{"a":7}'),
    "null": ('{"a":null}', (None, None), None),
    "an array": ('{"a":[{"b":{"c":1}}]}', (None, None), '{"a":[{"b":{"c":1}}]}'),
}


@pytest.mark.parametrize("name", DOTTED)
def test_a_column_with_a_dotted_name_is_a_key_within_an_object(tmp_path, name):
    """
    However deep, and nothing beside it is lost.
    """
    line, expected, rescued = DOTTED[name]
    schema = {"a.b.c": "int64", "a.b.d": "string"}
    bench = bench_of(tmp_path, schema, drift={"new_column": "rescue"})

    rows, _ = bench.rows(line.encode() + b"\n")

    assert [(*expected, rescued)] == rows


def test_an_object_is_kept_and_opened(tmp_path):
    """
    Where both it and a key in it are columns.
    """
    bench = bench_of(tmp_path, {"a": "string", "a.b": "int64"})

    rows, (result,) = bench.rows(b'{"a":{"b": 1,"c":2}}\n')

    assert ([('{"b": 1,"c":2}', 1)], "") == (rows, result.detail)


@pytest.mark.parametrize("line", ['{"a.b":1,"a":{"b":2}}', '{"a":{"b":1,"b":2}}'])
def test_a_dotted_name_twice(tmp_path, line):
    """
    Which one is meant nobody knows.
    """
    bench = bench_of(tmp_path, {"a.b": "int64"}, drift={"bad_row": "reject"})

    found = bench.read(bench.put("f.jsonl", line.encode()))

    assert [Reason.DUPLICATE_COLUMN] == [r.reason for r in found.rejects]


def test_rescue_keeps_the_text_of_values(tmp_path):
    """
    Nothing of a key that the schema lacks is lost, but nulls.
    """
    drift = {"new_column": "rescue"}
    bench = bench_of(tmp_path, drift=drift)
    lines = [
        b'{"a":1,"b":"x"}',
        b'{"a":2,"n":1.10,"q\\"":{"k": "\\u00e9"},"z":null}',
        b'{"z":null}',
    ]

    rows, (result,) = bench.rows(b"\n".join(lines))

    rescued = '{"n":1.10,"q\\"":{"k": "\\u00e9"}}'
    assert [(1, "x", None), (2, None, rescued), (None, None, None)] == rows
    assert "'n', 'q\"', 'z' rescued" == result.detail


@pytest.mark.parametrize(
    ("drift", "line", "reason"),
    [
        ({"new_column": "fail"}, b'{"a":1,"b":"x","c":1}', Reason.NEW_COLUMN),
        ({"missing_column": "fail"}, b'{"a":1}', Reason.MISSING_COLUMN),
    ],
)
def test_what_quarantines_a_file(tmp_path, drift, line, reason):
    """
    Drift that may not be, as for CSV; the unit's other files are read.
    """
    bench = bench_of(tmp_path, drift=drift)

    rows, (first, second) = bench.rows(line + b"\n", b'{"b":"y"}\n{"a":2}\n')

    assert (Outcome.QUARANTINED, reason) == (first.outcome, first.reason)
    assert ("", [(None, "y"), (2, None)]) == (second.reason, rows)
    assert first.detail.startswith(("line 1: 'c'", "no record has 'b'"))


def test_a_key_that_may_be_added_stops_the_attempt(tmp_path):
    """
    Some of its values are sent back, and the widened schema reads the file.
    """
    drift = {"new_column": "add"}
    bench = bench_of(tmp_path, drift=drift)
    lines = b'{"a":1,"b":"x"}\n' * 3 + b'{"a":2,"c":7,"":1}\n{"a":2,"c":null,"d":"8"}\n'
    member = bench.put("f.jsonl", lines)

    stopped = bench.read(member)
    assert {"c": ("7",), "d": ("8",)} == stopped.outgrown
    known = bench.plan.schema
    pipeline, root = bench.plan.pipeline, bench.plan.root
    wider = bench.engine.infer(pipeline, root, (member,), known, stopped.outgrown)
    bench.schema = dict(wider.columns)

    assert {**AB, "c": "int64", "d": "string"} == bench.schema
    found = bench.read(member)
    assert [(2, None, 7, None), (2, None, None, "8")] == rows_of(found.parts)[3:]


def test_keys_of_an_object_that_is_opened_may_be_added(tmp_path):
    """
    By their dotted names, not the object beside them; text stays text.
    """
    bench = bench_of(tmp_path, {"h.a": "int64"}, drift={"new_column": "add"})
    member = bench.put("f.jsonl", b'{"h":{"a":1}}\n{"h":{"a":2,"b":"7"},"n":{"x":1}}\n')

    stopped = bench.read(member)
    known, pipeline, root = bench.plan.schema, bench.plan.pipeline, bench.plan.root
    wider = bench.engine.infer(pipeline, root, (member,), known, stopped.outgrown)
    bench.schema = dict(wider.columns)

    assert {"h.a": "int64", "h.b": "string", "n": "string"} == bench.schema
    rows = rows_of(bench.read(member).parts)
    assert [(1, None, None), (2, "7", '{"x":1}')] == rows


def test_a_schema_is_inferred(tmp_path):
    """
    Columns in the order of keys; what a writer put between quotes is no number.
    """
    bench = bench_of(tmp_path)
    records = [
        {"n": 1, "f": 1, "s": "1", "ok": True, "at": "2026-02-28T01:02:03Z"},
        {"n": 2, "f": 1.5, "s": "2", "day": "2026-02-28", "none": None},
        {"word": "true", "deep": {"a": [1]}, "mixed": 1, "": 3},
        {"mixed": "x"},
    ]
    text = "\ufeff" + "".join(json.dumps(record) + "\n" for record in records)
    member = bench.put("f.jsonl", text.encode() + b"no record\n")

    schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, (member,))

    assert {
        "n": "int64",
        "f": "float64",
        "s": "string",
        "ok": "bool",
        "at": "timestamp(tz)",
        "day": "date",
        "none": "null",
        "word": "string",
        "deep": "string",
        "mixed": "string",
    } == dict(schema.columns)


def test_a_long_file_is_inferred_from_many_places(tmp_path, monkeypatch):
    """
    A value far behind the head has its say.
    """
    monkeypatch.setattr("ingestd.run.engines.polars.infer.ALL_BYTES", 1 << 18)
    bench = bench_of(tmp_path)
    text = b'{"a":1}\n' * 60_000 + b'{"a":1.5}\n'
    member = bench.put("f.jsonl", text)

    schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, (member,))

    assert {"a": "float64"} == dict(schema.columns)


@pytest.mark.parametrize("size", [50, 60_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_files(tmp_path, size, encoding, packed):
    """
    In memory or not, packed or not, in any encoding.
    """
    bench = bench_of(tmp_path, csv={"encoding": encoding})
    text = "".join(f'{{"a":{n},"b":"é{n}"}}\n' for n in range(size)).encode(encoding)

    rows, (result,) = bench.rows(gzip.compress(text, 1) if packed else text)

    assert "" == result.reason, result.detail
    assert [(n, f"é{n}") for n in range(size)] == rows


@pytest.mark.parametrize("require", [True, False])
def test_a_last_line_without_newline(tmp_path, require):
    """
    It may have been cut.
    """
    csv = {"final_newline": "require" if require else "accept"}
    bench = bench_of(tmp_path, csv=csv, drift={"bad_row": "reject"})

    found = bench.read(bench.put("f.jsonl", b'{"a":1}\n{"a":2}'))

    reasons = [reject.reason for reject in found.rejects]
    assert ([Reason.NO_FINAL_NEWLINE] if require else []) == reasons
    assert [(1, None), (2, None)][: 1 if require else 2] == rows_of(found.parts)


@pytest.mark.parametrize("text", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_nothing(tmp_path, text):
    """
    An empty file is no fault, and lacks no column.
    """
    bench = bench_of(tmp_path, drift={"missing_column": "fail"})

    rows, (result,) = bench.rows(text)

    assert ([], Outcome.READ, 0) == (rows, result.outcome, result.rows_in)


@pytest.mark.parametrize("text", [b"a,b\n1,x\n2,y\n", b'[\n{"a":1}\n]\n', b"x\n"])
def test_a_file_of_another_format_is_told(tmp_path, text):
    """
    A CSV file is quarantined as such, not set aside line by line.
    """
    bench = bench_of(tmp_path, drift={"bad_row": "reject"})
    first = text.split(b"\n")[0].decode()
    if text.startswith(b"["):
        text = text.replace(b'{"a":1}', b"1")

    _, (result,) = bench.rows(text)

    assert (Outcome.QUARANTINED, Reason.BAD_JSON) == (result.outcome, result.reason)
    assert f"line 1: no JSON object: it begins with {first!r}" in result.detail
    assert 'source.format = "csv"' in result.detail


def test_json_lines_in_a_pipeline_of_csv_are_told(tmp_path):
    """
    The reason names the key to change.
    """
    bench = Bench(load("polars"), tmp_path, AB)

    _, (result,) = bench.rows(b'{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n')

    assert (Outcome.QUARANTINED, Reason.NO_HEADER) == (result.outcome, result.reason)
    assert 'source.format = "jsonl"' in result.detail


def test_too_many_rejects(tmp_path):
    """
    The limit and the sentence are those of CSV.
    """
    drift = {"bad_row": "reject", "max_rejects": 2}
    bench = bench_of(tmp_path, drift=drift)

    _, (result,) = bench.rows(b'{"a":1}\n{"a":"x"}\n{\n{"a":2}\nx\n')

    assert Reason.TOO_MANY_REJECTS == result.reason
    assert "record 2 in line 2" in result.detail


def test_small_files_share_a_pass(tmp_path):
    """
    A part of many files, though each of them has other keys.
    """
    bench = bench_of(tmp_path)
    files = [f'{{"a":{n},"other{n}":1}}\n'.encode() for n in range(5)]

    found = bench.read(*(bench.put(f"f{n}.jsonl", t) for n, t in enumerate(files)))

    assert 1 == len(found.parts)
    assert [(n, None) for n in range(5)] == rows_of(found.parts)


def test_blocks_are_judged_alike(tmp_path, monkeypatch):
    """
    Where lines are all alike and where they are not, in memory or spooled.
    """
    monkeypatch.setattr(member_text, "SMALL_BYTES", 1000)
    bench = bench_of(tmp_path, drift={"bad_row": "reject"})
    alike = b"".join(b'{"a":%d,"b":"x"}\n' % n for n in range(150_000))
    text = alike + b'{"b":"y"}\n{"a":"z"}\n' + alike

    found = bench.read(bench.put("f.jsonl", text))

    (result,) = found.members
    assert (300_002, 300_001, 1) == (
        result.rows_in,
        result.rows_out,
        result.rows_rejected,
    )
    assert [(150_002, len(alike) + 10)] == [(r.record, r.offset) for r in found.rejects]
