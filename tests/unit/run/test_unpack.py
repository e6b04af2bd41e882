"""
Packed streams: the whole content, or a Fault, whatever was done to the file.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import zlib
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.unpack import (
    KIND_BYTES,
    Packing,
    bounds,
    packing,
    spools,
    streams,
    unpack,
    unpacked_head,
)
from ingestd.run.unpack.decoders import FORMS
from tests.packed import PACK, skipped, xz, zstandard

CSV = b"a,b,c\n" + b"".join(b"%d,%d.5,x%d\n" % (i, i * 7 % 13, i) for i in range(60))
LONG = b"a,b,c\n" + b"".join(b"%d,%d,%d\n" % (i, i * i, -i) for i in range(100_000))
EACH = pytest.mark.parametrize("kind", list(Packing))
STREAMS = pytest.mark.parametrize("kind", list(FORMS))
MARK_BYTES = {
    Packing.GZIP: 2,
    Packing.ZSTD: 4,
    Packing.BZIP2: 10,
    Packing.XZ: 6,
    Packing.ZIP: 4,
}


@contextmanager
def opened(content: bytes):
    """
    A file in memory.
    """
    fd = os.memfd_create("test")
    try:
        os.write(fd, content)
        yield fd
    finally:
        os.close(fd)


def content_of(packed: bytes, max_ratio: int = 200, folder: str = "/nowhere") -> bytes:
    kind = packing(packed[:KIND_BYTES])
    assert kind is not None
    with opened(packed) as fd:
        unpacked = unpack(fd, kind, len(packed), max_ratio, folder)
    try:
        return os.pread(unpacked, os.fstat(unpacked).st_size, 0)
    finally:
        os.close(unpacked)


def fault_of(packed: bytes) -> Fault:
    with pytest.raises(Fault) as caught:
        content_of(packed)
    return caught.value


@EACH
@pytest.mark.parametrize("content", [b"", b"a", CSV, LONG], ids=len)
def test_the_content_comes_back(kind, content):
    """
    Every packing gives what was packed, and is told by its first bytes.
    """
    packed = PACK[kind](content)

    assert kind is packing(packed[:KIND_BYTES])
    assert content == content_of(packed)


@pytest.fixture(params=[(1, 1), (1, 100), (7, 3), (64 << 10, 1)])
def small_steps(request, monkeypatch):
    """
    Streams are read and unpacked a few bytes at a time.
    """
    read, piece = request.param
    monkeypatch.setattr(streams, "READ_BYTES", read)
    monkeypatch.setattr(streams, "PIECE_BYTES", piece)


SEVERAL = {
    "gzip": PACK[Packing.GZIP](CSV) + PACK[Packing.GZIP](b"") + gzip.compress(b"z", 0),
    "gzip, padded": PACK[Packing.GZIP](CSV) + bytes(70) + PACK[Packing.GZIP](b"z"),
    "gzip, padded at its end": PACK[Packing.GZIP](CSV + b"z") + bytes(200_000),
    "zstd": zstandard(CSV) + zstandard(b"", checksum=False) + zstandard(b"z"),
    "zstd, skippable first": skipped() + zstandard(CSV + b"z"),
    "zstd, skippable between": zstandard(CSV) + skipped(b"", 15) + zstandard(b"z"),
    "zstd, skippable last": zstandard(CSV + b"z") + skipped(bytes(200_000), 7),
    "bzip2": bz2.compress(CSV) + bz2.compress(b"") + bz2.compress(b"z", 1),
    "xz": xz(CSV) + xz(b"", lzma.CHECK_NONE) + xz(b"z", lzma.CHECK_SHA256),
    "xz, padded": xz(CSV) + bytes(8) + xz(b"z") + bytes(4),
    "xz, padded at its end": xz(CSV + b"z") + bytes(200_000),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_all_streams_of_a_file_are_read(case):
    """
    What follows the first stream is content too, not garbage to be dropped.
    """
    assert CSV + b"z" == content_of(SEVERAL[case])


@pytest.mark.parametrize("case", SEVERAL)
def test_no_border_of_a_read_matters(case, small_steps):
    """
    A mark, a header or padding may lie across what was read at a time.
    """
    packed = SEVERAL[case].replace(bytes(200_000), bytes(200))
    if "skippable last" in case:
        packed = zstandard(CSV + b"z") + skipped(bytes(200))

    assert CSV + b"z" == content_of(packed)


def gzip_header(flags: int) -> bytes:
    header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(5) + b"\x03"
    header += b"\x06\x00BC\x02\x00ab" if flags & 4 else b""
    header += b"name.csv\0" if flags & 8 else b""
    header += b"a comment\0" if flags & 16 else b""
    check = struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    return header + (check if flags & 2 else b"")


@pytest.mark.parametrize("flags", range(32))
def test_every_gzip_header_is_read_across_reads(flags, monkeypatch):
    """
    Names, comments and checksums of a header are no content, wherever a read ends.
    """
    packed = gzip_header(flags) + gzip.compress(CSV)[10:]
    for step in (1, 11, 15):
        monkeypatch.setattr(streams, "READ_BYTES", step)
        assert CSV == content_of(packed)


@EACH
def test_a_file_cut_anywhere_is_a_fault(kind):
    """
    No cut shortens the content silently; one within the mark leaves no packed file.
    """
    packed = PACK[kind](CSV)
    for cut in range(len(packed)):
        if cut >= MARK_BYTES[kind] or packing_or_fault(packed[:cut]):
            assert Reason.BAD_COMPRESSION == fault_of(packed[:cut]).reason, cut


def packing_or_fault(head: bytes) -> bool:
    """
    Tell whether *head* is not taken for text.
    """
    try:
        return packing(head) is not None
    except Fault:
        return True


@pytest.mark.parametrize(
    "head",
    [b"\x1f", b"\x28\xb5", b"\x28\xb5\x2f", b"\xfd", b"\xfd7zXZ", b"PK\x03", b"Q*M"],
)
def test_a_piece_of_a_mark_is_text_only_where_it_could_be(head):
    """
    Bytes that no text has are the beginning of a packed file, not a short CSV.
    """
    assert packing_or_fault(head) == (head != b"Q*M")


@STREAMS
def test_several_streams_cut_within_one_are_a_fault(kind):
    """
    Only a cut that leaves whole streams cannot be seen.
    """
    first, second = PACK[kind](CSV), PACK[kind](b"second")
    whole = {len(first): CSV, len(first + second): CSV + b"second"}
    for cut in range(len(first), len(first + second) + 1):
        packed = (first + second)[:cut]
        if cut in whole:
            assert whole[cut] == content_of(packed)
        else:
            assert Reason.BAD_COMPRESSION == fault_of(packed).reason, cut


@EACH
@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_changes_no_content(kind, bit):
    """
    A checksum finds what the format itself does not.
    """
    packed = PACK[kind](CSV)
    for at in range(len(packed)):
        flipped = bytearray(packed)
        flipped[at] ^= 1 << bit
        if at < MARK_BYTES[kind] and not packing_or_fault(bytes(flipped)):
            continue
        try:
            found = content_of(bytes(flipped))
        except Fault as fault:
            found = fault.reason
        assert found in (CSV, Reason.BAD_COMPRESSION), at


@EACH
@pytest.mark.parametrize(
    "garbage",
    [b"x", b"\1" * 3, b"garbage" * 99, bytes(3), bytes(5), b"PK\5\6"],
    ids=repr,
)
def test_garbage_behind_the_end_is_a_fault(kind, garbage):
    """
    What is not understood is not dropped; gzip alone may be padded with zeros.
    """
    packed = PACK[kind](CSV) + garbage
    if kind is Packing.GZIP and not garbage.strip(b"\0"):
        assert CSV == content_of(packed)
    else:
        assert Reason.BAD_COMPRESSION == fault_of(packed).reason


@pytest.mark.parametrize("second", list(Packing))
@EACH
def test_two_kinds_in_one_file_are_a_fault(kind, second):
    """
    Streams of one kind follow each other, not of two.
    """
    if kind is not second or kind is Packing.ZIP:
        packed = PACK[kind](CSV) + PACK[second](CSV)
        assert Reason.BAD_COMPRESSION == fault_of(packed).reason


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=3000), st.integers(1, 400)), max_size=4),
    st.sampled_from(sorted(FORMS)),
)
def test_any_content_in_any_number_of_streams(parts, kind):
    """
    What the packers of the standard library write is read, stream by stream.
    """
    contents = [piece * times for piece, times in parts] or [b""]
    packed = b"".join(PACK[kind](b"a,b\n" + content) for content in contents)

    assert b"".join(b"a,b\n" + c for c in contents) == content_of(packed)


TWICE = [(outer, inner) for outer in Packing for inner in Packing]


@pytest.mark.parametrize(("outer", "inner"), TWICE)
def test_a_file_that_is_packed_twice_is_a_fault(outer, inner):
    """
    One layer is taken off; the second is no CSV, and is told.
    """
    packed = PACK[outer](PACK[inner](CSV))

    assert f"packed twice, {inner} in {outer}" in fault_of(packed).detail
    with opened(packed) as fd, pytest.raises(Fault):
        unpacked_head(fd, outer, 10)


@EACH
def test_the_head_is_the_beginning_of_the_content(kind):
    """
    It is told whether more follows, and the rest is not unpacked.
    """
    with opened(PACK[kind](CSV)) as fd:
        for most in (1, 5, len(CSV) - 1, len(CSV), len(CSV) + 1):
            expected = (CSV[:most], most >= len(CSV))
            assert expected == unpacked_head(fd, kind, most)


OTHERS = {
    b"PAR1\x15\x04\x15\x10": "Parquet",
    b"%PDF-1.7\n%\xe2\xe3": "PDF",
    b"MZ\x90\x00\x03\x00": "a Windows program",
    b"7z\xbc\xaf\x27\x1c\x00\x04": "a 7z archive",
    b"Rar!\x1a\x07\x01\x00": "a RAR archive",
    b"\x04\x22\x4d\x18\x64\x40": "packed with LZ4",
    lzma.compress(CSV, lzma.FORMAT_ALONE): "packed with LZMA",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"a.csv" + bytes(252) + b"ustar\x0000": "a tar archive",
    b"SQLite format 3\x00\x10": "an SQLite database",
}


@pytest.mark.parametrize("head", OTHERS, ids=OTHERS.values())
def test_what_is_no_csv_is_told_by_its_name(head):
    """
    Also within a packed file.
    """
    with pytest.raises(Fault) as caught:
        packing(head)

    assert Reason.BAD_COMPRESSION == caught.value.reason
    assert f"the content is {OTHERS[head]}" in caught.value.detail
    assert OTHERS[head] in fault_of(gzip.compress(head)).detail


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a,b\n1,2\n",
        b"MZ,intensity\n1,2\n",
        b"PAR1,PAR2\n1,2\n",
        b"ORC\n1\n",
        b"LZIP\tx\n",
        b"PK,b\n1,2\n",
        b"BZh9,b\n1,2\n",
        b"(a),b\n",
        b"]\n",
        b"x\xb5\n",
        b"\xff\xfea\x00",
        b"P",
        b"PK",
        b"BZh",
        b"(",
    ],
)
def test_text_is_not_taken_for_another_kind(text):
    """
    A column may be called like a mark.
    """
    assert packing(text) is None


def of_at_most(monkeypatch, *, always: int, most: int = 64 << 30) -> list[int]:
    monkeypatch.setattr(bounds, "ALWAYS_ALLOWED", always)
    monkeypatch.setattr(bounds, "MAX_UNPACKED", most)
    written = []
    real = bounds.write_all

    def write_all(fd, data):
        written.append(len(data))
        real(fd, data)

    monkeypatch.setattr(bounds, "write_all", write_all)
    return written


ZEROS = bytes(4 << 20)


@EACH
def test_a_bomb_is_stopped_by_its_ratio_while_it_is_unpacked(kind, monkeypatch):
    """
    No more is written than is allowed, and no piece is larger than was asked for.
    """
    packed = PACK[kind](ZEROS)
    written = of_at_most(monkeypatch, always=1 << 20)

    fault = fault_of(packed)

    assert Reason.UNPACKS_TOO_LARGE == fault.reason
    assert "csv.max_unpack_ratio" in fault.detail
    assert sum(written) <= max(1 << 20, 200 * len(packed)) < len(ZEROS)
    assert max(written) <= streams.PIECE_BYTES


@EACH
def test_a_bomb_is_stopped_by_its_size_whatever_the_ratio(kind, monkeypatch):
    """
    A ratio that was raised does not lift the last limit.
    """
    written = of_at_most(monkeypatch, always=1 << 20, most=2 << 20)
    packed = PACK[kind](ZEROS)

    with pytest.raises(Fault) as caught:
        content_of(packed, max_ratio=10**9)

    assert Reason.UNPACKS_TOO_LARGE == caught.value.reason
    assert 1 << 20 < sum(written) <= 2 << 20


@EACH
def test_a_ratio_holds_only_beyond_what_is_always_allowed(kind, monkeypatch):
    """
    A small file may unpack to many times its size.
    """
    of_at_most(monkeypatch, always=len(ZEROS))

    assert ZEROS == content_of(PACK[kind](ZEROS), max_ratio=1)


def test_what_outgrows_memory_goes_on_in_the_folder(monkeypatch, tmp_path):
    """
    Nothing is lost on the way, however little is moved at a time; no name is left.
    """
    monkeypatch.setattr(spools, "IN_MEMORY", 300_000)
    real = os.sendfile
    monkeypatch.setattr(os, "sendfile", lambda *a: real(*a[:3], max(1, a[3] - 1)))
    with opened(PACK[Packing.GZIP](LONG)) as fd:
        spooled = unpack(fd, Packing.GZIP, 1, 10**9, str(tmp_path))

    with open(spooled, "rb") as file:
        assert os.readlink(f"/proc/self/fd/{spooled}").startswith(str(tmp_path))
        file.seek(0)
        assert LONG == file.read()
    assert [] == list(tmp_path.iterdir())


def test_a_size_in_a_header_is_not_believed():
    """
    A wrong one is damage, and never a reason to take less or more.
    """
    packed = bytearray(gzip.compress(CSV))
    packed[-4:] = b"\1\0\0\0"
    honest = zstd_frame(CSV, window=0x58, claimed=len(CSV))
    lying = zstd_frame(CSV, window=0x58, claimed=len(CSV) - 1)

    assert "gzip: damaged" in fault_of(bytes(packed)).detail
    assert CSV == content_of(honest)
    assert "zstd: damaged" in fault_of(lying).detail


def zstd_frame(content: bytes, *, window: int = -1, claimed: int = -1) -> bytes:
    """
    A frame of one raw block that says its *window* or its size, which may be a lie;
    with the size alone that is the window.
    """
    descriptor = (0x20 if window < 0 else 0) | (0xC0 if claimed >= 0 else 0)
    frame = b"\x28\xb5\x2f\xfd" + bytes([descriptor])
    frame += bytes([window]) if window >= 0 else b""
    frame += struct.pack("<Q", claimed) if claimed >= 0 else b""
    return frame + struct.pack("<L", len(content) << 3 | 1)[:3] + content


def xz_with_dictionary(code: int) -> bytes:
    """
    A small file that asks for a dictionary of 2**(code / 2 + 12) bytes.
    """
    packed = bytearray(xz(CSV))
    size = (packed[12] + 1) * 4
    at = packed.index(b"\x21\x01", 12) + 2
    packed[at] = code
    check = zlib.crc32(packed[12 : 12 + size - 4])
    packed[12 + size - 4 : 12 + size] = struct.pack("<L", check)
    return bytes(packed)


WIDE = {
    "zstd, 128 MiB": (zstd_frame(CSV, window=(27 - 10) << 3), True),
    "zstd, a little more": (zstd_frame(CSV, window=(27 - 10) << 3 | 1), False),
    "zstd, 2 GiB": (zstd_frame(CSV, window=(31 - 10) << 3), False),
    "zstd, its size": (zstd_frame(CSV, claimed=1 << 40), False),
    "zstd, second": (zstandard(CSV) + zstd_frame(CSV, window=0xFF), False),
    "xz, 128 MiB": (xz_with_dictionary(30), True),
    "xz, 192 MiB": (xz_with_dictionary(31), False),
    "xz, 4 GiB": (xz_with_dictionary(40), False),
}


@pytest.mark.parametrize("case", WIDE)
def test_a_huge_window_is_refused_before_it_is_allocated(case):
    """
    A file of a few bytes cannot ask for gigabytes.
    """
    packed, fits = WIDE[case]

    if fits:
        assert CSV == content_of(packed)
    else:
        assert "asks for a window of more than 128 MiB" in fault_of(packed).detail


def test_a_zstd_frame_that_needs_a_dictionary_is_a_fault():
    """
    Nobody has it.
    """
    packed = b"\x28\xb5\x2f\xfd\x01\x58\x07\x09\x00\x00x"

    assert "Dictionary" in fault_of(packed).detail


@STREAMS
def test_an_error_of_the_system_is_no_damage(kind):
    """
    A disk that fails is told by the system, whatever a decoder raises for bad bytes.
    """
    source = streams.Extent(-1, 0, 10)

    with pytest.raises(OSError, match="Bad file descriptor"):
        list(streams.unpacked(source, FORMS[kind]))
