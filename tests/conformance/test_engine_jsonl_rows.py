"""
JSON lines through everything behind the reader: slices, transform, lineage, groups.
"""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestd.batch.plan import plan
from ingestd.ends import ends
from ingestd.errors import Reason
from ingestd.growing import Stretch
from ingestd.model import Batch, FileRef, Fingerprint, Member, Outcome, Unit
from ingestd.run.engine import load
from ingestd.run.slices import whole_files
from tests.conformance.engine_kit import Bench, counts, frame_of, rows_of

AB = {"a": "int64", "b": "string"}
JSONL = {"format": "jsonl"}


def bench_of(folder, schema=AB, **options) -> Bench:
    return Bench(load("polars"), folder, schema, {"source": JSONL, **options})


def lines(count: int, text: str = "x") -> bytes:
    rows = (json.dumps({"a": n, "b": f"{text}{n}"}) for n in range(count))
    return "".join(f"{row}\n" for row in rows).encode()


FILES = {
    "plain": ({}, lines(200)),
    "a byte order mark": ({}, b"\xef\xbb\xbf" + lines(200)),
    "crlf": ({}, lines(200).replace(b"\n", b"\r\n")),
    "no final newline": ({}, lines(200)[:-1]),
    "no final newline, which must be": ({"final_newline": "require"}, lines(200)[:-1]),
    "blank lines": ({}, lines(60).replace(b"\n", b"\n\n \n")),
    "records longer than a slice": ({}, lines(20, "y" * 300)),
    "characters of several bytes": ({}, lines(80, "žluťoučký kůň")),
    "bad lines": ({}, (lines(7) + b'{"a":"x"}\n[1]\n\n{"b":1,"b":2}\n') * 12),
    "lines too long": (
        {"max_line_bytes": 100},
        (lines(7) + b'{"b":"' + b"z" * 1500 + b'"}\n') * 4,
    ),
    "latin-1": (
        {"encoding": "latin-1"},
        '{"a":1,"b":"é"}\n{"a":"é"}\n'.encode("latin-1") * 60,
    ),
}


def in_slices(bench: Bench, text: bytes, unit_bytes: int):
    member = bench.put("f.jsonl", text)
    units = plan(Batch("b", 1, "p", (member,), 0.0), unit_bytes, cut=True)
    assert len(units) > 1
    again = []

    def read(unit):
        return bench.engine.read_and_aggregate(bench.plan, unit)

    def once_more(unit):
        again.append(unit)
        return read(unit)

    results = [read(unit) for unit in units]
    limit = bench.plan.pipeline.drift.max_rejects
    return whole_files(units, results, once_more, limit), again


@pytest.mark.parametrize("unit_bytes", [100, 700])
@pytest.mark.parametrize("name", FILES)
def test_slices_are_the_file(tmp_path, name, unit_bytes):
    """
    The same rows, rejects and counts, and no slice is read twice.
    """
    options, text = FILES[name]
    chosen = {"csv": options, "drift": {"bad_row": "reject"}}
    whole, cut = bench_of(tmp_path / "w", **chosen), bench_of(tmp_path / "c", **chosen)

    expected = whole.read(whole.put("f.jsonl", text))
    found, again = in_slices(cut, text, unit_bytes)

    assert list(expected.members) == [m for result in found for m in result.members]
    assert list(expected.rejects) == [r for result in found for r in result.rejects]
    parts = tuple(part for result in found for part in result.parts)
    assert rows_of(expected.parts) == rows_of(parts)
    assert [] == again


def test_a_column_is_missing_from_a_file_not_from_a_slice(tmp_path):
    """
    Where that quarantines, a long file is not cut.
    """
    bench = bench_of(tmp_path, drift={"missing_column": "fail"})
    text = b'{"a":1}\n' * 100 + b'{"a":1,"b":"x"}\n'

    found, again = in_slices(bench, text, 100)

    (result,) = [member for part in found for member in part.members]
    assert ((101, 101, 0, 0), []) == (counts(result), again)


def test_what_a_growing_file_has_more(tmp_path):
    """
    A slice that begins and ends where records do is these records and no other.
    """
    bench = bench_of(tmp_path, drift={"bad_row": "reject"})
    text = b'{"a":1}\n{"a":2}\nno\n{"a":3}\n{"a":4'
    whole = bench.put("f.jsonl", text)
    part = replace(whole, start=8, end=27)

    found = bench.engine.read_and_aggregate(bench.plan, Unit(0, (part,)))

    assert [(2, None), (3, None)] == rows_of(found.parts)
    assert [(2, 16, b"no")] == [(r.record, r.offset, r.raw) for r in found.rejects]
    assert (8, 27, 3) == (found.piece.begin, found.piece.stop, found.piece.records)


def test_a_packed_file_is_read_with_its_first_slice(tmp_path):
    """
    It cannot be cut.
    """
    found, again = in_slices(bench_of(tmp_path), gzip.compress(lines(500), 1), 300)

    (result,) = [member for part in found for member in part.members]
    assert ((500, 500, 0, 0), []) == (counts(result), again)


def test_lineage_counts_records_of_the_file(tmp_path):
    """
    Lines that were set aside count, blank ones do not.
    """
    sink = {"url": str(tmp_path / "out"), "lineage_columns": True}
    bench = bench_of(tmp_path, sink=sink, drift={"bad_row": "reject"})

    rows, _ = bench.rows(b'{"a":1}\n\n{\n{"a":"x"}\n{"a":4}\n', b'{"a":5}\n')

    expected = [(1, "f0.csv", 1), (4, "f0.csv", 4), (5, "f1.csv", 1)]
    assert expected == [(row[0], *row[2:4]) for row in rows]


@pytest.mark.parametrize("bad_row", ["reject", "null"])
def test_transform_and_path(tmp_path, bad_row):
    """
    Expressions and columns from the path see values as they see those of CSV.
    """
    transform = {
        "select": ["a", "site", "twice"],
        "where": "a > 1 OR a IS NULL",
        "derive": {"twice": "a * 2"},
    }
    source = {**JSONL, "path_columns": r"(?P<site>[^/]+)_.*"}
    schema = {**AB, "site": "string"}
    drift = {"bad_row": bad_row}
    bench = bench_of(tmp_path, schema, source=source, transform=transform, drift=drift)
    text = b'{"a":1}\n{"a":2,"site":"file"}\n{"a":"x"}\n{"a":9223372036854775807}\n'

    found = bench.read(bench.put("north_1.jsonl", text))

    (result,) = found.members
    nulls = bad_row == "null"
    big = [(9223372036854775807, "north", None)] if nulls else []
    first = [(2, "north", 4), *([(None, "north", None)] if nulls else [])]
    assert [*first, *big] == rows_of(found.parts)
    assert (4, 3, 0, 1) if nulls else (4, 1, 2, 1) == counts(result)
    reasons = [Reason.BAD_VALUE, Reason.EXPRESSION_ERROR]
    assert ([] if nulls else reasons) == [r.reason for r in found.rejects]


def test_groups(tmp_path):
    """
    Decimals are summed exactly, over files and units.
    """
    aggregate = {
        "group_by": ["b"],
        "metrics": {"total": ["d", "sum"], "rows": ["*", "count"]},
    }
    schema = {"b": "string", "d": "decimal(10,2)", "unused": "int64"}
    bench = bench_of(tmp_path, schema, aggregate=aggregate, drift={"bad_row": "reject"})
    text = b'{"b":"x","d":0.10,"unused":"?"}\n' * 3 + b'{"d":"0.20"}\n{"d":"x"}\n'

    frame = bench.groups([text, text], [text])

    expected = {None: (Decimal("0.60"), 3), "x": (Decimal("0.90"), 9)}
    assert expected == {
        row["b"]: (row["total"], row["rows"]) for row in frame.to_dicts()
    }


def test_a_function_of_the_user(tmp_path):
    """
    It gets the rows as those of any other file.
    """
    transform = {"python": "tests.conformance.own_functions:backwards"}
    bench = bench_of(tmp_path, transform=transform)

    rows, (result,) = bench.rows(b'{"a":1,"b":"x"}\n{"b":"y"}\n')

    assert ("", Outcome.READ) == (result.reason, result.outcome)
    assert [(None, "y"), (1, "x")] == rows


def test_partitions(tmp_path):
    """
    Folders are named by values.
    """
    sink = {"url": str(tmp_path / "out"), "partition_by": ["b"]}
    bench = bench_of(tmp_path, sink=sink)

    found = bench.read(bench.put("f.jsonl", lines(3)))

    assert ["b=x0", "b=x1", "b=x2"] == sorted(
        part.name.split("/")[0] for part in found.parts
    )


def test_columns_that_held_only_nulls(tmp_path):
    """
    A value in one of them stops the attempt; none, and it is left out.
    """
    bench = bench_of(tmp_path, {"a": "int64", "b": "null"})

    quiet, _ = bench.rows(b'{"a":1,"b":null}\n{"a":2}\n')
    stopped = bench.read(bench.put("g.jsonl", b'{"a":1}\n{"b":1.5}\n'))

    assert [(1,), (2,)] == quiet
    assert {"b": ("1.5",)} == stopped.outgrown


KEYS = st.sampled_from(["a", "b", "c", "d", "e", '"', "\\", "A ", "", "é"])
TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=6)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
NESTED = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2)
    ),
    max_leaves=4,
)
RECORDS = st.lists(st.dictionaries(KEYS, NESTED, max_size=6), min_size=1, max_size=12)


def written(record, choice: random.Random) -> str:
    """
    Return *record* as some writer might write it.
    """
    between = choice.choice([(",", ":"), (", ", ": "), (" ,\t", " : ")])
    ascii_only = choice.random() < 0.5
    return json.dumps(record, ensure_ascii=ascii_only, separators=between)


def as_text(value, text: str | None = None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


@settings(max_examples=60, deadline=None)
@given(records=RECORDS, seed=st.integers(0, 9999))
def test_random_records_are_what_the_standard_library_reads(
    tmp_path_factory, records, seed
):
    """
    Whole, and cut at any place.
    """
    choice = random.Random(seed)
    names = ["a", "b", "c", "e", '"', "é"]
    bench = bench_of(
        tmp_path_factory.mktemp("r"),
        dict.fromkeys(names, "string"),
        drift={"bad_row": "reject", "match_case": True},
    )
    text = "".join(
        written(r, choice) + choice.choice(["\n", "\r\n", "\n\n"]) for r in records
    )
    raw = text.encode()
    expected = [
        tuple(as_text(r.get(name)) for name in names)
        for r in map(json.loads, filter(str.strip, text.split("\n")))
    ]
    member = bench.put("f.jsonl", raw)
    border = choice.randrange(len(raw) + 1)
    pieces = [(0, border), (border, len(raw))]
    slices = [replace(member, start=i, end=j) for i, j in pieces if i < j]

    whole = frame_of(bench.read(member).parts).rows()
    cut = [row for s in slices for row in rows_of(bench.read(s).parts)]

    def plain(row):
        # Objects and arrays keep their own text, blanks and escapes included.
        return tuple(
            json.loads(v) if v and v[0] in "{[" and _is_json(v) else v for v in row
        )

    assert list(map(plain, expected)) == list(map(plain, whole))
    assert whole == cut


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_a_stretch_of_a_growing_file(tmp_path):
    """
    Numbers are those of the file; a trace among the lines sets itself aside alone.
    """
    sink = {"url": str(tmp_path / "out"), "lineage_columns": True}
    bench = bench_of(tmp_path, sink=sink, drift={"bad_row": "reject"})
    first, text = b'{"a":1}\n\n{"a":2}\n', b'Traceback:\n{"b":"x"}\n'
    path = bench.root / "app.log"
    path.write_bytes(first + text + b'{"a":')
    with path.open("rb") as file:
        head, tail = ends(file.fileno(), len(first), len(text))
        lone = ends(file.fileno(), len(first), 11)
    where = Stretch(1, len(first), b"app.log", b"", records=2, lines=3)

    def part(number, size, marks):
        mark = Fingerprint(size, 1, 0, 0, "", *marks)
        return Member(FileRef(number, "p", b"app.log", mark, where), 0, size)

    found = bench.read(part(1, len(text), (head, tail)), part(2, 11, lone))

    assert [(None, "x", "app.log", 4)] == [row[:4] for row in rows_of(found.parts)]
    place = (3, 4, len(first), b"Traceback:")
    assert [place] * 2 == [(r.record, r.line, r.offset, r.raw) for r in found.rejects]
    assert [""] * 2 == [m.reason for m in found.members]
    assert [""] * 2 == [m.detail for m in found.members]
