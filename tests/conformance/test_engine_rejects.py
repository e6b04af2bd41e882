"""
Bad rows as data: which records are rows, which are set aside, and why; on every engine.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from ingestd.run.engine import load
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    engine_fixture,
    frame_of,
    rows_of,
)

ABC = {"a": "int64", "b": "float64", "c": "string"}
HEAD = b"a,b,c\n"
X, Y = (1, 2.5, "x"), (2, 3.5, "y")
BIG = 60_000

FEW, MANY = Reason.TOO_FEW_FIELDS, Reason.TOO_MANY_FIELDS
VALUE, QUOTE = Reason.BAD_VALUE, Reason.BAD_QUOTE

# name: text behind the header, rows, (record, line, column, reason, raw) set aside
BAD_ROWS = {
    "short": (b"1,2.5,x\n2\n2,3.5,y\n", [X, Y], [(2, 3, "", FEW, b"2")]),
    "long": (b"1,2.5,x,z\n2,3.5,y\n", [Y], [(1, 2, "", MANY, b"1,2.5,x,z")]),
    "trailing delimiter": (b"1,2.5,x,\n", [], [(1, 2, "", MANY, b"1,2.5,x,")]),
    "cut at the end": (b"1,2.5,x\n2,3.", [X], [(2, 3, "", FEW, b"2,3.")]),
    "no integer": (b"1.9,2.5,x\n2,3.5,y\n", [Y], [(1, 2, "a", VALUE, b"1.9,2.5,x")]),
    "integer over 64 bit": (
        b"9223372036854775808,2.5,x\n2,3.5,y\n",
        [Y],
        [(1, 2, "a", VALUE, b"9223372036854775808,2.5,x")],
    ),
    "two bad values": (b"x,y,z\n2,3.5,y\n", [Y], [(1, 2, "a", VALUE, b"x,y,z")]),
    "bad values among good ones": (
        b"1,2.5,x\n2,z,x\n2,3.5,y\nz,3.5,y\n1,2.5,x\n",
        [X, Y, X],
        [(2, 3, "b", VALUE, b"2,z,x"), (4, 5, "a", VALUE, b"z,3.5,y")],
    ),
    "nul": (b"1,2.5,x\0\n2,3.5,y\n", [Y], [(1, 2, "", Reason.NUL_BYTE, b"1,2.5,x\0")]),
    "bad byte": (
        b"1,2.5,\xe9\n2,3.5,y\n",
        [Y],
        [(1, 2, "", Reason.BAD_ENCODING, b"1,2.5,\xe9")],
    ),
    "quote in a field": (
        b'1,2.5,x"y\n2,3.5,y\n',
        [Y],
        [(1, 2, "", QUOTE, b'1,2.5,x"y')],
    ),
    "text behind a quote": (
        b'1,2.5,x\n3,4.5,"x"y\n2,3.5,y\n',
        [X, Y],
        [(2, 3, "", QUOTE, b'3,4.5,"x"y')],
    ),
    "a quote that is never closed": (
        b'1,2.5,x\n3,4.5,"x\n2,3.5,y\n',
        [X],
        [(2, 3, "", QUOTE, b'3,4.5,"x'), (3, 4, "", QUOTE, b"2,3.5,y")],
    ),
    "a quote that the next one seems to close": (
        b'1,2.5,x\n3,4.5,"x\n4,5.5,"z"\n2,3.5,y\n',
        [X, Y],
        [(2, 3, "", QUOTE, b'3,4.5,"x'), (3, 4, "", QUOTE, b'4,5.5,"z"')],
    ),
    "behind a broken record quotes are sound again": (
        b'1,2.5,x"\n2,3.5,"y"\n3,4.5,"z\nz"\n',
        [Y, (3, 4.5, "z\nz")],
        [(1, 2, "", QUOTE, b'1,2.5,x"')],
    ),
    "lines are counted, not records": (
        b'1,2.5,"x\n\nx"\n\n\n2\n2,3.5,y\n',
        [(1, 2.5, "x\n\nx"), Y],
        [(2, 7, "", FEW, b"2")],
    ),
    "crlf": (
        b"1,2.5,x\r\n2\r\n2,3.5,y\r\n",
        [X, Y],
        [(2, 3, "", FEW, b"2")],
    ),
    "all kinds": (
        b'1\n1,2,3,4\n,x,\n\0,,\n\xff,,\na"b,,\n2,3.5,y\n',
        [Y],
        [
            (1, 2, "", FEW, b"1"),
            (2, 3, "", MANY, b"1,2,3,4"),
            (3, 4, "b", VALUE, b",x,"),
            (4, 5, "", Reason.NUL_BYTE, b"\0,,"),
            (5, 6, "", Reason.BAD_ENCODING, b"\xff,,"),
            (6, 7, "", QUOTE, b'a"b,,'),
        ],
    ),
    "no row is sound": (b"1\n2\n", [], [(1, 2, "", FEW, b"1"), (2, 3, "", FEW, b"2")]),
}


def bench_of(engine, folder, policy: str = "reject", **options) -> Bench:
    drift = {"bad_row": policy} | options.pop("drift", {})
    return Bench(engine, folder, ABC, {"drift": drift} | options)


def asides(found) -> list[tuple]:
    return [(r.record, r.line, r.column, r.reason, r.raw) for r in found.rejects]


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_set_aside_and_the_others_are_read(engine, tmp_path, name):
    """
    Each with its place, its reason and its text; the counts add up.
    """
    text, expected, aside = BAD_ROWS[name]
    bench = bench_of(engine, tmp_path)

    found = bench.read(bench.put("f.csv", HEAD + text))

    assert expected == rows_of(found.parts)
    assert aside == asides(found)
    (result,) = found.members
    assert (Outcome.READ, "") == (result.outcome, result.reason)
    assert (len(expected) + len(aside), len(expected), len(aside)) == (
        result.rows_in,
        result.rows_out,
        result.rows_rejected,
    )
    for reject in found.rejects:
        at = reject.offset
        assert reject.raw == (HEAD + text)[at : at + len(reject.raw)]
        assert (b"a,b,c", b"f.csv") == (reject.header, reject.path)


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_of_a_large_file_are_set_aside(engine, tmp_path, name):
    """
    Between good rows, in a file that is not held in memory.
    """
    text, expected, aside = BAD_ROWS[name]
    filler = b"7,1.5,filler filler filler\n"
    bench = bench_of(engine, tmp_path)

    found = bench.read(bench.put("f.csv", HEAD + filler * BIG + text))

    assert expected == rows_of(found.parts)[BIG:]
    assert [(r + BIG, line + BIG, *rest) for r, line, *rest in aside] == asides(found)
    for reject in found.rejects:
        at = reject.offset - BIG * len(filler)
        assert reject.raw == (HEAD + text)[at : at + len(reject.raw)]


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_file_with_a_bad_row_fails_whole_if_it_shall(engine, tmp_path, name):
    """
    bad_row = "fail": quarantined, for the first reason, with its place.
    """
    text, _, aside = BAD_ROWS[name]
    bench = bench_of(engine, tmp_path, "fail")

    found = bench.read(bench.put("f.csv", HEAD + text))

    (result,) = found.members
    assert (Outcome.QUARANTINED, ()) == (result.outcome, found.rejects)
    # Structure is looked at before values.
    structural = [a for a in aside if a[3] is not VALUE] or aside
    record, line, column, reason, _ = structural[0]
    assert reason == result.reason
    assert f"record {record} in line {line}" in result.detail
    assert repr(column) in result.detail if column else True


NULLED = {
    "a value": (b"1.9,2.5,x\n2,3.5,y\n", [(None, 2.5, "x"), Y], []),
    "two values": (b"x,y,z\n", [(None, None, "z")], []),
    "missing fields": (b"1\n2,3.5\n", [(1, None, None), (2, 3.5, None)], []),
    "a value beside missing fields": (b"x\n", [(None, None, None)], []),
    "a quoted neighbour": (b'x,2.5,"y,""\n"\n', [(None, 2.5, 'y,"\n')], []),
    "too many fields": (b"1,2.5,x,y\n2,3.5,y\n", [Y], [MANY]),
    "a broken quote": (b'1,2.5,x"\nx,3.5,y\n', [(None, 3.5, "y")], [QUOTE]),
}


@pytest.mark.parametrize("name", NULLED)
def test_what_does_not_fit_becomes_null_if_it_shall(engine, tmp_path, name):
    """
    bad_row = "null": the row stays; what no null can mend is set aside.
    """
    text, expected, reasons = NULLED[name]
    bench = bench_of(engine, tmp_path, "null")

    found = bench.read(bench.put("f.csv", HEAD + text))

    assert expected == rows_of(found.parts)
    assert reasons == [reject.reason for reject in found.rejects]
    (result,) = found.members
    assert len(expected) == result.rows_out
    assert len(reasons) == result.rows_rejected
    assert ("made null" in result.detail) == any(None in row for row in expected)


def test_more_rejects_than_allowed_quarantine_the_file(engine, tmp_path):
    """
    The first one is told, and the neighbours are read; one less is no fault.
    """
    bench = bench_of(engine, tmp_path, drift={"max_rejects": 3})
    good, three = HEAD + b"1,2.5,x\n", HEAD + b"1\n2\n3\n1,2.5,x\n"
    members = [
        bench.put("f0.csv", good),
        bench.put("f1.csv", three + b"4\n"),
        bench.put("f2.csv", three),
    ]

    found = bench.read(*members)

    assert [X, X] == rows_of(found.parts)
    assert ["", Reason.TOO_MANY_REJECTS, ""] == [m.reason for m in found.members]
    assert "record 1 in line 2" in found.members[1].detail
    assert [3] == [m.rows_rejected for m in found.members if m.rows_rejected]
    assert [members[2].file.id] * 3 == [reject.file_id for reject in found.rejects]


def test_a_null_marker_is_no_bad_value(engine, tmp_path):
    """
    Beside a bad value, too, where empty text is no null.
    """
    bench = bench_of(engine, tmp_path, csv={"nulls": ["NA"]})

    found = bench.read(bench.put("f.csv", HEAD + b"NA,2.5,NA\nz,3.5,y\n1,NA,\n"))

    assert [(None, 2.5, None), (1, None, "")] == rows_of(found.parts)
    assert [(2, 3, "a", VALUE, b"z,3.5,y")] == asides(found)


def test_no_reject_is_allowed_either(engine, tmp_path):
    """
    max_rejects = 0 is as strict as bad_row = "fail".
    """
    bench = bench_of(engine, tmp_path, drift={"max_rejects": 0})

    found = bench.read(bench.put("f.csv", HEAD + b"1\n"))

    assert FEW == found.members[0].reason


@pytest.mark.parametrize("size", [1, 20_000])
def test_a_line_over_the_limit_is_set_aside(engine, tmp_path, size):
    """
    Also one so long that its end is looked for in vain; the next line is a record.
    """
    options = {"csv": {"max_line_bytes": 1000}}
    bench = bench_of(engine, tmp_path, **options)
    long = b"1,2.5," + b"x" * 2000 * size

    found = bench.read(bench.put("f.csv", HEAD + long + b"\n2,3.5,y\n"))

    assert [Y] == rows_of(found.parts)
    (reject,) = found.rejects
    assert (1, 2, Reason.LINE_TOO_LONG) == (reject.record, reject.line, reject.reason)
    assert long[:1000] == reject.raw[:1000]


def test_a_quote_that_runs_on_quarantines_the_file(engine, tmp_path):
    """
    Which of very many lines are rows cannot be told: nothing is guessed.
    """
    options = {"csv": {"max_line_bytes": 1000}, "drift": {"max_rejects": 10**6}}
    bench = bench_of(engine, tmp_path, **options)
    text = HEAD + b'1,2.5,"x\n' + b"2,3.5,y\n" * 1_000_000

    found = bench.read(bench.put("f.csv", text))

    assert QUOTE == found.members[0].reason
    assert "line 2" in found.members[0].detail
    assert () == found.parts


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_last_record_without_newline_can_be_set_aside(engine, tmp_path, end):
    """
    final_newline = "require": it may have been cut, whatever it looks like.
    """
    options = {"csv": {"final_newline": "require"}}
    bench = bench_of(engine, tmp_path, **options)

    found = bench.read(bench.put("f.csv", HEAD + b"1,2.5,x\n2,3.5,y" + end))

    assert [X, Y][: 2 if end else 1] == rows_of(found.parts)
    expected = [] if end else [(2, 3, "", Reason.NO_FINAL_NEWLINE, b"2,3.5,y")]
    assert expected == asides(found)


def test_places_are_those_of_the_file_as_it_lies(engine, tmp_path):
    """
    Offsets count bytes of the file's own encoding; lines count the preamble too.
    """
    options = {"csv": {"encoding": "utf-16", "skip_rows": 1}}
    bench = bench_of(engine, tmp_path, **options)
    before = "sensors ž\na,b,c\n1,2.5,žž\n"
    text = before + "bad,ž\n2,3.5,y\n"

    found = bench.read(bench.put("f.csv", text.encode("utf-16")))

    assert [(1, 2.5, "žž"), Y] == rows_of(found.parts)
    (reject,) = found.rejects
    assert (2, 4, "bad,ž".encode()) == (reject.record, reject.line, reject.raw)
    assert len(before.encode("utf-16")) == reject.offset


@pytest.mark.parametrize("many", [1, BIG])
def test_aggregates_leave_out_what_was_set_aside(engine, tmp_path, many):
    """
    Groups count the rows that are behind them, and no other.
    """
    spec = {"group_by": ["a"], "metrics": {"n": ["*", "count"], "m": ["b", "max"]}}
    bench = bench_of(engine, tmp_path, aggregate=spec)
    text = HEAD + b"1,2.5,x\n" * many + b"1,z,x\n1\n2,3.5,y\n"
    members = [bench.put("f.csv", text), bench.put("g.csv", HEAD + b"2,1.5,y\n")]

    found = bench.read(*members)
    parts = bench.engine.combine(bench.plan, [found.partial])

    assert [(1, many, 2.5, many), (2, 2, 3.5, 2)] == rows_of(parts)
    assert [(many + 3, many + 1, 2), (1, 1, 0)] == [
        (m.rows_in, m.rows_out, m.rows_rejected) for m in found.members
    ]
    assert [VALUE, FEW] == [reject.reason for reject in found.rejects]


def test_lineage_counts_the_rows_of_the_file(engine, tmp_path):
    """
    _record is the record's number in the file, not among those that were kept.
    """
    sink = {"url": str(tmp_path / "out"), "lineage_columns": True}
    bench = bench_of(engine, tmp_path, sink=sink)
    text = HEAD + b"1,2.5,x\n1\n2,3.5,y\nz,1,\n1,2.5,x\n"

    found = bench.read(bench.put("f.csv", text))

    frame = frame_of(found.parts)
    assert [1, 3, 5] == frame["_record"].to_list()
    assert [2, 4] == [reject.record for reject in found.rejects]


def test_bad_rows_of_packed_files_are_set_aside(engine, tmp_path):
    """
    Offsets are those of the unpacked text.
    """
    bench = bench_of(engine, tmp_path)

    found = bench.read(bench.put("f.csv", gzip.compress(HEAD + b"1,2.5,x\n2\n")))

    assert [X] == rows_of(found.parts)
    assert [(2, 3, "", FEW, b"2")] == asides(found)
    assert len(HEAD) + 8 == found.rejects[0].offset


def test_many_bad_rows_are_found_in_one_reading(engine, tmp_path):
    """
    Up to the limit, everywhere in a large file, values and structure alike.
    """
    bench = bench_of(engine, tmp_path, drift={"max_rejects": 2000})
    lines = [b"7,1.5,filler filler filler\n"] * 100_000
    for n in range(0, 100_000, 100):
        lines[n] = (b"z,1.5,x\n", b"7\n", b'7,1.5,x"y\n', b"7,1.5,\xff\n")[n // 100 % 4]

    found = bench.read(bench.put("f.csv", HEAD + b"".join(lines)))

    assert 99_000 == len(rows_of(found.parts))
    assert list(range(1, 100_001, 100)) == [r.record for r in found.rejects]
    assert [VALUE, FEW, QUOTE, Reason.BAD_ENCODING] * 250 == [
        r.reason for r in found.rejects
    ]


@pytest.mark.parametrize("share", [1, 3])
def test_many_small_files_with_bad_rows_share_parts(engine, tmp_path, share):
    """
    Each has its rejects and its rows, in order, those at fault whole apart; and there
    is not a part for each of them.
    """
    bench = bench_of(engine, tmp_path)
    count, broken = 300, {70, 71, 299}
    bad = [n for n in range(count) if n % share == 0 and n not in broken]
    members = []
    for n in range(count):
        lines = [f"{n},1.5,x", f"{n},bad,x", f"{n},1,x,y"]
        text = "\n".join(["a,b,c", *(lines if n in bad else lines[:1]), f"{n},2,y", ""])
        content = text.encode() if n not in broken else b"a,a,b\n1,2,3\n"
        members.append(bench.put(f"f{n:03d}.csv", content))

    found = bench.read(*members)

    good = [n for n in range(count) if n not in broken]
    assert [row for n in good for row in ((n, 1.5, "x"), (n, 2.0, "y"))] == rows_of(
        found.parts
    )
    assert [(members[n].file.id, line) for n in bad for line in (3, 4)] == [
        (reject.file_id, reject.line) for reject in found.rejects
    ]
    assert broken == {n for n, result in enumerate(found.members) if result.reason}
    assert all(
        (2, 2) == (result.rows_out, result.rows_rejected)
        for n, result in enumerate(found.members)
        if n in bad
    )
    assert len(found.parts) < 100


def test_a_clean_file_pays_nothing_for_care(tmp_path, monkeypatch):
    """
    Neither a small nor a large one is looked at record by record.
    """

    def never(*_):
        raise AssertionError("a clean file was read with care")

    for module in ("ingestd.run.opening", "ingestd.run.engines.polars.judge"):
        monkeypatch.setattr(f"{module}.sift", never)
    bench = bench_of(load("polars"), tmp_path)
    text = HEAD + b'1,2.5,"x\ny"\n2,,\n'
    members = [
        bench.put("f.csv", text),
        bench.put("g.csv", HEAD + b"1,2.5,x\n" * 200_000),
    ]

    found = bench.read(*members)

    assert [2, 200_000] == [result.rows_out for result in found.members]
