"""
A bucket as the sink of a whole daemon, and the other way round.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestd.commit.bucket import BucketSink
from ingestd.errors import ComponentAway
from ingestd.storage import Store
from tests.fault.rig import Rig
from tests.objects.kit import EVERY_STORE, FOLDER_IN, config, of, rows_at, states
from tests.stores import Bucket

Begin = Callable[..., Rig]

pytestmark = EVERY_STORE


def put(folder: Path, name: str, text: str) -> None:
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "inbox" / name).write_text(text)


def store_of(rig: Rig) -> Any:
    sink = rig.parts.sinks["rows"]
    assert isinstance(sink, BucketSink)
    return sink.store


def test_parts_are_published_and_nothing_else(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Readers find finished parts alone; staging is empty, scratch is too."""
    put(tmp_path, "a.csv", "day,n\nd1,1\nd2,2\n")
    put(tmp_path, "b.csv", "day,n\nd1,3\nd2,x\n")
    rest = 'partition_by = ["day"]\n[pipelines.schema]\nday = "string"\nn = "int64"'
    rig = begin(config(FOLDER_IN, of(bucket, "out"), rest=rest))
    rig.run_to_idle()

    assert rows_at(bucket) == [(1,), (2,), (3,)]
    (batch,) = {k.rsplit("/", 1)[1].rsplit("-", 1)[0] for k in bucket.keys("out/")}
    assert all(k.split("/")[1] in ("day=d1", "day=d2") for k in bucket.keys("out/"))
    assert bucket.keys("out.ingestd/") == [f"out.ingestd/manifest/{batch}.json"]
    manifest = json.loads(bucket.get(f"out.ingestd/manifest/{batch}.json"))
    assert (manifest["rows_in"], manifest["rows_out"]) == (4, 3)
    assert list((tmp_path / "var/rejects/rows.ingestd/scratch").iterdir()) == []


def test_from_bucket_to_bucket_in_groups(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Partials are combined and put like any part."""
    bucket.put("in/a.csv", b"day,n\nd1,1\nd2,2\n")
    bucket.put("in/b.csv", b"day,n\nd1,3\n")
    rest = (
        '[pipelines.aggregate]\ngroup_by = ["day"]\n'
        '[pipelines.aggregate.metrics]\ntotal = ["n", "sum"]'
    )
    rig = begin(config(of(bucket, "in"), of(bucket, "out"), rest=rest))
    rig.run_to_idle()
    assert rows_at(bucket) == [("d1", 4, 2), ("d2", 2, 1)]


class Crash(BaseException):
    """
    The daemon dies here.
    """


CRASHES = ["first copy", "second copy", "copied", "manifest"]


@pytest.mark.parametrize("when", CRASHES)
def test_a_crash_while_publishing_is_finished_by_the_next_start(
    bucket: Bucket,
    begin: Begin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    """Each row is there once, whatever was copied already."""
    put(tmp_path, "a.csv", "day,n\nd1,1\nd2,2\n")
    rig = begin(config(FOLDER_IN, of(bucket, "out"), rest='partition_by = ["day"]'))
    store = store_of(rig)
    copy, place = store.copy, store.put
    copies: list[str] = []

    def copied(source: str, target: str, sha256: str) -> None:
        copies.append(target)
        if when == "first copy" or (when == "second copy" and len(copies) == 2):
            raise Crash
        copy(source, target, sha256)
        if when == "copied" and len(copies) == 2:
            raise Crash

    def placed(key: str, path: str, sha256: str) -> None:
        if when == "manifest" and key.endswith(".json"):
            raise Crash
        place(key, path, sha256)

    monkeypatch.setattr(store, "copy", copied)
    monkeypatch.setattr(store, "put", placed)
    with pytest.raises(Crash):
        rig.run_to_idle()
    monkeypatch.undo()

    again = begin(config(FOLDER_IN, of(bucket, "out"), rest='partition_by = ["day"]'))
    again.run_to_idle()
    assert rows_at(bucket) == [(1,), (2,)]
    assert [k for k in bucket.keys("out.ingestd/") if "staging" in k] == []


def test_what_a_crash_left_in_staging_is_removed(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Objects and unfinished uploads of attempts that nobody knows any more."""
    bucket.put("out.ingestd/staging/1-old-1/x.parquet", b"x")
    bucket.begin_upload("out.ingestd/staging/1-old-1/y.parquet")
    begin(config(FOLDER_IN, of(bucket, "out")))
    assert bucket.keys() == []
    assert bucket.uploads() == []


def test_a_store_that_is_away_keeps_batches_staged(
    bucket: Bucket, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing fails and nothing is lost; they are published when it is back."""
    put(tmp_path, "a.csv", "n\n1\n")
    rig = begin(config(FOLDER_IN, of(bucket, "out")))
    store: Store = store_of(rig)

    def away(source: str, target: str, sha256: str) -> None:
        raise ComponentAway("sink", "away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "copy", away)
        rig.scan()
        rig.turn(200)
        assert rig.parts.committer.waiting == 1
        assert rows_at(bucket) == []
    rig.run_to_idle()
    assert rows_at(bucket) == [(1,)]
    assert {state.value for state in states(rig).values()} == {"committed"}
