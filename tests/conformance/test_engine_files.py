"""
Files as they live: gone, replaced, growing, in heaps; and the parts that come of them.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import resource
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from ingestd.errors import ComponentAway, Reason
from ingestd.model import Outcome
from tests.conformance.engine_kit import Bench, engine_fixture, frame_of  # noqa: F401 - fixture

SCHEMA = {"k": "string", "v": "int64"}
LARGE = 200_000  # records of more than a mebibyte


@pytest.fixture(name="bench")
def bench_fixture(engine, tmp_path):
    return Bench(engine, tmp_path, SCHEMA)


def csv(numbers, key: str = "x") -> bytes:
    return b"k,v\n" + b"".join(b"%s,%d\n" % (key.encode(), n) for n in numbers)


def outcomes(found) -> list[tuple[Outcome, str]]:
    return [(result.outcome, result.reason) for result in found.members]


READ = (Outcome.READ, "")


@pytest.mark.parametrize("size", [3, LARGE])
def test_a_file_that_is_gone_has_vanished(bench, size):
    """
    The others are read without it.
    """
    members = [bench.put(f"f{i}.csv", csv(range(size))) for i in range(3)]
    (bench.root / "f1.csv").unlink()

    found = bench.read(*members)

    assert [READ, (Outcome.VANISHED, ""), READ] == outcomes(found)
    assert 2 * size == sum(part.rows for part in found.parts)


def replaced(path: Path) -> None:
    path.with_suffix(".new").write_bytes(csv([7]))
    path.with_suffix(".new").rename(path)


def appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x,1\n")


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".old"))
    path.symlink_to(path.with_suffix(".old"))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [replaced, appended, linked, piped, to_folder])
@pytest.mark.parametrize("size", [3, LARGE])
def test_a_file_that_is_another_version_is_changed(bench, change, size):
    """
    Only the admitted version is read; a pipe or a link does not block.
    """
    members = [bench.put(f"f{i}.csv", csv(range(size))) for i in range(2)]
    change(bench.root / "f1.csv")

    found = bench.read(*members)

    assert [READ, (Outcome.CHANGED, "")] == outcomes(found)
    assert size == sum(part.rows for part in found.parts)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"0")


@pytest.mark.parametrize("change", [appended, overwritten])
def test_a_file_that_changes_while_it_is_read_is_changed(bench, monkeypatch, change):
    """
    What was parsed of it is thrown away, and the rest of its unit is read again.
    """
    members = [bench.put(f"f{i}.csv", csv(range(LARGE))) for i in range(3)]
    from ingestd.run.engines.polars import unit

    real, victim = unit.sample, bench.root / "f1.csv"
    changed = []

    def sample(*arguments):
        # All of the unit's files are open by now, and none is parsed.
        if not changed:
            changed.append(change(victim))
        return real(*arguments)

    monkeypatch.setattr(unit, "sample", sample)

    found = bench.read(*members)

    assert [READ, (Outcome.CHANGED, ""), READ] == outcomes(found)
    assert 2 * LARGE == sum(part.rows for part in found.parts)
    assert {part.name for part in found.parts} == {
        path.name for path in bench.staging.iterdir()
    }


def test_a_file_without_permission_is_quarantined(bench, monkeypatch):
    """
    The reason is told, and the others are read.
    """
    members = [bench.put(f"f{i}.csv", csv([i])) for i in range(2)]
    real = os.open

    def refuse(path, *arguments, **options):
        if os.fsencode(path).endswith(b"f1.csv"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)

    found = bench.read(*members)

    assert [READ, (Outcome.QUARANTINED, Reason.PERMISSION)] == outcomes(found)


@pytest.mark.fault
@pytest.mark.parametrize("mode", ["rows", "partitions", "spill", "unpack"])
def test_a_full_disk_is_no_bad_file(engine, tmp_path, mode):
    """
    The disk is waited for; no file is set aside, and nothing is left half-written.
    """
    bench = Bench(engine, tmp_path, SCHEMA)
    content = csv(range(LARGE))
    if mode == "partitions":
        bench = partitioned(engine, tmp_path, SCHEMA, "k")
    if mode == "spill":
        spec = {"group_by": ["v"], "metrics": {"n": ["*", "count"]}}
        bench = Bench(engine, tmp_path, SCHEMA, {"aggregate": spec}, inline_bytes=0)
    if mode == "unpack":
        content = gzip.compress(csv(range(20 * LARGE)), 1)
    members = [bench.put("f.csv", content), bench.put("g.csv", csv([1]))]

    with files_of_at_most(10_000), pytest.raises(ComponentAway) as caught:
        bench.read(*members)

    assert "disk" == caught.value.component
    left = [p for p in bench.staging.rglob("*.parquet") if p.is_file()]
    assert [] == left


@contextmanager
def files_of_at_most(size: int):
    """
    Let the kernel refuse to make a file longer than *size* bytes, as a full disk would.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_names_are_bytes(bench):
    """
    A name need not be UTF-8, and may hold a newline.
    """
    found = bench.read(bench.put(b"\xff\n.csv", csv([1])))

    assert [READ] == outcomes(found)


def test_empty_files_are_read_and_say_so(bench):
    """
    An empty file is no error: zero rows, no part.
    """
    found = bench.read(bench.put("a.csv", b""), bench.put("b.csv", b"k,v\n"))

    assert [READ, READ] == outcomes(found)
    assert ["empty file", "no records"] == [m.detail for m in found.members]
    assert () == found.parts


def test_rows_follow_path_and_record(bench):
    """
    Small and large files, packed ones, other columns in between: one order.
    """
    pieces = [range(3), range(3, LARGE), range(LARGE, LARGE + 5)]
    members = [bench.put(f"f{i}.csv", csv(piece)) for i, piece in enumerate(pieces)]
    more = range(LARGE + 5, LARGE + 9)
    members.append(
        bench.put("f3.csv", b"v,k\n" + b"".join(b"%d,x\n" % n for n in more))
    )
    rest = range(LARGE + 9, LARGE + 12)
    members.append(bench.put("f4.csv", gzip.compress(csv(rest))))

    found = bench.read(*members)

    assert list(range(LARGE + 12)) == frame_of(found.parts)["v"].to_list()
    assert [3, LARGE - 3, 5, 4, 3] == [result.rows_out for result in found.members]


def test_thousands_of_small_files_with_bad_ones_among_them(bench):
    """
    Each bad file is found, each good one is read once.
    """
    members = [bench.put(f"f{i:04d}.csv", csv([i])) for i in range(600)]
    for bad in (0, 77, 78, 599):
        members[bad] = bench.put(f"f{bad:04d}.csv", b"k,v\nx,y\n")

    found = bench.read(*members)

    wrong = [i for i, result in enumerate(found.members) if result.reason]
    assert [0, 77, 78, 599] == wrong
    expected = [i for i in range(600) if i not in wrong]
    assert expected == frame_of(found.parts)["v"].to_list()


def test_descriptors_are_closed(bench):
    """
    Whatever happened to the members, no descriptor is left open.
    """
    members = [bench.put(f"f{i}.csv", csv(range(LARGE))) for i in range(3)]
    members.append(bench.put("f3.csv", csv(range(LARGE)) + b"x\n"))
    members.append(bench.put("f4.csv", gzip.compress(csv(range(LARGE)))))
    members.append(bench.put("f5.csv", csv(range(LARGE)) + b"x,y\n"))
    bench.read(*members)
    before = sorted(os.listdir("/proc/self/fd"))

    bench.read(*members)

    assert before == sorted(os.listdir("/proc/self/fd"))


def test_a_unit_can_be_read_twice(bench):
    """
    A second run writes the same names with the same content.
    """
    members = [bench.put(f"f{i}.csv", csv([i])) for i in range(3)]

    first, second = bench.read(*members), bench.read(*members)

    assert first.parts == second.parts


@pytest.mark.integration
def test_two_units_at_once(bench):
    """
    One engine serves two threads.
    """
    members = [bench.put(f"f{i}.csv", csv(range(LARGE))) for i in range(4)]
    gate = threading.Barrier(2, timeout=30)

    def read(unit: int):
        gate.wait()
        return bench.read(*members[unit * 2 : unit * 2 + 2], unit=unit)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(read, range(2)))

    assert [2 * LARGE] * 2 == [sum(p.rows for p in one.parts) for one in found]
    assert 2 == len({part.name for one in found for part in one.parts})


def test_a_part_is_what_it_says(bench):
    """
    Name, size, digest, rows and metadata are those of the file in staging.
    """
    found = bench.read(bench.put("f.csv", csv(range(10))), unit=3)

    (part,) = found.parts
    content = Path(part.staged).read_bytes()
    assert "20261123T000000Z-abc-0000300000.parquet" == part.name
    assert str(bench.staging / part.name) == part.staged
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        part.size,
        part.sha256,
    )
    assert (10, 10) == (part.rows, part.rows_in)
    metadata = pq.read_metadata(part.staged).metadata
    assert b"p" == metadata[b"pipeline"]
    assert 10 == int(metadata[b"rows_in"])


def test_parts_are_split_by_size(engine, tmp_path):
    """
    max_part_bytes holds, and the parts together are the rows, in order.
    """
    bench = Bench(
        engine,
        tmp_path,
        SCHEMA,
        {"sink": {"url": str(tmp_path), "max_part_bytes": 1 << 18}},
    )

    found = bench.read(bench.put("f.csv", csv(range(LARGE))))

    assert len(found.parts) > 1
    assert max(part.size for part in found.parts) <= 1 << 18
    assert list(range(LARGE)) == frame_of(found.parts)["v"].to_list()
    for part in found.parts:
        assert part.rows == int(pq.read_metadata(part.staged).metadata[b"rows_in"])


def partitioned(engine, tmp_path, schema, *keys) -> Bench:
    sink = {"url": str(tmp_path / "out"), "partition_by": list(keys)}
    return Bench(engine, tmp_path, schema, {"sink": sink})


def test_partition_folders_cannot_leave_the_sink(engine, tmp_path):
    """
    Values are percent-encoded; null and empty are different folders.
    """
    bench = partitioned(engine, tmp_path, SCHEMA, "k")
    bench.options["csv"] = {"nulls": ["NA"]}
    values = ["../../etc", "a=b", "ä", "", "NA", ".."]
    content = b"k,v\n" + b"".join(f"{k},{i}\n".encode() for i, k in enumerate(values))

    found = bench.read(bench.put("f.csv", content))

    folders = {part.name.split("/")[0]: part for part in found.parts}
    assert {
        "k=..%2F..%2Fetc",
        "k=a%3Db",
        "k=%C3%A4",
        "k=",
        "k=..",
        "k=__HIVE_DEFAULT_PARTITION__",
    } == set(folders)
    assert all(["v"] == frame_of((part,)).columns for part in found.parts)
    assert [4] == frame_of((folders["k=__HIVE_DEFAULT_PARTITION__"],))["v"].to_list()
    for part in found.parts:
        assert Path(part.staged).is_relative_to(bench.staging)


def test_partitions_of_other_types(engine, tmp_path):
    """
    Numbers, dates and booleans are written as readers expect them.
    """
    schema = {"i": "int64", "d": "date", "b": "bool", "v": "int64"}
    bench = partitioned(engine, tmp_path, schema, "i", "d", "b")

    found = bench.read(bench.put("f.csv", b"i,d,b,v\n-7,2026-02-28,true,1\n"))

    assert ["i=-7", "d=2026-02-28", "b=true"] == found.parts[0].name.split("/")[:3]
    read = pl.read_parquet(bench.staging, hive_partitioning=True)
    assert [-7] == read["i"].to_list()


def test_a_partition_value_without_a_folder_quarantines_its_file(engine, tmp_path):
    """
    A folder name has at most 255 bytes; the other files are written.
    """
    bench = partitioned(engine, tmp_path, SCHEMA, "k")
    good = bench.put("a.csv", csv([1]))
    bad = bench.put("b.csv", csv([2], key="y" * 300))

    found = bench.read(good, bad)

    assert [READ, (Outcome.QUARANTINED, Reason.PARTITION_VALUE)] == outcomes(found)
    assert [1] == frame_of(found.parts)["v"].to_list()
    files = [path for path in bench.staging.rglob("*") if path.is_file()]
    assert [Path(part.staged) for part in found.parts] == files


def test_lineage_names_file_and_record(engine, tmp_path):
    """
    Every row tells its file, its record from 1, and its batch.
    """
    sink = {"url": str(tmp_path), "lineage_columns": True}
    bench = Bench(engine, tmp_path, SCHEMA, {"sink": sink})
    large = bench.put("b.csv", csv(range(LARGE)))
    small = [
        bench.put(b"a\xff\\.csv", b"k,v\n\nx,7\n\nx,8\n"),
        bench.put("c.csv", csv([9])),
        bench.put("d.csv", b"v,k\n10,x\n"),
    ]

    found = frame_of(bench.read(large, *small).parts)

    assert ["k", "v", "_file", "_record", "_batch"] == found.columns
    rows = found.select("v", "_file", "_record").rows()
    assert [(7, r"a\xff\\.csv", 1), (8, r"a\xff\\.csv", 2), (0, "b.csv", 1)] == rows[:3]
    assert [(LARGE - 1, "b.csv", LARGE), (9, "c.csv", 1), (10, "d.csv", 1)] == rows[-3:]
    assert {"20261123T000000Z-abc"} == set(found["_batch"])


@pytest.mark.parametrize("compression", ["snappy", "lz4", "gzip", "uncompressed"])
def test_compression_is_the_sinks(engine, tmp_path, compression):
    """
    Each codec of the contract is written and read.
    """
    sink = {"url": str(tmp_path), "compression": compression}
    bench = Bench(engine, tmp_path, SCHEMA, {"sink": sink})

    (part,) = bench.read(bench.put("f.csv", csv(range(1000)))).parts

    column = pq.read_metadata(part.staged).row_group(0).column(1)
    assert compression.upper() in column.compression.replace("LZ4_RAW", "LZ4")
