"""
Engines read stretches of growing files, wherever a rotation has brought them.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.ends import ends
from ingestd.errors import Reason
from ingestd.growing import Stretch
from ingestd.model import FileRef, Fingerprint, Member, Outcome
from tests.conformance.engine_kit import (  # noqa: F401 - fixture
    Bench,
    engine_fixture,
    frame_of,
    rows_of,
)

AB = {"a": "int64", "b": "string"}
HEADER = b"a,b\n"
FIRST, SECOND, THIRD = b"1,x\n2,y\n", b'3,"z\nz"\n', b"4,u\n"
LOG = HEADER + FIRST + SECOND + THIRD


def stretch(bench, start, size, *, records=0, lines=1, number=1, place=b"app.log"):
    """Bytes of app.log as they are before anything is done to it."""
    path = bench.root / "app.log"
    if not path.exists():
        path.write_bytes(LOG)
    with path.open("rb") as file:
        head, tail = ends(file.fileno(), start, size)
    mark = Fingerprint(size, 1, 0, 0, "", head, tail)
    where = Stretch(1, start, place, HEADER, records, lines)
    return Member(FileRef(number, "p", b"app.log", mark, where), 0, size)


def second(bench, **values):
    """The stretch in the middle: one record, of two lines."""
    start = len(HEADER + FIRST)
    return stretch(bench, start, len(SECOND), records=2, lines=3, **values)


def test_a_stretch_has_the_rows_that_begin_in_it(engine, tmp_path):
    """Nothing in front of it and nothing behind it, but the header's names."""
    bench = Bench(engine, tmp_path, AB)
    found = bench.read(second(bench))
    assert [(3, "z\nz")] == rows_of(found.parts)
    assert [(Outcome.READ, 1)] == [(m.outcome, m.rows_in) for m in found.members]


def test_stretches_of_one_file_share_a_unit(engine, tmp_path):
    """Each has its own result, and their order is the file's."""
    bench = Bench(engine, tmp_path, AB)
    one = stretch(bench, len(HEADER), len(FIRST))
    last = stretch(bench, len(LOG) - 4, 4, records=3, lines=5, number=3)
    found = bench.read(one, second(bench, number=2), last)
    assert [(1, "x"), (2, "y"), (3, "z\nz"), (4, "u")] == rows_of(found.parts)
    assert [(1, 2), (2, 1), (3, 1)] == [(m.file_id, m.rows_in) for m in found.members]


def test_records_are_numbered_from_the_beginning_of_the_file(engine, tmp_path):
    """Lineage and rejects say where in the file a record is, not where in a stretch."""
    options = {"sink": {"url": "x", "lineage_columns": True}}
    options["drift"] = {"bad_row": "reject"}
    bench = Bench(engine, tmp_path, AB, options)
    text = HEADER + b"1,x\n2,y\n" + b"z,u\n4,v\n"
    (bench.root / "app.log").write_bytes(text)
    found = bench.read(stretch(bench, 12, 8, records=2, lines=3))
    (reject,) = found.rejects
    assert (3, 4, 12) == (reject.record, reject.line, reject.offset)
    assert (HEADER.rstrip(), b"z,u") == (reject.header, reject.raw)
    frame = frame_of(found.parts)
    assert [(4, b"app.log".decode(), 4)] == frame.select("a", "_file", "_record").rows()


def renamed(root):
    (root / "app.log").rename(root / "app.log.3")
    (root / "app.log").write_bytes(HEADER + b"9,new\n" * 9)


def copied(root):
    (root / "app.log-20261125").write_bytes(LOG + b"5,more\n")
    (root / "app.log").write_bytes(HEADER)


def packed(root):
    (root / "app.log.2.gz").write_bytes(gzip.compress(LOG))
    (root / "app.log").unlink()


def half_packed(root):
    """Another generation is being packed right now."""
    (root / "app.log.1.gz").write_bytes(gzip.compress(LOG)[:-9])
    renamed(root)


@pytest.mark.parametrize("rotate", [renamed, copied, packed, half_packed])
def test_a_stretch_is_found_where_the_rotation_brought_it(engine, tmp_path, rotate):
    """By its content: a name says nothing after a rotation."""
    bench = Bench(engine, tmp_path, AB)
    wanted = second(bench)
    rotate(bench.root)
    assert [(3, "z\nz")] == rows_of(bench.read(wanted).parts)


def test_a_stretch_that_is_nowhere_is_vanished(engine, tmp_path):
    """Truncated without a copy: what was taken and not read is lost, and said to be."""
    bench = Bench(engine, tmp_path, AB)
    wanted = second(bench)
    (bench.root / "app.log").write_bytes(LOG.replace(b"z", b"w"))
    (result,) = bench.read(wanted).members
    assert Outcome.VANISHED is result.outcome


def test_a_link_is_not_followed(engine, tmp_path):
    """No name below the source leads out of it."""
    bench = Bench(engine, tmp_path, AB)
    wanted = second(bench)
    (bench.root / "app.log").rename(tmp_path / "elsewhere")
    (bench.root / "app.log").symlink_to(tmp_path / "elsewhere")
    assert Outcome.VANISHED is bench.read(wanted).members[0].outcome


def test_a_stretch_without_its_columns_is_set_aside(engine, tmp_path):
    """As a file would be: with its reason, so that retry can read it again."""
    bench = Bench(engine, tmp_path, {"other": "int64"})
    (result,) = bench.read(second(bench)).members
    assert (Outcome.QUARANTINED, Reason.NO_HEADER) == (result.outcome, result.reason)


def test_a_large_stretch_is_read_from_its_copy(engine, tmp_path):
    """More than is kept in memory."""
    bench = Bench(engine, tmp_path, AB)
    text = b"".join(b"%d,%s\n" % (i, b"x" * 50) for i in range(40_000))
    (bench.root / "app.log").write_bytes(HEADER + text + b"7,7")
    found = bench.read(stretch(bench, len(HEADER), len(text)))
    assert 40_000 == found.members[0].rows_in == sum(p.rows for p in found.parts)
