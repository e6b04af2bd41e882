"""
What a store's notice says: the keys that are worth a look, and nothing more of it.

The form is Amazon's S3 event JSON, which MinIO and Ceph send too, alone or as the
message of an SNS topic. Size, etag and time in it are not read: they are the store's
memory of a moment, and may come late, twice, or in another order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

_VERSION: Final = "2"
_CREATED: Final = "ObjectCreated:"
_RAW_KEYS: Final = "ceph:s3"
_TEST: Final = "s3:TestEvent"


class Unreadable(Exception):
    """
    What came is no notice of a store.
    """


@dataclass(frozen=True, slots=True)
class Notice:
    """
    The bucket and key of each object that was created, each once, in order.

    *strange* tells that a part has a form of later than we know: look everywhere.
    """

    objects: tuple[tuple[str, str], ...] = ()
    strange: bool = False


def read(text: str | bytes) -> Notice:
    """
    Return what *text* says; raises Unreadable when it is no notice.
    """
    document = _document(text)
    if document.get("Type") == "Notification" and "Message" in document:
        document = _document(document["Message"])
    if document.get("Event") == _TEST:
        return Notice()
    records = document.get("Records")
    if not isinstance(records, list):
        raise Unreadable("expected Records, as in an S3 event")
    found, strange = dict[tuple[str, str], None](), False
    for record in records:
        if not isinstance(record, dict):
            raise Unreadable("expected objects in Records")
        if not str(record.get("eventVersion", _VERSION)).startswith(_VERSION):
            strange = True
            continue
        found.update(dict.fromkeys(_created(record)))
    return Notice(tuple(found), strange)


def _document(text: object) -> dict[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"expected JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unreadable("expected a JSON object")
    return found


def _created(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    name = str(record.get("eventName", ""))
    if not name.removeprefix("s3:").startswith(_CREATED):
        return
    try:
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
    except (KeyError, TypeError) as error:
        raise Unreadable(
            f"expected s3.bucket.name and s3.object.key: {name}"
        ) from error
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise Unreadable("expected text in s3.bucket.name and s3.object.key")
    if record.get("eventSource") != _RAW_KEYS:
        key = unquote_plus(key)
    try:
        os.fsencode(key)
    except UnicodeEncodeError as error:
        raise Unreadable(f"expected a key in UTF-8: {key!r}") from error
    yield bucket, key
