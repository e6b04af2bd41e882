"""
A real store: OpenStack Swift, with its signatures, on disk, with listings that lag.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestd.errors import ComponentAway
from ingestd.storage import Place, open_store
from ingestd.storage.opening import forget
from tests.fault.rig import Rig
from tests.objects.kit import config, of, rows_at
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
