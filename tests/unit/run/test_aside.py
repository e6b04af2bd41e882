"""
Rejects on their way from a worker to a Parquet part.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Sink
from ingestd.errors import ComponentAway, Reason, Retryable
from ingestd.model import (
    FileRef,
    Fingerprint,
    Member,
    MemberResult,
    Outcome,
    PartKind,
    Unit,
)
from ingestd.run import aside as aside_module
from ingestd.run.aside import Aside, packed, unpacked
from ingestd.run.engine import Piece
from ingestd.run.rejects import shown, turned_back
from ingestd.run.slices import whole_files
from tests.unit.run.reject_kit import BATCH, plan_in, read, reject, result


def written(plan, *results):
    """The parts that Aside makes of *results*."""
    aside = Aside(plan)
    for one in results:
        aside.add(one)
    return aside.close()


def rows_of(*parts):
    return [row for part in parts for row in pq.read_table(part.staged).to_pylist()]


def test_the_part_holds_all_there_is_to_say(tmp_path):
    """
    Every column, under the batch's metadata, durable, counted and hashed.
    """
    plan = plan_in(tmp_path)
    one = reject(7, 3, path=b"a\\b\xff.csv")
    whole = reject(7, 4, column="", reason=Reason.TOO_FEW_FIELDS, raw=b"x\xff\n1")

    (part,) = written(plan, result(read(7, 1, 2), rejects=(one, whole)))

    assert rows_of(part) == [
        {
            "file": "a\\\\b\\xff.csv",
            "line": 4,
            "record": 3,
            "byte_offset": 30,
            "column": "n",
            "reason": "bad_value",
            "detail": "'x' is no int64",
            "header": "n,text",
            "raw": "x,3",
            "raw_bytes": None,
        },
        {
            "file": "7.csv",
            "line": 5,
            "record": 4,
            "byte_offset": 40,
            "column": None,
            "reason": "too_few_fields",
            "detail": "'x' is no int64",
            "header": "n,text",
            "raw": "x\\xff\n1",
            "raw_bytes": b"x\xff\n1",
        },
    ]
    path = Path(part.staged)
    assert (f"{BATCH}-0000000000.parquet", PartKind.REJECTS) == (part.name, part.kind)
    assert Path(plan.rejects_staging) == path.parent
    assert (2, 2, path.stat().st_size) == (part.rows, part.rows_in, part.size)
    assert part.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    metadata = pq.read_metadata(path).metadata
    assert (BATCH.encode(), b"2") == (
        metadata[b"ingestd.batch"],
        metadata[b"rows_in"].lstrip(b"0"),
    )


def test_readers_see_plain_text(tmp_path):
    """
    Whatever reader: strings, numbers and bytes, no dictionaries.
    """
    (part,) = written(plan_in(tmp_path), result(read(1, 0, 1), rejects=(reject(),)))

    text = {"file", "column", "reason", "detail", "header", "raw"}
    schema = pl.scan_parquet(part.staged).collect_schema()
    assert text == {name for name, kind in schema.items() if kind == pl.String}
    described = duckdb.sql(f"describe select * from '{part.staged}'").fetchall()
    assert text == {row[0] for row in described if row[1] == "VARCHAR"}
    assert text == {f.name for f in pq.read_schema(part.staged) if f.type == "string"}


def test_a_part_is_durable_with_its_name(tmp_path, monkeypatch):
    """
    The file and its folder are synced before the ledger may say *staged*.
    """
    synced = []
    real = os.fsync

    def fsync(fd):
        synced.append(os.readlink(f"/proc/self/fd/{fd}"))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    plan = plan_in(tmp_path)
    (part,) = written(plan, result(read(1, 0, 1), rejects=(reject(),)))

    assert [part.staged, plan.rejects_staging] == synced


def test_no_rejects_make_no_part(tmp_path):
    """
    And touch no disk: where nothing is set aside, there may be no folder.
    """
    plan = plan_in(tmp_path, rejects_staging="")

    assert () == written(plan, result(read(1, 5, 0)))


def test_rejects_of_a_file_that_was_not_read_are_left_out(tmp_path):
    """
    It is set aside whole, so its single rows would be there twice when it is repaired.
    """
    ends = (read(1, 0, 1), MemberResult(2, Outcome.QUARANTINED, reason="bad_quote"))
    given = result(*ends, rejects=(reject(1), reject(2), reject(2, 2)))

    assert (reject(1),) == packed(plan_in(tmp_path), given).rejects


def test_large_rejects_travel_in_a_file(tmp_path):
    """
    More than fits the limit is spilled to the staging that workers share, and is the
    same when it is unpacked; what fits stays.
    """
    rejects = tuple(reject(1, n, raw=b"y" * 1000) for n in range(1, 30))
    given = result(read(1, 0, 29), rejects=rejects)
    small = plan_in(tmp_path, inline_bytes=2000)

    kept = packed(plan_in(tmp_path), given)
    spilled = packed(small, given)

    assert (rejects, "") == (kept.rejects, kept.spilled_rejects)
    assert () == spilled.rejects
    assert Path(small.staging) in Path(spilled.spilled_rejects).parents
    tables = [pa.concat_tables(unpacked(one)).to_pylist() for one in (kept, spilled)]
    assert tables[0] == tables[1]
    assert [row["raw"] for row in tables[0]] == ["y" * 1000] * 29
    some = pa.concat_tables(unpacked(spilled, ("reason", "line")))
    assert ["reason", "line"] == some.column_names
    assert rows_of(*written(small, spilled)) == rows_of(*written(small, kept))


def test_a_long_header_counts_once(tmp_path):
    """
    A thousand rows of a wide file share one header, in memory, on the way and on disk.
    """
    header = b",".join(b"column%d" % n for n in range(20_000))
    rejects = tuple(reject(1, n, header=header) for n in range(1, 1001))
    plan = plan_in(tmp_path, inline_bytes=1 << 20)

    kept = packed(plan, result(read(1, 0, 1000), rejects=rejects))
    (part,) = written(plan, kept)

    assert "" == kept.spilled_rejects
    assert part.size < 4 * len(header)
    assert {header.decode()} == {row["header"] for row in rows_of(part)}


def test_many_rejects_are_several_row_groups_and_parts(tmp_path, monkeypatch):
    """
    Only a chunk is held in memory, and a file is not much larger than it should be.
    """
    for module in (aside_module, "ingestd.run.reject_table"):
        if isinstance(module, str):
            monkeypatch.setattr(f"{module}.CHUNK_BYTES", 4_000)
        else:
            monkeypatch.setattr(module, "CHUNK_BYTES", 4_000)
    sink = Sink(url=str(tmp_path / "out"), max_part_bytes=15_000)
    plan = plan_in(tmp_path, sink=sink)
    results = [
        result(
            read(n, 0, 100),
            rejects=tuple(reject(n, r, raw=os.urandom(20)) for r in range(1, 101)),
            unit=n,
        )
        for n in range(1, 21)
    ]

    parts = written(plan, *results)

    assert [f"{BATCH}-{n:010d}.parquet" for n in range(len(parts))] == [
        part.name for part in parts
    ]
    assert len(parts) > 3
    assert max(part.size for part in parts) < 30_000
    assert all(pq.read_metadata(part.staged).num_row_groups > 1 for part in parts[:-1])
    expected = [(f"{n}.csv", r) for n in range(1, 21) for r in range(1, 101)]
    assert expected == [(row["file"], row["record"]) for row in rows_of(*parts)]


@pytest.mark.parametrize("inline_bytes", [1 << 20, 0], ids=["inline", "spilled"])
def test_rejects_are_counted_by_reason_for_each_file(tmp_path, inline_bytes):
    """
    In the members' results, with the first one's place and sentence; what the engine
    had to say of a file is kept.
    """
    few = {"reason": Reason.TOO_FEW_FIELDS, "column": "", "detail": "1 field of 2"}
    rejects = (
        reject(1, 1, **few),
        reject(1, 3),
        reject(1, 4, **few),
        reject(3, 8, detail="'y' is no int64"),
    )
    members = (read(1, 2, 3), read(2, 5, 0), read(3, 0, 1))
    members = (replace(members[0], detail="a note"), *members[1:])
    plan = plan_in(tmp_path, inline_bytes=inline_bytes)
    aside = Aside(plan)
    aside.add(packed(plan, result(*members, rejects=rejects)))

    first, second, third = aside.tally.told(members)

    assert (("bad_value", 1), ("too_few_fields", 2)) == first.rejected
    assert "line 2: 1 field of 2; a note" == first.detail
    assert members[1] == second
    assert (("bad_value", 1),) == third.rejected
    assert "line 9, column 'n': 'y' is no int64" == third.detail


def test_counts_go_on_over_chunks_and_results(tmp_path, monkeypatch):
    """
    A file whose rejects are in several chunks, and in several slices, has one sum.
    """
    monkeypatch.setattr("ingestd.run.reject_table.CHUNK_BYTES", 1)
    plan = plan_in(tmp_path, inline_bytes=0)
    aside = Aside(plan)
    for unit in range(2):
        rejects = tuple(reject(1, n, detail=f"{unit} {n}") for n in range(1, 6))
        aside.add(packed(plan, result(read(1, 1, 5), rejects=rejects, unit=unit)))

    (member,) = aside.tally.told([read(1, 2, 10)])

    assert (("bad_value", 10),) == member.rejected
    assert "line 2, column 'n': 0 1" == member.detail


@pytest.mark.parametrize("inline_bytes", [1 << 20, 0], ids=["inline", "spilled"])
def test_slices_of_one_file_have_its_numbers(tmp_path, inline_bytes):
    """
    Lines and records count from the file's beginning, wherever the rejects travelled;
    too many of all slices together are told of with the first one.
    """
    plan = plan_in(tmp_path, inline_bytes=inline_bytes)
    mark = Fingerprint(30, 1, 1, 1)
    file = FileRef(1, "rows", b"1.csv", mark)
    units = [Unit(n, (Member(file, 10 * n, 10 * n + 10),)) for n in range(3)]
    results = [
        replace(
            packed(plan, result(read(1, 3, 1), rejects=(reject(1, 2),), unit=n)),
            piece=Piece(10 * n, 10 * n + 10, 4, 5),
        )
        for n in range(3)
    ]

    whole = whole_files(units, results, lambda _: pytest.fail("again"), 3)
    many = whole_files(units, results, lambda _: pytest.fail("again"), 2)

    (member,) = (m for one in whole for m in one.members)
    assert (12, 9, 3) == (member.rows_in, member.rows_out, member.rows_rejected)
    rows = rows_of(*written(plan, *whole))
    assert [(2, 3), (6, 8), (10, 13)] == [(r["record"], r["line"]) for r in rows]
    (quarantined,) = (m for one in many for m in one.members)
    assert Reason.TOO_MANY_REJECTS == quarantined.reason
    assert "bad_value, record 2 in line 3: 'x' is no int64" in quarantined.detail


def test_an_attempt_that_is_run_again_writes_the_same_names(tmp_path):
    """
    When Prefect is lost, the same attempt runs once more, on Dask directly.
    """
    plan = plan_in(tmp_path)
    first = Aside(plan)
    first.add(result(read(1, 0, 1), rejects=(reject(),)))
    first.close()
    (part,) = written(plan, result(read(1, 0, 1), rejects=(reject(1, 9),)))

    assert [9] == [row["record"] for row in rows_of(part)]
    assert [part.name] == os.listdir(plan.rejects_staging)


def test_a_staging_folder_that_is_gone_is_waited_for(tmp_path):
    """
    A mount is away: what would be written below it would be hidden later.
    """
    plan = plan_in(tmp_path)
    Path(plan.rejects_staging).rmdir()

    with pytest.raises(ComponentAway) as caught:
        written(plan, result(read(1, 0, 1), rejects=(reject(),)))
    assert "sink" == caught.value.component


@pytest.mark.parametrize("when", ["open", "write", "close"])
def test_a_disk_that_is_full_is_waited_for(tmp_path, monkeypatch, when):
    """
    At whatever moment; and nothing is left open.
    """

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    name = "__init__" if when == "open" else when
    monkeypatch.setattr(aside_module._PartFile, name, full)
    aside = Aside(plan_in(tmp_path))
    aside.add(result(read(1, 0, 1), rejects=(reject(),)))
    with pytest.raises(ComponentAway, match="No space left") as caught:
        aside.close()
    assert "disk" == caught.value.component
    aside.abandon()
    aside.abandon()
    assert aside._open is None


def test_a_full_disk_on_the_worker_is_waited_for(tmp_path):
    """
    Spilling fails like writing a part does.
    """
    plan = plan_in(tmp_path, inline_bytes=0, staging=str(tmp_path / "gone"))

    with pytest.raises(ComponentAway):
        packed(plan, result(read(1, 0, 1), rejects=(reject(),)))


def test_an_engine_that_sets_aside_what_it_may_not_fails(tmp_path):
    """
    There is no folder for it; to commit without these rows would lose them.
    """
    plan = plan_in(tmp_path, rejects_staging="")

    with pytest.raises(Retryable, match="bad_row"):
        written(plan, result(read(1, 0, 1), rejects=(reject(),)))


@given(st.binary(max_size=20) | st.sampled_from([b"\\xff", b"\\\\x41", b"a\\"]))
def test_a_path_can_be_turned_back(path):
    """
    Any bytes are one text, and the text is those bytes.
    """
    assert path == turned_back(shown(path))
