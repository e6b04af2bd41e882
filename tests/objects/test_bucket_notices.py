"""
Notices of a bucket as hints: from the queue that the store tells, to rows that are out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from ingestd.cli import main
from ingestd.discover.looker import Looked
from ingestd.errors import ComponentAway
from ingestd.observe.events import Event, FilesAdmitted, ScanFinished
from ingestd.storage.queue import open_queue
from tests.fault.rig import Rig
from tests.live import Daemon
from tests.objects.kit import FOLDER_OUT, config, of, rows_in, states
from tests.stores import ENVIRONMENT, KEYS, Bucket

Begin = Callable[..., Rig]


@dataclass(frozen=True)
class Told:
    """
    A queue that a bucket's notices go to, as its owner sees it.
    """

    url: str
    client: Any

    def waiting(self) -> tuple[int, int]:
        """
        Return how many messages are there, and how many are hidden.
        """
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found = self.client.get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["All"]
        )["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def send(self, text: str) -> None:
        """
        Send *text*.
        """
        self.client.send_message(QueueUrl=self.url, MessageBody=text)


@pytest.fixture
def told(bucket: Bucket) -> Iterator[Told]:
    """The queue of the bucket; the first message in it is the test event."""
    client = boto3.client(
        "sqs",
        endpoint_url=bucket.endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    url = client.create_queue(QueueName=bucket.name)["QueueUrl"]
    names = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    events = {"QueueArn": names["Attributes"]["QueueArn"], "Events": []}
    events["Events"] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    bucket.client.put_bucket_notification_configuration(
        Bucket=bucket.name,
        NotificationConfiguration={"QueueConfigurations": [events]},
    )
    yield Told(url, client)
    client.delete_queue(QueueUrl=url)


def from_(bucket: Bucket, told: Told, options: str = "") -> str:
    return config(
        of(bucket, "in"), FOLDER_OUT, options=f'notices = "{told.url}"\n{options}'
    )


class Still:
    """
    Takes the place of threads: the queue is asked, and the store, when a turn asks.
    """

    def __init__(self, rig: Rig) -> None:
        source: Any = rig.parts.pipelines["rows"].source
        source.stop()
        source.start = lambda: None
        self.rig, self.noticed = rig, source.notices.noticed
        self.looker, self.courier = source.notices.looker, source.notices.courier
        self.noticed.looker = self
        self.answers: list[Looked] = []
        # Closed with the thread that had it.
        made = open_queue(source.notices.courier._url, {})
        self.courier._queue, self.queue = made, made
        made.receive = self.received(made.receive)  # type: ignore[method-assign]

    def received(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        return lambda wait, visible: plain(0, visible)

    def ask(self, path: bytes) -> None:
        self.answers.append(self.looker.look(path))

    def take(self) -> Looked | None:
        return self.answers.pop(0) if self.answers else None

    def turn(self, times: int = 30) -> None:
        """
        Let messages come and everything that they cause go its way.
        """
        self.courier.turn()
        self.rig.turn(times)
        self.courier.turn()


@pytest.fixture
def listed(
    bucket: Bucket, told: Told, begin: Begin
) -> Iterator[tuple[Bucket, Told, Still]]:
    """A daemon that has listed an empty prefix, and lists no more."""
    rig = begin(from_(bucket, told))
    still = Still(rig)
    rig.run_to_idle()
    yield bucket, told, still
    still.queue.close()


def test_a_notice_brings_an_object_without_a_listing(
    listed: tuple[Bucket, Told, Still], tmp_path: Path, events: list[Event]
) -> None:
    """Whatever its name; and is acknowledged, as is what is no concern of ours."""
    bucket, told, still = listed
    bucket.put("in/a b+é.csv", b"n\n1\n")
    bucket.put("in/notes.txt", b"n\n2\n")
    bucket.put("other/b.csv", b"n\n3\n")
    bucket.put("in/gone.csv", b"n\n4\n")
    bucket.delete("in/gone.csv")
    still.turn()
    assert rows_in(tmp_path / "outbox") == [(1,)]
    still.turn()
    still.courier.turn()
    assert told.waiting() == (0, 0)
    assert [e for e in events if isinstance(e, ScanFinished)] == []


def test_the_same_notice_again_and_out_of_order_is_read_once(
    listed: tuple[Bucket, Told, Still], tmp_path: Path
) -> None:
    """Identity is what our own look finds, not what a notice says."""
    bucket, told, still = listed
    bucket.put("in/a.csv", b"n\n1\n")
    bucket.put("in/a.csv", b"n\n2\n")
    old = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": bucket.name},
            "object": {"key": "in/a.csv", "size": 999, "eTag": "old"},
        },
    }
    told.send(json.dumps({"Records": [old]}))
    for _ in range(2):
        still.turn()
    told.send(json.dumps({"Records": [old, old]}))
    still.turn()
    still.courier.turn()
    assert rows_in(tmp_path / "outbox") == [(2,)]
    assert told.waiting() == (0, 0)


def test_a_lost_notice_costs_latency_alone(
    listed: tuple[Bucket, Told, Still], tmp_path: Path, events: list[Event]
) -> None:
    """The listing finds the object, and counts it."""
    bucket, told, still = listed
    bucket.put("in/a.csv", b"n\n1\n")
    told.client.purge_queue(QueueUrl=told.url)
    still.rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,)]
    found = [e for e in events if isinstance(e, ScanFinished)][-1]
    assert found.found_by_scan_only == 1


def test_what_a_notice_brought_is_not_admitted_again_by_a_listing(
    listed: tuple[Bucket, Told, Still], tmp_path: Path, events: list[Event]
) -> None:
    """A listing compares with the ledger as it was when the page came."""
    bucket, _, still = listed
    bucket.put("in/a.csv", b"n\n1\n")
    scanner: Any = still.rig.parts.pipelines["rows"].source.scanner
    ended = scanner._once("early", 1)
    waiting = [*scanner._taken, ended]
    scanner._taken.clear()
    still.turn()
    scanner._taken.extend(waiting)
    still.turn()
    assert rows_in(tmp_path / "outbox") == [(1,)]
    assert [e.files for e in events if isinstance(e, FilesAdmitted)] == [1]
    found = [e for e in events if isinstance(e, ScanFinished)]
    assert [e.found_by_scan_only for e in found] == [0]


def test_a_queue_that_is_not_there_stops_nothing(
    bucket: Bucket, told: Told, begin: Begin, tmp_path: Path
) -> None:
    """Status tells of it, and the daemon is ready all the same."""
    bucket.put("in/a.csv", b"n\n1\n")
    rig = begin(from_(bucket, Told(f"{told.url}-not", None)))
    still = Still(rig)
    with pytest.raises(ComponentAway, match="Create the queue"):
        still.courier.turn()
    still.courier.away = "gone"
    rig.run_to_idle()
    assert rows_in(tmp_path / "outbox") == [(1,)]
    assert rig.parts.away(rig.clock.monotonic()) == []
    (note,) = rig.parts.notes()
    assert note == "rows: no notices come, listings go on: gone"
    still.queue.close()


def test_check_reaches_the_queue_and_takes_nothing(
    bucket: Bucket, told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what is wrong with one that is not there."""
    path = tmp_path / "config.toml"
    (tmp_path / "inbox").mkdir()
    path.write_text(from_(bucket, told))
    assert main(["check", "-c", str(path)]) == 0
    assert f"{told.url}: answers; no dead letters" in capsys.readouterr().out
    assert told.waiting() == (1, 0)
    path.write_text(from_(bucket, Told(f"{told.url}-not", None)))
    assert main(["check", "-c", str(path)]) == 6
    assert "Create the queue" in capsys.readouterr().err


@pytest.mark.integration
def test_a_daemon_takes_notices_and_ends_within_a_long_poll(
    bucket: Bucket, told: Told, tmp_path: Path
) -> None:
    """What is put while it runs is out before the next listing is due."""
    text = from_(bucket, told, "scan_seconds = 3600")
    text = text.replace("[limits]", '[http]\nlisten = ""\n[limits]')
    (tmp_path / "config.toml").write_text(text)
    bucket.put("in/first.csv", b"n\n0\n")
    daemon = Daemon(tmp_path, ENVIRONMENT).start()
    try:
        daemon.wait_for_rows(1)
        bucket.put("in/a.csv", b"n\n1\n")
        daemon.wait_for_rows(2)
        assert rows_in(tmp_path / "outbox") == [(0,), (1,)]
    finally:
        code = daemon.stop()
    assert code == 143


def test_a_listing_in_order_costs_less_and_misses_nothing(
    bucket: Bucket, begin: Begin, tmp_path: Path, events: list[Event]
) -> None:
    """A sweep of all follows the first one, and finds what sorts earlier."""
    for name in ("a", "m", "z"):
        bucket.put(f"in/{name}.csv", b"n\n%d\n" % ord(name))
    options = 'start_after = "k"\nfull_sweep_seconds = 3600'
    rig = begin(config(of(bucket, "in"), FOLDER_OUT, options=options))
    rig.run_to_idle()
    bucket.put("in/zz.csv", b"n\n1\n")
    rig.scan()
    rig.turn(30)
    rows = [(1,), (ord("a"),), (ord("m"),), (ord("z"),)]
    assert rows_in(tmp_path / "outbox") == rows
    assert {s.value for s in states(rig).values()} == {"committed"}
    found = [(e.after, e.files) for e in events if isinstance(e, ScanFinished)]
    assert found == [("in/k", 2), ("", 3), ("in/z.csv", 1)]
