"""
Every file of the suite, cut off at every byte, as a writer's death may leave it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import pytest

from ingestd.config import Csv
from ingestd.errors import Reason
from ingestd.model import Outcome
from ingestd.run.faults import Fault
from ingestd.run.header import look
from ingestd.run.text.decode import decoded, is_utf8
from ingestd.run.text.emit import plain_for
from ingestd.run.text.sieve import Sieve
from ingestd.run.text.unsound import Rules
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    engine_fixture,
    frame_of,
    rows_of,
)
from tests.conformance.test_engine_content import ABC, BAD, GOOD, HEAD
from tests.conformance.test_engine_dialects import DIALECTS, WRONG
from tests.conformance.test_engine_rejects import BAD_ROWS
from tests.conformance.test_engine_slices import in_slices
from tests.fuzz.reference import lines_of

MAGIC = b"\x1f\x8b"
SLICE = 16  # bytes

TEXTS = {
    **{f"good: {name}": ({}, text) for name, (text, _) in GOOD.items()},
    **{f"bad: {name}": ({}, text) for name, (text, _) in BAD.items()},
    **{f"rows: {name}": ({}, HEAD + text) for name, (text, *_) in BAD_ROWS.items()},
    **{f"dialect: {name}": case[:2] for name, case in DIALECTS.items()},
    **{f"wrong: {name}": case[:2] for name, case in WRONG.items()},
}


@dataclass(frozen=True)
class Read:
    """
    What became of one file: its *result*, and by the record's number what it is.
    """

    result: object
    items: dict[int, tuple]


def read_all(bench: Bench, texts: dict[int, bytes]) -> dict[int, Read]:
    """
    Read *texts* as one unit.
    """
    members = {k: bench.put(f"{k:05}.csv", text) for k, text in texts.items()}
    found = bench.read(*members.values())
    results = {result.file_id: result for result in found.members}
    items: dict[str, dict[int, tuple]] = {f"{k:05}.csv": {} for k in texts}
    for *row, file, record, _ in frame_of(found.parts).iter_rows():
        assert record not in items[file]
        items[file][record] = ("row", *row)
    for reject in found.rejects:
        place = (reject.line, reject.offset, reject.column, reject.reason, reject.raw)
        assert reject.record not in items[reject.path.decode()]
        items[reject.path.decode()][reject.record] = ("reject", *place)
    return {
        k: Read(results[member.file.id], items[f"{k:05}.csv"])
        for k, member in members.items()
    }


def plain_text(text: bytes, options: Csv, *, cut: bool) -> bytes:
    """
    Return *text* unpacked and decoded, without what is left of a character that is cut.
    """
    while text.startswith(MAGIC):
        unpacked = zlib.decompressobj(31)
        first = unpacked.decompress(text)
        rest = unpacked.unused_data
        text = first + (plain_text(rest, options, cut=cut) if MAGIC in rest else b"")
    if is_utf8(options.encoding):
        return text
    return decoded(text, options.encoding, final=not cut)


def behind_header(text: bytes, options: Csv, cut: int) -> int:
    """
    Return how many bytes of *text* are left behind the header at byte *cut*, -1 if the
    header is cut.
    """
    size = len(plain_text(text[:cut], options, cut=True))
    text = plain_text(text, options, cut=False)
    return size - look(text, len(text), options).end


def records_within(text: bytes, options: Csv, cut: int) -> int:
    """
    Return how many records of *text* end at byte *cut* or before it, by the reference.
    """
    size = len(plain_text(text[:cut], options, cut=True))
    text = plain_text(text, options, cut=False)
    try:
        header = look(text, len(text), options)
    except Fault:
        return 0
    body, count = text[header.end :], 0
    for line in lines_of(body, header.dialect):
        if header.end + line.after > size:
            break
        if line.fields is not None:
            # Of a record with a quote out of place each line counts.
            lines = body[line.start : line.after].split(b"\n")
            count += 1 if line.sound else sum(bool(x.strip(b"\r")) for x in lines)
    return count


@pytest.mark.parametrize("final_newline", ["accept", "require"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_cut_loses_and_doubles_nothing(
    engine, tmp_path, name, final_newline
):
    """
    The engine raises nothing; records before the cut are as they were; what is left of
    the last one is set aside where it is malformed, and always if its line end is
    required.
    """
    options, text = TEXTS[name]
    bench = Bench(
        engine,
        tmp_path,
        ABC,
        {
            "csv": options | {"final_newline": final_newline},
            "drift": {"bad_row": "reject"},
            "sink": {"url": str(tmp_path / "out"), "lineage_columns": True},
        },
    )
    csv = bench.plan.pipeline.csv

    found = read_all(bench, {k: text[:k] for k in range(len(text) + 1)})

    whole = found[len(text)]
    for cut, read in found.items():
        result, items = read.result, read.items
        if result.outcome is not Outcome.READ:
            assert result.outcome is Outcome.QUARANTINED
            assert result.reason in Reason
            assert {} == items
            assert may_be_quarantined(text, csv, cut, whole.result), cut
            continue
        rows = sum(item[0] == "row" for item in items.values())
        assert (len(items), rows) == (result.rows_in, result.rows_out), cut
        assert list(range(1, len(items) + 1)) == sorted(items), cut
        if not csv.skip_footer and whole.result.outcome is Outcome.READ:
            check_before(cut, items, whole.items, records_within(text, csv, cut), csv)


def may_be_quarantined(text, csv, cut, whole) -> bool:
    """
    Tell whether a file that is cut there may be quarantined whole: not where the whole
    file is read, and its header is there.
    """
    if whole.outcome is not Outcome.READ or text.startswith(MAGIC):
        return True
    return behind_header(text, csv, cut) <= 0


def check_before(cut, items, whole, within, csv) -> None:
    """
    Assert that the first *within* records are those of the *whole*, and that what is
    behind them is set aside where it must be.
    """
    before = {n: item for n, item in items.items() if n <= within}
    assert {n: whole[n] for n in range(1, within + 1)} == before, cut
    if csv.final_newline == "require":
        left = [item[0] for n, item in items.items() if n > within]
        assert ["reject"] * len(left) == left, cut


SLICED = {
    "plain": ({}, b"a,b,c\n1,2.5,x\n2,3.5,yy\n3,4.5,zzz\n4,5.5,x\n"),
    "cr": ({}, b"a,b,c\r1,2.5,x\r2,3.5,yy\r3,4.5,zzz\r4,5.5,x\r"),
    "quotes, crlf": (
        {},
        b'a,b,c\r\n1,2.5,"x\r\n1,1,1\r\n""x"\r\n2,3.5,"y\r\n2,2,2\r\n"\r\n3,4,z\r\n',
    ),
    "escapes, comments": (
        {"escape": "\\", "comment": "#"},
        b'a,b,c\n1,2.5,"x\\"\n#,"\n# "no\n2,3.5,x\\\ny\n3,4.5,"\\\\"\n4,5.5,\\,\n',
    ),
    "a long delimiter": (
        {"delimiter": "||"},
        b'a||b||c\n1||2.5||"x||\n1||2"\n2||3.5||y|\n3||4.5||"z\n\n"\n',
    ),
    "bad rows": (
        {},
        b'a,b,c\n1,2\n1,2.5,"x\n2,3.5,y\n3,4.5,"z"\nz,1,\n4,5,x,\n5,6,u\n',
    ),
}


@pytest.mark.parametrize("final_newline", ["accept", "require"])
@pytest.mark.parametrize("name", SLICED)
def test_a_file_that_is_cut_is_the_same_in_slices(
    engine, tmp_path, name, final_newline
):
    """
    Wherever it is cut, and wherever the borders of its slices lie then: rows, rejects
    and counts are those of the file that is read by one.
    """
    options, text = SLICED[name]
    settings = {
        "csv": options | {"final_newline": final_newline},
        "drift": {"bad_row": "reject"},
    }
    whole = Bench(engine, tmp_path / "whole", ABC, settings)
    cut = Bench(engine, tmp_path / "cut", ABC, settings)

    for size in range(SLICE + SLICE // 2 + 1, len(text) + 1):
        expected = whole.read(whole.put("f.csv", text[:size]))
        found, _ = in_slices(cut, text[:size], SLICE)

        members = [member for result in found for member in result.members]
        assert list(expected.members) == members, size
        rejects = [reject for result in found for reject in result.rejects]
        assert list(expected.rejects) == rejects, size
        parts = tuple(part for result in found for part in result.parts)
        assert rows_of(expected.parts) == rows_of(parts), size


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_split_loses_and_doubles_nothing(name):
    """
    At every byte: the records that begin before it, and those from where they stop on.
    """
    options, text = TEXTS[name]
    csv = Csv(**options)
    try:
        text = plain_text(text, csv, cut=False)
        header = look(text, len(text), csv)
    except (Fault, zlib.error):
        return
    dialect, start = header.dialect, header.end

    def sifted(begin: int, until: int) -> tuple[Sieve, bytes]:
        plain = plain_for(dialect, text, start, len(text))
        sieve = Sieve(dialect, plain, Rules(len(ABC), 1000))
        pieces = sieve.pieces(text, begin, len(text), until=until)
        return sieve, b"".join(pieces)

    whole, written = sifted(start, len(text))
    for border in range(start, len(text) + 1):
        first, before = sifted(start, border)
        second, behind = sifted(first.stop, len(text))

        assert written == before + behind
        assert whole.rows == first.rows + second.rows
        assert whole.lines == first.lines + second.lines
        places = [(a.offset, a.raw) for a in [*first.aside, *second.aside]]
        assert [(a.offset, a.raw) for a in whole.aside] == places
