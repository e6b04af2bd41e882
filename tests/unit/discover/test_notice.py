"""
What is read from a notice, whoever sent it.
"""

from __future__ import annotations

import json

import pytest

from ingestd.discover.notice import Notice, Unreadable, read


def record(key, *, name="ObjectCreated:Put", source="aws:s3", version="2.1"):
    return {
        "eventVersion": version,
        "eventSource": source,
        "eventName": name,
        "s3": {"bucket": {"name": "b"}, "object": {"key": key, "size": 1}},
    }


def text(*records, **more):
    return json.dumps({**more, "Records": list(records)})


TAKEN = {
    "amazon": (text(record("in/%C3%A9+a%2Bb.csv")), ["in/é a+b.csv"]),
    "moto": (text(record("in%2F%C3%A9+a%2Bb.csv")), ["in/é a+b.csv"]),
    "minio": (
        text(
            record("in%2Fa+b.csv", name="s3:ObjectCreated:Put", source="minio:s3"),
            EventName="s3:ObjectCreated:Put",
            Key="b/in/a b.csv",
        ),
        ["in/a b.csv"],
    ),
    "ceph": (
        text(record("in/a+b%20c.csv", source="ceph:s3", version="2.2")),
        ["in/a+b%20c.csv"],
    ),
    "parts": (text(record("a", name="ObjectCreated:CompleteMultipartUpload")), ["a"]),
    "removed": (text(record("a", name="ObjectRemoved:Delete"), record("b")), ["b"]),
    "twice": (text(record("a"), record("b"), record("a")), ["a", "b"]),
    "topic": (
        json.dumps({"Type": "Notification", "Message": text(record("a"))}),
        ["a"],
    ),
    "test": (json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), []),
}


@pytest.mark.parametrize("case", TAKEN)
def test_the_keys_are_those_of_the_objects(case):
    """Each sender spells keys in its own way; what was removed is no object."""
    given, keys = TAKEN[case]
    assert Notice(tuple(("b", key) for key in keys)) == read(given)


def test_a_later_form_asks_for_a_look_everywhere():
    """Its records are not guessed at, and those that are known are taken."""
    found = read(text(record("a", version="3.0"), record("b")))
    assert Notice((("b", "b"),), strange=True) == found


@pytest.mark.parametrize(
    "given",
    [
        "",
        "<xml/>",
        "[]",
        b"\xff\xfe",
        "[" * 100_000,
        "{}",
        '{"Records": {}}',
        '{"Records": [1]}',
        '{"Type": "Notification", "Message": 1}',
        text({"eventName": "ObjectCreated:Put"}),
        text({"eventName": "ObjectCreated:Put", "s3": []}),
        text(record(1)),
        text(record("\ud800", source="ceph:s3")),
    ],
)
def test_what_is_no_notice_is_refused(given):
    """With one kind of error, whatever it is."""
    with pytest.raises(Unreadable):
        read(given)
