"""
Packed files as data: told by content, read whole, or set aside alone.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile

import polars as pl
import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from ingestd.run import member_text
from ingestd.run.unpack import Packing
from tests.conformance.engine_kit import Bench, engine_fixture, rows_of  # noqa: F401 - fixture
from tests.packed import (
    PACK,
    SUFFIX,
    Zip,
    gzipped,
    skipped,
    xz,
    zip_of,
    zipped,
    zstandard,
)

ABC = {"a": "int64", "b": "float64", "c": "string"}
HEAD = b"a,b,c\n"
CSV = HEAD + b"1,2.5,x\n2,3.5,y\n"
X = (1, 2.5, "x")
Y = (2, 3.5, "y")
LONG = HEAD + b"".join(b"%d,%d.5,%d\n" % (i, i, i) for i in range(100_000))
EACH = pytest.mark.parametrize("kind", list(Packing))


@pytest.fixture(name="bench")
def bench_fixture(engine, tmp_path):
    return Bench(engine, tmp_path, ABC)


def names(kind: Packing) -> list[str]:
    """
    The right suffix, small and large, wrong ones, and none.
    """
    wrong = [suffix for suffix in SUFFIX.values() if suffix != SUFFIX[kind]]
    right = [f"f.csv{SUFFIX[kind]}", f"f.CSV{SUFFIX[kind].upper()}"]
    return [*right, "f.csv", "f", *(f"f.csv{suffix}" for suffix in wrong)]


NAMES = [(kind, name) for kind in Packing for name in names(kind)]


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_what_a_file_is_called_does_not_matter(bench, kind, name):
    """
    The same rows come of it under every name.
    """
    found = bench.read(bench.put(name, PACK[kind](CSV)))

    assert [X, Y] == rows_of(found.parts)
    assert [Outcome.READ] == [member.outcome for member in found.members]


@pytest.mark.parametrize("suffix", SUFFIX.values())
def test_plain_text_may_be_called_packed(bench, suffix):
    """
    A file that was unpacked on its way kept its name.
    """
    found = bench.read(bench.put(f"f.csv{suffix}", CSV))

    assert [X, Y] == rows_of(found.parts)


GOOD = {
    "gzip, two members": gzipped(HEAD + b"1,2.5,x\n") + gzipped(b"2,3.5,y\n"),
    "gzip, cut within a row": gzipped(CSV[:9]) + gzipped(CSV[9:]),
    "gzip, zero padding": gzipped(CSV) + bytes(100),
    "zstd, two frames": zstandard(CSV[:9]) + zstandard(CSV[9:], checksum=False),
    "zstd, skippable frames": skipped() + zstandard(CSV) + skipped(kind=15),
    "bzip2, two streams": bz2.compress(CSV[:9]) + bz2.compress(CSV[9:]),
    "xz, two streams": xz(CSV[:9]) + bytes(4) + xz(CSV[9:], lzma.CHECK_SHA256),
    "zip, in a folder": zipped(("d/", b""), ("d/a.csv", CSV)),
    "zip, by macOS": zipped(("a.csv", CSV), ("__MACOSX/._a.csv", b"\0\5\26\7")),
    "zip, stored": zipped(("a.csv", CSV), method=zipfile.ZIP_STORED),
    "zip, zstd": bytes(Zip(CSV, zstandard(CSV), method=93)),
    "byte order mark": zstandard(b"\xef\xbb\xbf" + CSV),
    "crlf": bz2.compress(CSV.replace(b"\n", b"\r\n")),
    "blank lines": xz(CSV.replace(b"\n", b"\n\n")),
}


@pytest.mark.parametrize("case", GOOD)
def test_all_content_of_a_packed_file_is_read(bench, case):
    """
    Every stream of it, and the one file of an archive.
    """
    rows, (result,) = bench.rows(GOOD[case])

    assert [X, Y] == rows
    assert (Outcome.READ, 2, 2) == (result.outcome, result.rows_in, result.rows_out)


@EACH
@pytest.mark.parametrize("text", [b"", HEAD, HEAD[:-1]], ids=repr)
def test_a_packed_file_may_have_no_rows(bench, kind, text):
    """
    Nothing, packed, is no rows, and no fault.
    """
    rows, (result,) = bench.rows(PACK[kind](text))

    assert ([], Outcome.READ, 0) == (rows, result.outcome, result.rows_in)


@EACH
def test_a_long_packed_file_is_read_beside_others(bench, kind):
    """
    One that is parsed from a file of our own, between two that fit in memory.
    """
    found = bench.read(
        bench.put("a.csv", CSV),
        bench.put("b.csv", PACK[kind](LONG)),
        bench.put("c.csv", PACK[kind](CSV)),
    )

    assert [2, 100_000, 2] == [member.rows_out for member in found.members]
    rows = rows_of(found.parts)
    assert 100_004 == len(rows)
    assert (99_999, 99_999.5, "99999") == max(rows)


@EACH
def test_what_outgrows_memory_is_unpacked_into_staging(
    engine, tmp_path, monkeypatch, kind
):
    """
    And nothing but the part is left there.
    """
    monkeypatch.setattr("ingestd.run.unpack.spools.IN_MEMORY", 1 << 16)
    bench = Bench(engine, tmp_path, ABC)

    found = bench.read(bench.put("f", PACK[kind](LONG)))

    assert 100_000 == found.members[0].rows_in
    assert [found.parts[0].name] == [p.name for p in bench.staging.iterdir()]


@EACH
def test_text_in_another_encoding_may_be_packed(engine, tmp_path, kind):
    """
    It is unpacked, then decoded.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"encoding": "utf-16"}})

    rows, _ = bench.rows(PACK[kind]("a,b,c\n1,2.5,ž\n".encode("utf-16")))

    assert [(1, 2.5, "ž")] == rows


def damaged(packed: bytes) -> bytes:
    middle = len(packed) // 2
    return packed[:middle] + bytes([packed[middle] ^ 0x55]) + packed[middle + 1 :]


ROWS = HEAD + b"1,2.5,x\n" * 100
BAD = {
    **{f"{kind}, cut": PACK[kind](ROWS)[:-1] for kind in Packing},
    **{f"{kind}, damaged": damaged(PACK[kind](ROWS)) for kind in Packing},
    **{f"{kind}, garbage behind": PACK[kind](ROWS) + b"garbage" for kind in Packing},
    **{f"{kind}, twice": PACK[kind](gzipped(ROWS)) for kind in Packing},
    **{f"{kind}, of a PDF": PACK[kind](b"%PDF-1.7\n") for kind in Packing},
    "gzip, mark alone": b"\x1f\x8b",
    "gzip, half a mark": b"\x1f",
    "gzip, a wrong size": gzip.compress(ROWS)[:-4] + b"\1\0\0\0",
    "zip, two files": zipped(("a.csv", ROWS), ("b.csv", ROWS)),
    "zip, no file": zipped(),
    "zip, encrypted": bytes(Zip(ROWS, flags=1)),
    "zip, LZMA": zipped(("a.csv", ROWS), method=zipfile.ZIP_LZMA),
    "zip, a wrong checksum": bytes(Zip(ROWS, changed={"crc": 1})),
    "xlsx": zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "program": b"MZ\x90\x00\x03\x00\x00\x00",
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "LZMA": lzma.compress(ROWS, lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_packed_file_is_set_aside_and_its_neighbours_are_read(bench, case):
    """
    None of its rows is written, and nothing else suffers.
    """
    rows, results = bench.rows(CSV, BAD[case], zip_of(CSV))

    assert [X, Y, X, Y] == rows
    assert ["", Reason.BAD_COMPRESSION, ""] == [result.reason for result in results]
    assert (0, 0) == (results[1].rows_in, results[1].rows_out)
    assert results[1].detail


def test_parquet_is_no_csv(bench, tmp_path):
    """
    Under whatever name it came in.
    """
    pl.DataFrame({"a": [1], "b": [2.5]}).write_parquet(tmp_path / "f")

    rows, results = bench.rows((tmp_path / "f").read_bytes(), CSV)

    assert [X, Y] == rows
    assert [Reason.BAD_COMPRESSION, ""] == [result.reason for result in results]
    assert "Parquet" in results[0].detail


@EACH
def test_a_damaged_mark_makes_no_other_rows(bench, kind):
    """
    What is not told to be packed any more is no CSV either.
    """
    packed = PACK[kind](ROWS)
    for at in range(10):
        flipped = bytearray(packed)
        flipped[at] ^= 1
        rows, (result,) = bench.rows(bytes(flipped))
        expected = [] if result.outcome is Outcome.QUARANTINED else [X] * 100
        assert expected == rows, at


@EACH
@pytest.mark.parametrize("ratio", [10, 10**9])
def test_a_bomb_is_set_aside_and_its_neighbours_are_read(
    engine, tmp_path, monkeypatch, kind, ratio
):
    """
    By its ratio, and by its size whatever ratio is allowed.
    """
    monkeypatch.setattr("ingestd.run.unpack.bounds.ALWAYS_ALLOWED", 1 << 16)
    monkeypatch.setattr("ingestd.run.unpack.bounds.MAX_UNPACKED", 1 << 19)
    bench = Bench(engine, tmp_path, ABC, {"csv": {"max_unpack_ratio": ratio}})

    bomb = PACK[kind](HEAD + b"1,2.5,x\n" * 100_000)
    rows, results = bench.rows(CSV, bomb, PACK[kind](CSV))

    assert [X, Y, X, Y] == rows
    assert ["", Reason.UNPACKS_TOO_LARGE, ""] == [result.reason for result in results]
    assert [] == [p for p in bench.staging.iterdir() if p.suffix != ".parquet"]


@EACH
def test_a_file_that_is_written_anew_while_it_is_unpacked_is_changed(
    bench, monkeypatch, kind
):
    """
    Neither rows of two versions nor a damaged file, whatever was met meanwhile.
    """
    real = member_text.unpack
    packed = PACK[kind](LONG)
    for halved in (False, True):
        member = bench.put("f.csv", packed)

        def unpack(fd, *arguments, halved=halved):
            with (bench.root / "f.csv").open("r+b") as file:
                file.truncate(len(packed) // 2 if halved else len(packed))
                file.write(packed[:1])
            return real(fd, *arguments)

        monkeypatch.setattr(member_text, "unpack", unpack)
        found = bench.read(member)

        assert [Outcome.CHANGED] == [result.outcome for result in found.members]
        assert () == found.parts


@EACH
def test_a_schema_is_inferred_from_packed_files(bench, kind):
    """
    Also where the pipeline's first files are packed.
    """
    members = (
        bench.put("a.csv", PACK[kind](LONG)[:-1]),
        bench.put("b.csv", PACK[kind](b"k,v\nx,1\n")),
        bench.put("c.csv", PACK[kind](b"v,k\n2.5,x\n")),
    )

    schema = bench.engine.infer(bench.plan.pipeline, str(bench.root), members)

    assert {"k": "string", "v": "float64"} == dict(schema.columns)
