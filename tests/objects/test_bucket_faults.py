"""
A store, or the way to it, that fails: every row once, and nothing set aside for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingestd.errors import ComponentAway
from ingestd.observe.events import Event, FileQuarantined, ScanFailed
from ingestd.retry import Backoff
from ingestd.storage import Item, Place, Store, open_store, patience
from tests.fault.rig import Rig
from tests.objects.faulty import Faulty, faulty, now_and_then
from tests.objects.kit import FOLDER_OUT, config, of, rows_at, rows_in, states
from tests.stores import Bucket

Begin = Callable[..., Rig]

OBJECTS = int(os.environ.get("INGESTD_FAULT_OBJECTS", "200"))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again soon."""
    plain = patience.Caller.__init__

    def made(self: patience.Caller, *given: object, **named: object) -> None:
        plain(self, *given, **named)  # type: ignore[arg-type]
        self.backoff = Backoff(0.01, 0.05)
        self.breaker.backoff = Backoff(0.01, 0.05)

    monkeypatch.setattr(patience.Caller, "__init__", made)
    monkeypatch.setattr(patience, "_LONGEST_PACE", 0.01)


@pytest.fixture
def way(bucket: Bucket) -> Iterator[tuple[str, Faulty]]:
    """A proxy before the store, which lets all through until told otherwise."""
    with faulty(bucket.endpoint, lambda method, path: "") as made:
        yield made


def store_at(bucket: Bucket, endpoint: str) -> Store:
    place = Place.of(f"s3://{bucket.name}")
    return open_store(place, {"endpoint_url": endpoint}, "source")


@pytest.mark.parametrize(
    ("bucket", "objects"),
    [("moto", OBJECTS), ("azurite", 25), ("gcs", 25)],
    indirect=["bucket"],
)
def test_a_fifth_of_all_requests_fails(
    bucket: Bucket, begin: Begin, events: list[Event], objects: int
) -> None:
    """In all its ways, on source and sink: every row is out once."""
    for number in range(objects):
        bucket.put(f"in/{number:05d}.csv", b"n,m\n%d,1\n%d,2\n" % (number, number))
    rest = "[pipelines.batch]\nmax_files = 100"
    with faulty(bucket.endpoint, now_and_then(0.2, seed=7)) as (endpoint, proxy):
        source, sink = of(bucket, "in", endpoint), of(bucket, "out", endpoint)
        rig = begin(config(source, sink, rest=rest))
        while not (found := states(rig)) or set(found.values()) != {"committed"}:
            rig.run_to_idle()
        rig.run_to_idle()
    expected = sorted((number, m) for number in range(objects) for m in (1, 2))
    assert rows_at(bucket) == expected
    assert [e for e in events if isinstance(e, FileQuarantined)] == []
    assert sum(proxy.told[each] for each in proxy.told if "asked" not in each) > objects
    assert min(proxy.told[kind] for kind in ("503", "reset", "lost", "cut")) > 0


def test_a_body_that_is_cut_goes_on_where_it_ended(
    bucket: Bucket, way: tuple[str, Faulty]
) -> None:
    """The second request asks for the rest alone."""
    endpoint, proxy = way
    data = bytes(range(256)) * 4_000
    bucket.put("a", data)
    cuts = iter(["cut", "cut"])
    proxy.choose = lambda method, path: next(cuts, "") if method == "GET" else ""
    store = store_at(bucket, endpoint)
    stored = store.head("a")
    assert stored is not None
    assert store.read(Item("a", len(data), stored.etag), 0, len(data)) == data
    assert proxy.told["cut"] == 2


def test_an_answer_that_is_lost_after_the_copy_landed_is_success(
    bucket: Bucket, begin: Begin, tmp_path: Path, way: tuple[str, Faulty]
) -> None:
    """The copy is there once, whole, and the batch is committed."""
    endpoint, proxy = way
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "a.csv").write_text("n\n1\n")
    puts = iter(["lost", "", "lost", "lost"])
    proxy.choose = lambda method, path: next(puts, "") if method == "PUT" else ""
    inbox = '"inbox"\nsettle_unseen_seconds = 1'
    rig = begin(config(inbox, of(bucket, "out", endpoint)))
    rig.run_to_idle()
    assert proxy.told["lost"] == 3
    assert rows_at(bucket) == [(1,)]


def test_a_store_that_is_away_is_waited_for(
    bucket: Bucket,
    begin: Begin,
    tmp_path: Path,
    way: tuple[str, Faulty],
    events: list[Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is lost or quarantined; what is away is told; later it goes on."""
    endpoint, proxy = way
    monkeypatch.setattr(patience, "DEADLINE_SECONDS", 0.2)
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(config(of(bucket, "in", endpoint), FOLDER_OUT))
    caller = store_of(rig).caller  # type: ignore[attr-defined]
    caller.deadline_seconds = 0.2
    proxy.choose = lambda method, path: "reset"
    rig.scan()
    rig.turn(3)
    (away,) = rig.parts.away(rig.clock.monotonic())
    assert away.startswith("rows: s3://")
    assert [type(e) for e in events if isinstance(e, ScanFailed)] == [ScanFailed]

    # Listed, and gone again when it is read.
    proxy.choose = lambda method, path: "" if "list-type" in path else "503"
    caller.breaker.answered()  # as if its while were over
    rig.scan()
    rig.turn(40)
    assert {s.value for s in states(rig).values()} == {"claimed"}
    assert [e for e in events if isinstance(e, FileQuarantined)] == []
    assert any("read 'in/a.csv'" in a for a in rig.parts.away(rig.clock.monotonic()))

    proxy.choose = lambda method, path: ""
    caller.breaker.answered()
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,)]
    assert rig.parts.away(rig.clock.monotonic()) == []


def test_expired_credentials_are_read_again_once_and_then_reported(
    bucket: Bucket, way: tuple[str, Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do; and the store is not asked in a loop."""
    endpoint, proxy = way
    store = store_at(bucket, endpoint)
    caller = store.caller  # type: ignore[attr-defined]
    renewed: list[int] = []
    monkeypatch.setattr(caller, "renew", lambda: renewed.append(1))

    def expired(error: Exception) -> patience.Verdict:
        return patience.Verdict(patience.Trouble.EXPIRED, "ExpiredToken", "Renew")

    with monkeypatch.context() as patch:
        patch.setattr(caller, "judge", expired)
        proxy.choose = lambda method, path: "500"
        with pytest.raises(ComponentAway, match=r"ExpiredToken.*Renew"):
            store.head("a")
    assert renewed == [1]
    assert proxy.told["HEAD asked"] == 2


def store_of(rig: Rig) -> Store:
    return rig.parts.pipelines["rows"].source.folder.store  # type: ignore[union-attr]
