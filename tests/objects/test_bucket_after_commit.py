"""
Objects that are moved or deleted once their rows are committed, and not before.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestd.errors import ComponentAway
from ingestd.model import FileState
from ingestd.observe.events import ComponentLost, Event, FileDisposed, FileKept
from ingestd.storage import Forbidden, Item, Place, Replaced, Store, open_store
from tests.fault.rig import Rig
from tests.objects.faulty import faulty
from tests.objects.kit import FOLDER_OUT, config, of, rows_in, states
from tests.stores import Bucket, S3Bucket

Begin = Callable[..., Rig]

DELETE = 'after_commit = "delete"\nrecursive = true'
MOVED, DELETED, KEPT = FileState.MOVED, FileState.DELETED, FileState.COMMITTED


def move_to(place: str) -> str:
    return f'after_commit = "move"\nmove_to = "{place}"\nrecursive = true'


def store_of(bucket: Bucket) -> Any:
    """The one store that the daemon has of this bucket."""
    options = {"endpoint_url": bucket.endpoint}
    return open_store(Place.of(f"s3://{bucket.name}"), options, "source")


def settled(rig: Rig) -> None:
    """Run until all is drained, and a listing has seen it."""
    rig.run_to_idle()
    rig.run_to_idle()


@pytest.fixture
def other(bucket: Bucket) -> Bucket:
    """Another bucket of the same store."""
    return S3Bucket.made(bucket.endpoint, f"{bucket.name}-other")


def test_deleted_objects_are_gone_and_told(
    bucket: Bucket, begin: Begin, tmp_path: Path, events: list[Event]
) -> None:
    """Those that were committed; what was set aside whole stays where it is."""
    for number in range(30):
        bucket.put(f"in/d {number % 3}/é{number}.csv", b"n\n%d\n" % number)
    bucket.put("in/bad.csv", b"n,n\n1,2\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=DELETE))
    settled(rig)
    assert rows_in(tmp_path / "outbox") == [(number,) for number in range(30)]
    assert bucket.keys() == ["in/bad.csv"]
    assert [DELETED] * 30 == [s for s in states(rig).values() if s is not KEPT][1:]
    assert len([e for e in events if isinstance(e, FileDisposed)]) == 30


@pytest.mark.parametrize("where", ["same", "other", "folder"])
def test_moved_objects_are_whole_and_named_as_before(
    bucket: Bucket, other: Bucket, begin: Begin, tmp_path: Path, where: str
) -> None:
    """Below a prefix of their own bucket or of another, or in a folder."""
    target = {
        "same": f"s3://{bucket.name}/done",
        "other": f"s3://{other.name}/done/of",
        "folder": str(tmp_path / "done"),
    }[where]
    bucket.put("in/a/b é.csv", b"n\n1\n")
    bucket.put("in/empty.csv", b"")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=move_to(target)))
    settled(rig)
    assert rows_in(tmp_path / "outbox") == [(1,)]
    assert set(states(rig).values()) == {MOVED}
    assert bucket.keys("in/") == []
    if where == "folder":
        found = {
            str(path.relative_to(target)): path.read_bytes()
            for path in Path(target).rglob("*")
            if path.is_file()
        }
    else:
        there, prefix = (bucket, "done/") if where == "same" else (other, "done/of/")
        found = {k.removeprefix(prefix): there.get(k) for k in there.keys(prefix)}
    assert found == {"a/b é.csv": b"n\n1\n", "empty.csv": b""}


def test_nothing_is_overwritten_where_they_are_moved_to(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Another content gets a number behind its name."""
    bucket.put("done/a.csv", b"older")
    options = move_to(f"s3://{bucket.name}/done")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=options))
    for number in (1, 2):
        bucket.put("in/a.csv", b"n\n%d\n" % number)
        settled(rig)
    names = {key: bucket.get(key) for key in bucket.keys("done/")}
    assert names == {
        "done/a.csv": b"older",
        "done/a.1.csv": b"n\n1\n",
        "done/a.2.csv": b"n\n2\n",
    }


def test_another_version_stays_and_is_read(
    bucket: Bucket, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came after the first was read, also at the very last moment."""
    bucket.put("in/a.csv", b"n\n1\n")
    bucket.put("in/b.csv", b"n\n2\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=DELETE))
    store, new = store_of(bucket), {"in/a.csv": b"n\n3\n", "in/b.csv": b"n\n4\n"}
    remove, head = store.remove, store.head

    def removed(item: Item) -> None:
        # Behind the first look, and before the one that goes with the request.
        bucket.put("in/b.csv", new.pop("in/b.csv", b"n\n4\n"))
        remove(item)

    def looked(key: str) -> Any:
        if key in new and key == "in/a.csv":
            bucket.put(key, new.pop(key))
        return head(key)

    with monkeypatch.context() as patch:
        patch.setattr(store, "remove", removed)
        patch.setattr(store, "head", looked)
        rig.run_to_idle()
    assert {bucket.get(key) for key in bucket.keys("in/")} == {b"n\n3\n", b"n\n4\n"}
    settled(rig)
    assert rows_in(tmp_path / "outbox") == [(1,), (2,), (3,), (4,)]
    assert bucket.keys("in/") == []


def test_the_condition_goes_with_the_request(bucket: Bucket) -> None:
    """So that a store that honours it has no race at all."""
    asked: list[dict[str, Any]] = []
    bucket.put("in/a.csv", b"n\n1\n")
    store = store_of(bucket)
    ask = store.ask

    def noted(what: str, operation: str, **given: Any) -> Any:
        asked.append({"operation": operation, **given})
        return ask(what, operation, **given)

    store.ask = noted
    there = store.head("in/a.csv")
    item = Item("in/a.csv", there.size, there.etag)
    store.copy_version(item, "done/a.csv")
    store.remove(item)
    quoted = f'"{there.etag}"'
    conditions = {
        each["operation"]: each.get("IfMatch") or each.get("CopySourceIfMatch")
        for each in asked
        if each["operation"] != "head_object"
    }
    assert conditions == {"copy_object": quoted, "delete_object": quoted}


def test_a_copy_of_another_version_is_not_kept(bucket: Bucket) -> None:
    """This store passes over the condition: it copies what is there by then."""
    bucket.put("in/a.csv", b"n\n1\n")
    store = store_of(bucket)
    there, ask = store.head("in/a.csv"), store.ask

    def late(what: str, operation: str, **given: Any) -> Any:
        if operation == "copy_object":
            bucket.put("in/a.csv", b"n\n2\n")
        return ask(what, operation, **given)

    store.ask = late
    with pytest.raises(Replaced):
        store.copy_version(Item("in/a.csv", there.size, there.etag), "done/a.csv")
    assert bucket.keys() == ["in/a.csv"]


class Crash(BaseException):
    """
    The daemon dies here.
    """


CRASHES = ["before", "copied", "removed"]


@pytest.mark.parametrize("where", ["same", "other", "folder", "deleted"])
@pytest.mark.parametrize("when", CRASHES)
def test_a_crash_is_finished_by_the_next_start(
    bucket: Bucket,
    other: Bucket,
    begin: Begin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    when: str,
) -> None:
    """Each object is there once, in its place or where it was moved to."""
    options = {
        "same": move_to(f"s3://{bucket.name}/done"),
        "other": move_to(f"s3://{other.name}/done"),
        "folder": move_to(str(tmp_path / "done")),
        "deleted": DELETE,
    }[where]
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=options))
    store = store_of(bucket)
    head, remove = store.head, store.remove

    def looked(key: str) -> Any:
        if when == "before" and key == "in/a.csv":
            raise Crash
        return head(key)

    def removed(item: Item) -> None:
        if when == "copied":
            raise Crash
        remove(item)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(store, "head", looked)
        patch.setattr(store, "remove", removed)
        with pytest.raises(Crash):
            rig.run_to_idle()

    again = begin(config(of(bucket, "in"), FOLDER_OUT, options=options))
    settled(again)
    assert rows_in(tmp_path / "outbox") == [(1,)]
    assert set(states(again).values()) == {DELETED if where == "deleted" else MOVED}
    assert bucket.keys("in/") == []
    done = {
        "same": bucket.keys("done/"),
        "other": other.keys(),
        "folder": [p.name for p in (tmp_path / "done").glob("*")],
        "deleted": ["a.csv"],
    }[where]
    assert [key.rsplit("/")[-1] for key in done] == ["a.csv"]


def test_a_store_that_is_away_holds_up_no_batch(
    bucket: Bucket,
    begin: Begin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    events: list[Event],
) -> None:
    """What is committed is committed; the object goes when the store is back."""
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=DELETE))

    def away(item: Item) -> None:
        raise ComponentAway("source", "away")

    with monkeypatch.context() as patch:
        patch.setattr(store_of(bucket), "remove", away)
        rig.run_to_idle()
        assert (rig.parts.committer.waiting, states(rig)) == (0, {b"a.csv": KEPT})
        assert [e.component for e in events if isinstance(e, ComponentLost)]
    rig.turn(200)
    assert states(rig) == {b"a.csv": DELETED}


def test_an_object_that_may_not_be_deleted_stays(
    bucket: Bucket,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    events: list[Event],
) -> None:
    """It is reported, and not read again; nor are the others held up."""
    bucket.put("in/a.csv", b"n\n1\n")
    bucket.put("in/b.csv", b"n\n2\n")
    store = store_of(bucket)
    remove = store.remove

    def denied(item: Item) -> None:
        if item.key == "in/a.csv":
            raise Forbidden("AccessDenied")
        remove(item)

    monkeypatch.setattr(store, "remove", denied)
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=DELETE))
    settled(rig)
    assert states(rig) == {b"a.csv": KEPT, b"b.csv": DELETED}
    kept = [(e.path, e.error) for e in events if isinstance(e, FileKept)]
    assert kept == [(b"a.csv", "AccessDenied")]


def test_answers_that_are_lost_are_no_failure(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Of the copy, and of the deletion, which is not there the second time."""
    bucket.put("in/a.csv", b"n\n1\n")
    lost: Iterator[str] = itertools.chain(["lost", "lost"], itertools.repeat(""))

    def choose(method: str, path: str) -> str:
        return next(lost) if method in {"DELETE", "PUT"} else ""

    with faulty(bucket.endpoint, choose) as (endpoint, proxy):
        options = move_to(f"s3://{bucket.name}/done")
        rig = begin(config(of(bucket, "in", endpoint), FOLDER_OUT, options=options))
        settled(rig)
        assert proxy.told["lost"] == 2
    assert bucket.keys() == ["done/a.csv"]
    assert states(rig) == {b"a.csv": MOVED}


def test_large_objects_are_moved_in_parts(
    bucket: Bucket, begin: Begin, tmp_path: Path
) -> None:
    """Where one request cannot copy so much."""
    text = b"n\n" + b"1\n" * 3_000_000
    bucket.put("in/a.csv", text)
    options = move_to(f"s3://{bucket.name}/done")
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=options))
    store: Store = store_of(bucket)
    store.large.part_bytes = 5 << 20  # type: ignore[attr-defined]
    store.large.copy_limit = 5 << 20  # type: ignore[attr-defined]
    settled(rig)
    assert bucket.get("done/a.csv") == text
    assert bucket.keys("in/") == []
