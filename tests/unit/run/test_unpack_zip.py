"""
Zip archives: one file and nothing doubtful, else a Fault that says what was found.
"""

from __future__ import annotations

import bz2
import io
import os
import struct
import zipfile

import pytest

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.unpack import streams
from ingestd.run.unpack.zips import unzipped
from tests.packed import Zip, deflated, skipped, xz, zip_of, zipped, zstandard

CSV = b"a,b,c\n" + b"".join(b"%d,%d.5,x%d\n" % (i, i * 7 % 13, i) for i in range(60))
FILE = ("a.csv", CSV)


def content_of(archive: bytes) -> bytes:
    fd = os.memfd_create("test")
    try:
        os.write(fd, archive)
        return b"".join(unzipped(fd, len(archive)))
    finally:
        os.close(fd)


def fault_of(archive: bytes) -> str:
    with pytest.raises(Fault) as caught:
        content_of(archive)
    assert Reason.BAD_COMPRESSION == caught.value.reason
    return caught.value.detail


def wide_archive() -> bytes:
    """
    An archive whose every size is written in 64 bits.
    """
    target = io.BytesIO()
    archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("a.csv", "w", force_zip64=True) as file:
        file.write(CSV)
    return target.getvalue()


WIDE_ENTRY = {
    "size": 0xFFFFFFFF,
    "packed_size": 0xFFFFFFFF,
    "at": 0xFFFFFFFF,
    "wide": 1,
}


def wide_extra(size: int, packed_size: int, at: int, *, before: bytes = b"") -> bytes:
    return before + struct.pack("<2H3Q", 1, 24, size, packed_size, at)


PACKED = len(deflated(CSV))
GOOD = {
    "one file": zipped(FILE),
    "any name": zipped(("žluť/\n.txt", CSV)),
    "in a folder": zipped(("data/", b""), ("data/a.csv", CSV)),
    "beside a folder": zipped(FILE, ("data/", b"")),
    "packed by macOS": zipped(
        FILE,
        ("__MACOSX/", b""),
        ("__MACOSX/._a.csv", b"\0\5\x16\7"),
        (".DS_Store", b"x"),
    ),
    "a resource fork beside it": zipped(("._a.csv", b"\0\5\x16\7"), FILE),
    "stored": zipped(FILE, method=zipfile.ZIP_STORED),
    "bzip2": zipped(FILE, method=zipfile.ZIP_BZIP2),
    "bzip2, streams": bytes(
        Zip(CSV, bz2.compress(CSV[:9]) + bz2.compress(CSV[9:]), method=12)
    ),
    "zstd": bytes(Zip(CSV, skipped() + zstandard(CSV), method=93)),
    "xz": bytes(Zip(CSV, xz(CSV), method=95)),
    "sizes behind the file": zipped(FILE, seekable=False),
    "a comment": zipped(FILE, comment=b"said"),
    "a comment like an end": zipped(FILE, comment=b"PK\5\6" * 9),
    "the longest comment": zipped(FILE, comment=b"x" * 65535),
    "64 bit": wide_archive(),
    "64 bit in the directory": bytes(
        Zip(CSV, changed=WIDE_ENTRY | {"extra": wide_extra(len(CSV), PACKED, 0)})
    ),
    "64 bit behind another extra": bytes(
        Zip(
            CSV,
            changed=WIDE_ENTRY
            | {"extra": wide_extra(len(CSV), PACKED, 0, before=b"UT\1\0x")},
        )
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_an_archive_of_one_file_is_that_file(case):
    """
    However it was written, and whatever is beside it that nobody packed.
    """
    assert CSV == content_of(GOOD[case])


def test_an_archive_of_an_empty_file_is_empty():
    """
    Nothing is the content of nothing.
    """
    assert b"" == content_of(zip_of(b""))
    assert b"" == content_of(zipped(("a.csv", b""), method=zipfile.ZIP_STORED))


BAD = {
    "two files": (zipped(FILE, ("b.csv", CSV)), "holds 'a.csv', 'b.csv', expected one"),
    "many files": (
        zipped(*((f"{i}.csv", CSV) for i in range(9))),
        "holds '0.csv', '1.csv', '2.csv', …, expected one",
    ),
    "no file": (zipped(), "holds no file"),
    "folders alone": (zipped(("a/", b""), ("a/b/", b"")), "holds no file"),
    "what macOS adds alone": (zipped(("__MACOSX/._a.csv", b"x")), "holds no file"),
    "a workbook": (
        zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")),
        "save an Office document as CSV",
    ),
    "encrypted": (bytes(Zip(CSV, flags=1)), "encrypted"),
    "directory encrypted": (bytes(Zip(CSV, flags=1 << 13)), "encrypted"),
    "Deflate64": (bytes(Zip(CSV, method=9)), "packed with Deflate64, expected Deflate"),
    "LZMA": (zipped(FILE, method=zipfile.ZIP_LZMA), "packed with LZMA"),
    "unheard of": (bytes(Zip(CSV, method=77)), "packed with method 77"),
    "first of several": (bytes(Zip(CSV, changed={"disk": 1})), "one part of several"),
    "split": (bytes(Zip(CSV, changed={"here": 2})), "one part of several"),
    "elsewhere": (bytes(Zip(CSV, changed={"entry_disk": 1})), "damaged"),
    "a long name": (
        zipped(("x" * 200, CSV), ("y", CSV)),
        f"holds '{'x' * 80}', 'y', expected",
    ),
    "a name of no text": (
        zipped(("a\x1b[2J", CSV), ("b", CSV)),
        r"holds 'a\x1b[2J', 'b'",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_any_other_archive_is_a_fault_that_says_why(case):
    """
    None of several files is taken for the one that was meant.
    """
    archive, said = BAD[case]

    assert said in fault_of(archive)


LIES = {
    "checksum": {"crc": 1},
    "a larger size": {"size": len(CSV) + 1},
    "a smaller size": {"size": len(CSV) - 1},
    "no size": {"size": 0},
    "a larger packed size": {"packed_size": PACKED + 1},
    "a smaller packed size": {"packed_size": PACKED - 1},
    "no packed size": {"packed_size": 0},
    "packed size beyond the file": {"packed_size": 1 << 31},
    "another place": {"at": 1},
    "a place beyond the file": {"at": 1 << 31},
    "more entries": {"entries": 2, "here": 2},
    "no entries": {"entries": 0, "here": 0},
    "a directory elsewhere": {"directory_at": 1},
    "a directory beyond the file": {"directory_at": 1 << 31},
    "a longer directory": {"directory_size": 1 << 31},
    "another name": {"local_name": b"b.csv"},
    "64 bit without its number": {"size": 0xFFFFFFFF},
    "64 bit cut": {"size": 0xFFFFFFFF, "extra": b"\1\0\x08\0\0\0"},
    "64 bit too large": WIDE_ENTRY | {"extra": wide_extra(*[(1 << 64) - 1] * 3)},
    "64 bit place": WIDE_ENTRY | {"extra": wide_extra(len(CSV), PACKED, 1 << 63)},
}


@pytest.mark.parametrize("case", LIES)
def test_an_archive_that_lies_is_a_fault(case):
    """
    What it says about itself is compared before it is used, and the content after.
    """
    assert fault_of(bytes(Zip(CSV, changed=LIES[case])))


def test_a_second_file_cannot_hide_behind_a_count():
    """
    The directory must end where its entries end.
    """
    archive = bytearray(zipped(FILE, ("b.csv", CSV)))
    archive[-14:-10] = struct.pack("<2H", 1, 1)

    assert "its directory is longer than its entries" in fault_of(bytes(archive))


def test_a_file_cannot_reach_into_the_directory():
    """
    Nor beyond the end: what is read lies where a file can be.
    """
    for packed_size in (PACKED + 1, 1 << 31):
        archive = Zip(CSV, changed={"packed_size": packed_size})
        assert "reaches into the directory" in fault_of(bytes(archive))


@pytest.mark.parametrize("piece", [1, 100, 4096])
def test_all_is_given_when_the_input_is_used_up_first(monkeypatch, piece):
    """
    A few bytes of Deflate, taken at once, may unpack to many pieces.
    """
    monkeypatch.setattr(streams, "PIECE_BYTES", piece)

    for size in range(9_000, 9_020):
        assert bytes(size) == content_of(zip_of(bytes(size)))


def test_nothing_may_follow_the_file_within_its_place():
    """
    Its packed size is used up by its content.
    """
    packed = deflated(CSV) + b"hidden"

    assert "something else follows" in fault_of(bytes(Zip(CSV, packed)))


@pytest.mark.parametrize("case", ["packed by macOS", "sizes behind the file", "64 bit"])
def test_an_archive_cut_anywhere_is_a_fault(case):
    """
    Its directory is at its end.
    """
    archive = GOOD[case]
    for cut in range(len(archive)):
        assert fault_of(archive[:cut]), cut


@pytest.mark.parametrize("case", ["packed by macOS", "stored", "64 bit", "zstd", "xz"])
@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_changes_no_content(case, bit):
    """
    Also in the directory, and in what is beside the file.
    """
    archive = GOOD[case]
    for at in range(len(archive)):
        flipped = bytearray(archive)
        flipped[at] ^= 1 << bit
        try:
            found = content_of(bytes(flipped))
        except Fault as fault:
            found = fault.reason
        assert found in (CSV, Reason.BAD_COMPRESSION), at
