"""
A bucket as the source of a whole daemon.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from ingestd.model import FileState, Unit
from ingestd.run.ahead import AT_ONCE
from ingestd.run.engine import Plan, UnitResult
from ingestd.run.engines.polars import PolarsEngine
from ingestd.storage import Item
from tests.fault.rig import Rig
from tests.objects.kit import (
    EVERY_STORE,
    FOLDER_OUT,
    ONLY_SFTP,
    config,
    of,
    rows_in,
    states,
)
from tests.stores import Bucket

Begin = Callable[..., Rig]


class Meddling(PolarsEngine):
    """
    Does something to the source before the first unit is read.
    """

    def __init__(self, meddle: Callable[[], object]) -> None:
        self.meddle = [meddle]

    def read_and_aggregate(self, plan: Plan, unit: Unit) -> UnitResult:
        if self.meddle:
            self.meddle.pop()()
        return super().read_and_aggregate(plan, unit)


@EVERY_STORE
def test_objects_are_read_once(bucket: Bucket, begin: Begin, tmp_path: Path) -> None:
    """Whatever their names: a listing shows every object that the rules take."""
    bucket.put("in/a b+é.csv", b"n,text\n1,x\n")
    bucket.put("in/b.csv", b'n,text\n2,"y,\nz"\n')
    bucket.put("in/empty.csv", b"")
    bucket.put("in/", b"")
    bucket.put("in/deeper/c.csv", b"n,text\n3,x\n")
    bucket.put("in/notes.txt", b"n,text\n4,x\n")
    bucket.put("inner.csv", b"n,text\n5,x\n")

    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    rig.run_to_idle()
    rig.run_to_idle()

    assert rows_in(tmp_path / "outbox") == [(1, "x"), (2, "y,\nz")]
    assert states(rig) == {
        "a b+é.csv".encode(): FileState.COMMITTED,
        b"b.csv": FileState.COMMITTED,
        b"empty.csv": FileState.COMMITTED,
    }


def test_a_listing_is_read_to_its_last_page(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """What is behind the first page is there too, and what is below prefixes."""
    for number in range(32):
        bucket.put(f"in/{number % 7}/{number:04d}.csv", b"n\n%d\n" % number)
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options="recursive = true"))
    source: Any = rig.parts.pipelines["rows"].source
    source.folder.store.page_keys = 5
    rig.run_to_idle()
    expected = [(number,) for number in range(32)]
    assert rows_in(tmp_path / "outbox") == expected


@EVERY_STORE
def test_another_version_is_another_file(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Of the same size too; the same put again is one if the store says so."""
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    rig.run_to_idle()
    bucket.put("in/a.csv", b"n\n2\n")
    rig.run_to_idle()
    bucket.put("in/a.csv", b"n\n2\n")
    rig.run_to_idle()
    again = [] if bucket.by_content else [(2,)]
    assert rows_in(tmp_path / "outbox") == [(1,), (2,), *again]


def test_an_object_that_appears_late_and_sorts_first_is_read(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """No time and no key is a cursor: a listing may lag behind."""
    bucket.put("in/m.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    rig.run_to_idle()
    bucket.put("in/a.csv", b"n\n2\n")
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,), (2,)]


@EVERY_STORE
def test_an_object_that_is_replaced_before_it_is_read(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Its first version has changed, and the second is read: no mixture of both."""
    bucket.put("in/a.csv", b"n\n1\n")
    bucket.put("in/b.csv", b"n\n5\n")
    engine = Meddling(lambda: bucket.put("in/a.csv", b"n\n2\n"))
    rig = begin(config(of(bucket, "in"), FOLDER_OUT), engine)
    rig.run_to_idle()
    first = [row.state for row in rig.ledger.files(pipeline="rows", path=b"a.csv")]
    assert first == [FileState.CHANGED]
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(2,), (5,)]


@EVERY_STORE
def test_an_object_that_is_deleted_before_it_is_read(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """It has vanished, and the rest of its batch is there."""
    bucket.put("in/a.csv", b"n\n1\n")
    bucket.put("in/b.csv", b"n\n5\n")
    engine = Meddling(lambda: bucket.delete("in/a.csv"))
    rig = begin(config(of(bucket, "in"), FOLDER_OUT), engine)
    rig.run_to_idle()
    assert states(rig) == {b"a.csv": FileState.VANISHED, b"b.csv": FileState.COMMITTED}
    bucket.put("in/a.csv", b"n\n1\n")
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,), (5,)]


@ONLY_SFTP
def test_a_file_that_is_still_written_is_not_read(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """It counts when listings show it unchanged for long enough; once, and whole."""
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    rig.scan()
    rig.turn()
    bucket.put("in/a.csv", b"n\n1\n2\n")
    assert rig.parts.pipelines["rows"].source.settle.settling() == 1
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == []
    rig.clock.now += 1.0
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,), (2,)]
    versions = list(rig.ledger.files(pipeline="rows", path=b"a.csv"))
    assert [row.state for row in versions] == [FileState.COMMITTED]


def test_a_large_object_comes_in_ranges(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Packed or not, its types are looked for at its ends and its rows are all read."""
    import gzip

    lines = [b"%d,%d" % (number, number * 7) for number in range(1_200_000)]
    text = b"n,m\n" + b"\n".join(lines) + b"\n"
    assert len(text) > 2 * (8 << 20) - (1 << 20)
    bucket.put("in/a.csv", text)
    bucket.put("in/b.csv.gz", gzip.compress(text, 1))
    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    rig.run_to_idle()
    found = pl.scan_parquet(tmp_path / "outbox" / "*.parquet").sum().collect()
    total = sum(range(1_200_000))
    assert found.rows() == [(2 * total, 2 * 7 * total)]


def test_small_objects_are_fetched_a_few_at_a_time(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Others are asked for while the first is awaited; none stays open."""
    import os

    for number in range(40):
        bucket.put(f"in/{number:02d}.csv", b"n\n%d\n" % number)
    meeting = threading.Barrier(AT_ONCE, timeout=60)
    rig = begin(config(of(bucket, "in"), FOLDER_OUT))
    source: Any = rig.parts.pipelines["rows"].source
    store = source.folder.store
    plain, met = store.read, threading.Event()

    def read(item: Item, start: int, stop: int) -> bytes:
        # The first so many meet; were they asked for one by one, it would break.
        if not met.is_set() and threading.current_thread().name.startswith("fetch"):
            meeting.wait()
            met.set()
        found: bytes = plain(item, start, stop)
        return found

    store.read = read
    before = len(os.listdir("/proc/self/fd"))
    try:
        rig.run_to_idle()
    finally:
        del store.read
    assert met.is_set()
    assert rows_in(tmp_path / "outbox") == [(number,) for number in range(40)]
    # A spool for each object would be 40; what may be open is a connection for each.
    assert len(os.listdir("/proc/self/fd")) <= before + AT_ONCE
