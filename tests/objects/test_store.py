"""
What every store does alike: the seam that the rest is built on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestd.errors import ComponentAway
from ingestd.storage import Item, Missing, Place, Replaced, Store, open_store
from tests.objects.kit import EVERY_STORE, ONLY_SFTP, url_of
from tests.stores import Bucket

STEP_BYTES = 256 << 10
"""The least that Google takes in a step."""


@dataclass
class At:
    """
    A store, and the prefix under which the test's keys are in it.
    """

    store: Store
    prefix: str

    def key(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def listed(self, prefix: str, *, deep: bool) -> list[str]:
        pages = self.store.pages(self.key(prefix), deep=deep)
        return sorted(i.key.removeprefix(self.prefix) for page in pages for i in page)

    def item(self, name: str) -> Item:
        there = self.store.head(self.key(name))
        assert there is not None
        return Item(self.key(name), there.size, there.etag)


@pytest.fixture
def at(bucket: Bucket) -> Iterator[At]:
    """The bucket as the code under test sees it, with small pages and steps."""
    place = Place.of(url_of(bucket, ""))
    store = open_store(place, bucket.storage(), "sink")
    # Parts of S3 are 5 MiB at least; they are tried with Swift.
    for limit in ("block_bytes", "step_bytes"):
        if hasattr(store, limit):
            setattr(store, limit, STEP_BYTES)
    store.page_keys = 2  # type: ignore[attr-defined]
    return At(store, f"{place.key}/" if place.key else "")


def digest_of(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@EVERY_STORE
def test_a_listing_shows_all_and_nothing_else(bucket: Bucket, at: At) -> None:
    """Over several pages, whatever the names; without what is below, if asked so."""
    names = ["in/a b+é%20#?.csv", "in/b.csv", "in/c.csv", "in/d.csv", "in/empty.csv"]
    for name in [*names, "in/d/deep.csv", "inner.csv"]:
        bucket.put(name, b"" if "empty" in name else b"n\n1\n")
    assert at.listed("in/", deep=False) == names
    assert at.listed("in/", deep=True) == sorted([*names, "in/d/deep.csv"])
    assert at.listed("out/", deep=True) == []


@EVERY_STORE
def test_a_listing_and_a_look_name_the_same_version(bucket: Bucket, at: At) -> None:
    """Another version is another one for both."""
    marks = []
    for data in (b"n\n1\n", b"n\n2\n"):
        bucket.put("in/a.csv", data)
        ((item,),) = at.store.pages(at.key("in/"), deep=False)
        assert item == at.item("in/a.csv")
        marks.append(item.etag)
    assert marks[0] != marks[1]
    assert at.store.head(at.key("in/b.csv")) is None


@EVERY_STORE
def test_a_range_is_of_the_version_that_was_asked_for(bucket: Bucket, at: At) -> None:
    """Else it is told that it was replaced, or that it is gone."""
    bucket.put("in/a.csv", b"0123456789")
    item = at.item("in/a.csv")
    assert at.store.read(item, 0, 10) == b"0123456789"
    assert at.store.read(item, 3, 7) == b"3456"
    assert at.store.read(item, 0, 0) == b""
    bucket.put("in/a.csv", b"9876543210")
    with pytest.raises(Replaced):
        at.store.read(item, 3, 7)
    bucket.delete("in/a.csv")
    with pytest.raises(Missing):
        at.store.read(item, 3, 7)


@EVERY_STORE
@pytest.mark.parametrize("size", [0, 100, 3 * STEP_BYTES + 1])
def test_what_is_put_is_there(
    bucket: Bucket, at: At, tmp_path: Path, size: int
) -> None:
    """Whole, under its name alone, and known by its digest; also a second time."""
    data = bytes(range(251)) * (size // 251 + 1)
    digest = digest_of(tmp_path / "file", data[:size])
    for _ in range(2):
        at.store.put(at.key("out/é/a.parquet"), str(tmp_path / "file"), digest)
    assert bucket.keys() == ["out/é/a.parquet"]
    assert bucket.get("out/é/a.parquet") == data[:size]
    assert at.store.holds(at.key("out/é/a.parquet"), size, digest)
    assert not at.store.holds(at.key("out/é/a.parquet"), size, digest[::-1])
    assert not at.store.holds(at.key("out/é/a.parquet"), size + 1, digest)
    assert not at.store.holds(at.key("out/é/b.parquet"), size, digest)
    assert at.store.digest(at.item("out/é/a.parquet")) == digest


@EVERY_STORE
def test_a_staged_part_is_copied_to_its_name(
    bucket: Bucket, at: At, tmp_path: Path
) -> None:
    """Over what is there; and a part that is not there is told of as missing."""
    digest = digest_of(tmp_path / "file", b"x" * 1_000)
    staged, final = "out.ingestd/staging/1/a b.parquet", "out/day=é/a b.parquet"
    bucket.put(final, b"old")
    at.store.put(at.key(staged), str(tmp_path / "file"), digest)
    at.store.copy(at.key(staged), at.key(final), digest)
    assert bucket.get(final) == b"x" * 1_000
    assert at.store.holds(at.key(final), 1_000, digest)
    at.store.delete(at.key(staged))
    with pytest.raises(Missing):
        at.store.copy(at.key(staged), at.key(final), digest)


@EVERY_STORE
def test_deleting_may_be_done_again(bucket: Bucket, at: At) -> None:
    """What is gone already is no failure."""
    bucket.put("in/a.csv", b"x")
    at.store.delete(at.key("in/a.csv"))
    at.store.delete(at.key("in/a.csv"))
    assert bucket.keys() == []


@EVERY_STORE
def test_what_was_half_sent_is_given_up(bucket: Bucket, at: At) -> None:
    """It shows in no listing, and goes when it is swept; what is whole stays."""
    bucket.put("out/a.parquet", b"x")
    bucket.put("out/empty.parquet", b"")
    bucket.begin_upload("out/b.parquet")
    begun = len(bucket.uploads())
    whole = ["out/a.parquet", "out/empty.parquet"]
    assert at.listed("out/", deep=True) == whole
    assert at.store.sweep_uploads(at.key("out/")) == begun
    assert bucket.uploads() == []
    assert bucket.keys() == whole


@EVERY_STORE
def test_a_bucket_that_is_not_there_is_an_absence(bucket: Bucket) -> None:
    """With what to do about it, and not an empty listing."""
    place = Place.of(url_of(bucket, "in").replace(bucket.name, bucket.nowhere))
    store = open_store(place, bucket.storage(), "source")
    with pytest.raises(ComponentAway, match=bucket.no_bucket) as caught:
        list(store.pages(f"{place.key}/", deep=False))
    assert caught.value.hint != ""


@ONLY_SFTP
def test_a_connection_that_broke_is_made_anew(bucket: Bucket, at: At) -> None:
    """Between two calls, and with channels that were open on it."""
    bucket.put("in/a.csv", b"n\n1\n")
    item = at.item("in/a.csv")
    for _ in range(2):
        at.store.channels._ssh.get_transport().sock.close()  # type: ignore[attr-defined]
        assert at.store.read(item, 0, 4) == b"n\n1\n"


@ONLY_SFTP
@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("known_hosts", "{folder}/known_hosts_of_none", "are not known"),
        ("key_filename", "{folder}/host", "Authentication"),
        ("key_filename", "{folder}/nothing", "No such file"),
        ("host_key_policy", "any", "host_key_policy"),
        ("colour", "red", "colour"),
    ],
)
def test_a_connection_that_cannot_be_made_tells_why(
    bucket: Bucket, option: str, value: str, said: str
) -> None:
    """At once, with what to do; a server whose key nobody wrote down is not trusted."""
    folder = Path(bucket.storage()["known_hosts"]).parent
    (folder / "known_hosts_of_none").touch()
    options = bucket.storage() | {"allow_agent": False, "look_for_keys": False}
    options[option] = value.format(folder=folder)
    place = Place.of(url_of(bucket, "in"))
    store = open_store(place, options, "source")
    with pytest.raises(ComponentAway, match=said) as caught:
        store.head(place.key)
    assert caught.value.hint != ""


@EVERY_STORE
def test_only_the_very_version_is_copied_and_removed(
    at: At, bucket: Bucket, tmp_path: Path
) -> None:
    """Another one that came meanwhile stays, and is not taken for the one before."""
    path = tmp_path / "x"
    at.store.put(at.key("a"), str(path), digest_of(path, b"one" * 1000))
    old = at.item("a")
    at.store.copy_version(old, at.key("done/a"))
    assert bucket.get("done/a") == bucket.get("a") == b"one" * 1000
    at.store.put(at.key("a"), str(path), digest_of(path, b"other"))
    for act in (at.store.remove, lambda item: at.store.copy_version(item, at.key("b"))):
        with pytest.raises(Replaced):
            act(old)
    assert bucket.get("a") == b"other"
    at.store.remove(at.item("a"))
    assert ["done/a"] == at.listed("", deep=True)
    for act in (at.store.remove, lambda item: at.store.copy_version(item, at.key("b"))):
        with pytest.raises(Missing):
            act(old)
