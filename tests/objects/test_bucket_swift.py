"""
A real store: OpenStack Swift, with its signatures, on disk, with listings that lag.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from ingestd.errors import ComponentAway
from ingestd.model import FileState
from ingestd.storage import Item, Place, Replaced, open_store
from ingestd.storage.opening import forget
from tests.fault.rig import Rig
from tests.objects.kit import config, of, rows_at, states
from tests.servers import Lagging, Make
from tests.stores import ENVIRONMENT, Bucket

Begin = Callable[..., Rig]
_numbers = itertools.count()

pytestmark = pytest.mark.xdist_group("swift")  # one store for all of them


@pytest.fixture
def swift(servers: Callable[[str], Make]) -> Lagging:
    """The store, with its way to the listings, or a skip where there cannot be one."""
    found = servers("swift")
    assert isinstance(found, Lagging)
    return found


@pytest.fixture
def there(swift: Lagging, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket in it."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    bucket = swift(f"lake-{next(_numbers)}")
    yield bucket
    forget()


def test_from_bucket_to_bucket_and_a_listing_that_lags(
    there: Bucket, swift: Lagging, begin: Begin
) -> None:
    """The late object is read when a listing shows it, once."""
    there.put("in/m é.csv", b"n\n1\n")
    rig = begin(config(of(there, "in"), of(there, "out")))
    rig.run_to_idle()
    assert rows_at(there) == [(1,)]

    # The object server cannot tell the listing of its new object.
    swift.way.choose = lambda method, path: "reset" if path.endswith("/a.csv") else ""
    there.put("in/a.csv", b"n\n2\n")
    swift.way.choose = lambda method, path: ""
    assert there.get("in/a.csv") == b"n\n2\n"
    assert there.keys("in/") == ["in/m é.csv"]
    rig.run_to_idle()
    assert rows_at(there) == [(1,)]

    swift.store.update()
    rig.run_to_idle()
    rig.run_to_idle()
    assert rows_at(there) == [(1,), (2,)]


def test_a_removed_object_that_is_still_listed_is_not_read_again(
    there: Bucket, swift: Lagging, begin: Begin
) -> None:
    """What it was moved to is whole, and the late listing changes nothing."""
    options = f'after_commit = "move"\nmove_to = "s3://{there.name}/done"'
    there.put("in/a é.csv", b"n\n1\n")
    rig = begin(config(of(there, "in"), of(there, "out"), options=options))
    late = quote("in/a é.csv")
    swift.way.choose = lambda method, path: "reset" if path.endswith(late) else ""
    rig.run_to_idle()
    swift.way.choose = lambda method, path: ""
    assert there.keys("in/") == ["in/a é.csv"]
    rig.run_to_idle()
    rig.run_to_idle()
    assert rows_at(there) == [(1,)]
    assert set(states(rig).values()) == {FileState.MOVED}

    swift.store.update()
    assert there.keys("in/") == []
    assert there.get("done/a é.csv") == b"n\n1\n"


def test_another_version_is_neither_copied_nor_removed(there: Bucket) -> None:
    """Whether or not the store honours the condition."""
    where = Place.of(f"s3://{there.name}")
    store = open_store(where, {"endpoint_url": there.endpoint}, "source")
    there.put("a", b"1")
    first = store.head("a")
    assert first is not None
    there.put("a", b"2")
    item = Item("a", first.size, first.etag)
    with pytest.raises(Replaced):
        store.copy_version(item, "b")
    with pytest.raises(Replaced):
        store.remove(item)
    assert there.get("a") == b"2"
    assert store.head("b") is None


def test_large_objects_are_put_and_copied_in_parts(
    there: Bucket, tmp_path: Path
) -> None:
    """And what was put is what is there, byte by byte."""
    import hashlib

    store = open_store(
        Place.of(f"s3://{there.name}"), {"endpoint_url": there.endpoint}, "sink"
    )
    store.large.part_bytes = 5 << 20  # type: ignore[attr-defined]
    store.large.copy_limit = 6 << 20  # type: ignore[attr-defined]
    data = bytes(range(251)) * 50_000
    (tmp_path / "big").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    store.put("big/a", str(tmp_path / "big"), digest)
    store.copy("big/a", "big/b", digest)
    assert there.get("big/b") == data
    assert store.holds("big/b", len(data), digest)
    assert store.sweep_uploads("big/") == 0


def test_a_wrong_secret_is_told_with_what_to_do(
    there: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an absence, not a fault of an object."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    forget()
    store = open_store(
        Place.of(f"s3://{there.name}"), {"endpoint_url": there.endpoint}, "source"
    )
    with pytest.raises(ComponentAway, match=r"SignatureDoesNotMatch.*Renew"):
        list(store.pages("", deep=True))
