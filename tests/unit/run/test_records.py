"""
Our own record count: against Python's csv module, at every block size and cut.
"""

from __future__ import annotations

import csv
import io
import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestd.run import blocks, exact, records
from ingestd.run.blocks import Blocks, Shape
from ingestd.run.exact import ExactScan, exact_count, without_blank_lines
from ingestd.run.records import count

FIELD = st.text("ab,\"\n\r\\'", max_size=4)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(FIELD, min_size=width, max_size=width), min_size=1, max_size=8
    )
)
RAW = st.text('a",\n\r', max_size=40).map(str.encode)


def shape(fields: int, **options) -> Shape:
    return Shape(b",", b'"', fields, **options)


def written(rows: list[list[str]], end: str, *, always: bool) -> bytes:
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue().encode()


def scanned(content: bytes, wanted: Shape, size: int):
    scan = ExactScan(wanted)
    for at, _, array in Blocks(content, 0, size):
        scan.feed(at, array)
    return scan.finish(len(content))


@given(TABLES, st.sampled_from(["\n", "\r\n"]), st.integers(1, 64), st.booleans())
def test_written_tables_are_counted_exactly(rows, end, size, final):
    """
    Every record of a sound table, whatever its fields hold and where blocks end.
    """
    content = written(rows, end, always=True)
    content = content if final else content.removesuffix(end.encode())

    found = scanned(content, shape(len(rows[0])), size)

    assert found.sound
    assert (len(rows), 0, final) == (found.records, found.blank, found.final_newline)
    assert len(rows) * (len(rows[0]) - 1) == found.delimiters


@given(RAW, st.integers(1, 5), st.integers(1, 16), st.integers(1, 50))
def test_the_block_size_changes_nothing(content, fields, size, longest):
    """
    Any bytes give the same count in any blocks.
    """
    wanted = shape(fields, max_line_bytes=longest)

    assert scanned(content, wanted, 1 << 20) == scanned(content, wanted, size)


@given(
    st.lists(st.text("ab,", max_size=6), max_size=12), st.integers(2, 4), st.booleans()
)
def test_sums_agree_with_the_exact_count(lines, fields, final):
    """
    Where the cheap count is satisfied, the records are those of the exact one.
    """
    content = "\n".join(lines).encode() + b"\n" * final

    fast, slow = count(content, shape(fields)), exact_count(content, shape(fields))

    if fast.exact:
        assert slow == fast
    else:
        assert (slow.records + slow.blank, slow.delimiters) == (
            fast.records,
            fast.delimiters,
        )


@given(RAW, st.integers(1, 16))
@example(b"\r\r", 1)
def test_without_blank_lines_nothing_else_is_lost(content, size):
    """
    What is left has the same records and no blank line.
    """
    wanted, before = shape(2), exact.Blocks
    exact.Blocks = lambda source, start: before(source, start, size)
    try:
        left = b"".join(without_blank_lines(content, wanted, 0))
    finally:
        exact.Blocks = before

    old, new = exact_count(content, wanted), exact_count(left, wanted)
    assert (old.records, old.delimiters) == (new.records, new.delimiters)
    assert 0 == new.blank


@pytest.mark.parametrize("size", [3, 7, 100])
def test_the_first_ragged_record_is_told(size):
    """
    By number, offset and fields; blank lines do not count.
    """
    content = b"a,b\n\n1,2\n3\n4,5,6\n"

    found = scanned(content, shape(2), size)

    assert (3, 9, 1) == (found.ragged_record, found.ragged, found.ragged_fields)


@pytest.mark.parametrize(
    ("content", "offset"),
    [
        (b'a,b\n1,"x\n2,y\n', 4),  # never closed: the record it began in
        (b'a,b\n1,x"y\n2,"\n', 7),
        (b'a,b\n1,"x"y\n', 9),
        (b'a,b\n1, "x"\n', 7),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_quote_out_of_place_is_told(content, offset, size):
    """
    With the offset of the byte at fault.
    """
    found = scanned(content, shape(2), size)

    assert offset == pytest.approx(found.bad_quote, abs=1)
    assert not found.sound


@pytest.mark.parametrize("fields", [199, 200, 255, 256, 257, 300, 513])
def test_many_fields_are_counted(fields):
    """
    Counts of more fields than a byte holds, and records off by 256 of them.
    """
    sound = b",".join([b"1"] * fields) + b"\n"
    longer = b",".join([b"1"] * (fields + 256)) + b"\n"

    assert exact_count(sound * 3, shape(fields)).sound
    assert not exact_count(sound + longer, shape(fields)).sound
    if fields > 256:
        shorter = b",".join([b"1"] * (fields - 256)) + b"\n"
        assert not exact_count(longer + shorter, shape(fields)).sound


@pytest.mark.parametrize("quoted", [b"", b'"q",1\n'])
def test_a_nul_and_a_long_record_are_told(quoted):
    """
    In the cheap count and in the exact one.
    """
    long = b"1," + b"x" * 500 + b"\n"
    nul = count(quoted + b"1,\0\n", shape(2))
    found = count(quoted + b"1,2\n" + long, shape(2, max_line_bytes=100))

    assert len(quoted) + 2 == nul.nul
    assert len(quoted) + 4 == found.long_line
    assert count(quoted + long, shape(2, max_line_bytes=503)).sound


def test_a_file_is_counted_like_its_bytes(tmp_path):
    """
    Through a descriptor, over many blocks, from an offset.
    """
    content = b"\xef\xbb\xbf" + b"a,b\n" * 100_000
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    fd = os.open(path, os.O_RDONLY)
    try:
        assert count(content, shape(2), 3) == count(fd, shape(2), 3)
        assert exact_count(content, shape(2), 3) == exact_count(fd, shape(2), 3)
    finally:
        os.close(fd)
    assert len(content) > 2 * blocks.BLOCK


def test_a_sound_file_without_quotes_is_only_summed(monkeypatch):
    """
    Nobody pays for the exact scan who does not need it.
    """
    monkeypatch.delattr(records, "exact_count")

    assert 2 == count(b"a,b\n1,2\n", shape(2)).records
