"""
A file that is read in slices is the file: the same rows, rejects and counts.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.batch.plan import plan
from ingestd.errors import Reason
from ingestd.model import Batch, Outcome
from ingestd.run.slices import whole_files
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    engine_fixture,
    rows_of,
)

ABC = {"a": "int64", "b": "float64", "c": "string"}


def lines(count: int, text: str = "x") -> str:
    return "".join(f"{n},{n}.5,{text}{n}\n" for n in range(count))


def quoted(count: int) -> str:
    return "".join(f'{n},{n}.5,"line {n}\n{n},{n}.5,no row\n"\n' for n in range(count))


FILES = {
    "plain": ({}, "a,b,c\n" + lines(200)),
    "no final newline": ({}, "a,b,c\n" + lines(200)[:-1]),
    "crlf": ({}, ("a,b,c\n" + lines(200)).replace("\n", "\r\n")),
    "cr": ({}, ("a,b,c\n" + lines(100)).replace("\n", "\r")),
    "a header longer than a slice": ({}, f'a,b,"{"c" * 500}"\n' + lines(100)),
    "records longer than a slice": ({}, "a,b,c\n" + lines(20, "y" * 300)),
    "newlines in quotes": ({}, "a,b,c\n" + quoted(100)),
    "quotes, and none": ({}, "a,b,c\n" + quoted(30) + lines(50) + quoted(30)),
    "one long quoted field": (
        {},
        "a,b,c\n" + lines(20) + '1,2.5,"' + lines(60) + '"\n' + lines(20),
    ),
    "escapes": (
        {"escape": "\\"},
        "a,b,c\n" + "".join(f'{n},{n}.5,"\\"\n{n}\\\\"\n' for n in range(80)),
    ),
    "comments and blank lines": (
        {"comment": "#"},
        "# no\na,b,c\n" + (lines(5) + '# "\n\n') * 40,
    ),
    "a long delimiter": (
        {"delimiter": "||"},
        ("a,b,c\n" + lines(150)).replace(",", "||"),
    ),
    "no header": ({"header": False}, lines(200)),
    "a preamble": ({"skip_rows": 3}, 'one\n"two\n\na,b,c\n' + lines(100)),
    "bad rows": ({}, "a,b,c\n" + (lines(9) + "1,2\nz,1,\n" + '1,2,x"\n') * 12),
    "broken quotes over lines": (
        {},
        "a,b,c\n" + (lines(7) + '1,2.5,"x\n2,3.5,y\n3,4.5,"z"\n') * 20,
    ),
    "a last record over slices, cut behind its quote": (
        {"final_newline": "require"},
        "a,b,c\n" + lines(40) + '1,2.5,"' + "x\n" * 800 + '"',
    ),
    "a byte order mark": ({}, "\ufeffa,b,c\n" + lines(100)),
    "characters of several bytes": ({}, "a,b,c\n" + lines(100, "žluťoučký kůň")),
    "utf-16": ({"encoding": "utf-16"}, "a,b,c\n" + lines(100)),
    "latin-1": ({"encoding": "latin-1"}, "a,b,c\n" + lines(100, "Größe é")),
    "cp1252, quoted": (
        {"encoding": "cp1252"},
        "a,b,c\n"
        + (quoted(9) + "1,2.5,“é”\n1,2\n1,2.5,\udc81\n").replace("no", "ñö") * 9,
    ),
    "cp1250, cr": (
        {"encoding": "cp1250"},
        ("a,b,c\n" + lines(120, "ťž") + "1,2,3,ř\n").replace("\n", "\r"),
    ),
}


def in_slices(bench: Bench, text: bytes, unit_bytes: int):
    member = bench.put("f.csv", text)
    batch = Batch("b", 1, "p", (member,), 0.0)
    units = plan(batch, unit_bytes, cut=True)
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
def test_slices_are_the_file(engine, tmp_path, name, unit_bytes):
    """
    Wherever the borders lie: within quotes, records, the header, or a character.
    """
    options, text = FILES[name]
    content = text.encode(options.get("encoding", "utf-8"), "surrogateescape")
    names = ["a", "b", "c" * 500 if "a header" in name else "c"]
    schema = dict(zip(names, ABC.values(), strict=True))
    settings = {"csv": options, "drift": {"bad_row": "reject"}}
    whole = Bench(engine, tmp_path / "whole", schema, settings)
    cut = Bench(engine, tmp_path / "cut", schema, settings)

    expected = whole.read(whole.put("f.csv", content))
    found, _ = in_slices(cut, content, unit_bytes)

    members = [member for result in found for member in result.members]
    assert list(expected.members) == members
    rejects = [reject for result in found for reject in result.rejects]
    assert list(expected.rejects) == rejects
    parts = [part for result in found for part in result.parts]
    assert rows_of(expected.parts) == rows_of(tuple(parts))


def test_a_border_within_quotes_is_read_again(engine, tmp_path):
    """
    Where the guess was wrong, and nowhere else.
    """
    settings = {"drift": {"bad_row": "reject"}}
    bench = Bench(engine, tmp_path, ABC, settings)
    text = "a,b,c\n" + lines(200) + '1,2.5,"' + lines(300) + '"\n' + lines(200)

    found, again = in_slices(bench, text.encode(), 2000)

    assert 401 == sum(m.rows_out for r in found for m in r.members)
    assert 1 <= len(again) <= 3
    _, none = in_slices(bench, ("a,b,c\n" + lines(400)).encode(), 2000)
    assert [] == none


@pytest.mark.parametrize("aggregate", [False, True])
def test_a_fault_in_one_slice_sets_the_file_aside(engine, tmp_path, aggregate):
    """
    Nothing of the other slices is kept.
    """
    settings = {"drift": {"bad_row": "fail"}}
    if aggregate:
        settings["aggregate"] = {"group_by": ["a"], "metrics": {"m": ["b", "max"]}}
    bench = Bench(engine, tmp_path, ABC, settings)

    found, _ = in_slices(bench, ("a,b,c\n" + lines(300) + "1\n").encode(), 500)

    (member,) = [m for result in found for m in result.members]
    assert (Outcome.QUARANTINED, Reason.TOO_FEW_FIELDS) == (
        member.outcome,
        member.reason,
    )
    assert [] == [result for result in found if result.parts or result.partial]


def test_rejects_of_all_slices_count_against_the_limit(engine, tmp_path):
    """
    Few in each slice are too many together.
    """
    settings = {"drift": {"bad_row": "reject", "max_rejects": 10}}
    bench = Bench(engine, tmp_path, ABC, settings)

    found, _ = in_slices(bench, ("a,b,c\n" + (lines(9) + "1\n") * 11).encode(), 200)

    (member,) = [m for result in found for m in result.members]
    assert Reason.TOO_MANY_REJECTS == member.reason
    assert "record 10 in line 11" in member.detail
    assert (0, 0, 0) == (member.rows_in, member.rows_out, member.rows_rejected)


def test_a_packed_file_is_read_with_its_first_slice(engine, tmp_path):
    """
    Packed, whatever its name: it cannot be cut.
    """
    bench = Bench(engine, tmp_path, ABC)
    text = ("a,b,c\n" + lines(500)).encode()

    found, again = in_slices(bench, gzip.compress(text, 1), 300)

    (member,) = [m for result in found for m in result.members]
    assert (500, 500) == (member.rows_in, member.rows_out)
    assert [] == again


def test_a_file_that_changes_between_two_slices_is_changed(engine, tmp_path):
    """
    No row of the first slices is kept.
    """
    bench = Bench(engine, tmp_path, ABC)
    member = bench.put("f.csv", ("a,b,c\n" + lines(300)).encode())
    units = plan(Batch("b", 1, "p", (member,), 0.0), 500, cut=True)
    results = [bench.engine.read_and_aggregate(bench.plan, unit) for unit in units[:2]]
    bench.put("f.csv", b"a,b,c\n1,2.5,x\n")
    results += [bench.engine.read_and_aggregate(bench.plan, u) for u in units[2:]]

    def again(unit):
        return bench.engine.read_and_aggregate(bench.plan, unit)

    found = whole_files(units, results, again, 1000)

    assert [Outcome.CHANGED] == [m.outcome for r in found for m in r.members]
    assert [] == [part for result in found for part in result.parts]


def test_groups_of_slices_are_those_of_the_file(engine, tmp_path):
    """
    Partials of slices merge like those of files, first and last in order.
    """
    spec = {
        "group_by": ["c"],
        "metrics": {"f": ["a", "first"], "l": ["a", "last"], "s": ["b", "sum"]},
    }
    settings = {"aggregate": spec, "drift": {"bad_row": "reject"}}
    bench = Bench(engine, tmp_path, ABC, settings)
    text = "a,b,c\n" + "".join(f"{n},{n}.5,k{n % 3}\n" for n in range(300)) + "bad\n"

    found, _ = in_slices(bench, text.encode(), 400)

    partials = [r.partial for r in found if r.partial is not None]
    parts = bench.engine.combine(bench.plan, partials)
    assert [
        (f"k{k}", k, 297 + k, sum(n + 0.5 for n in range(k, 300, 3)), 100)
        for k in range(3)
    ] == rows_of(parts)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_each_slice_has_records_of_its_own(engine, tmp_path, encoding):
    """
    Also where single bytes have to be decoded: else one worker would read it all.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"encoding": encoding}})

    found, again = in_slices(
        bench, ("a,b,c\n" + lines(400, "é")).encode(encoding), 2000
    )

    records = [result.piece.records for result in found]
    assert 400 == sum(records)
    assert min(records) > 0
    assert [] == again
