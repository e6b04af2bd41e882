"""
A bucket of Google's store. A version goes by its generation.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ingestd.storage.compare import compare, digest, holds
from ingestd.storage.gcs_client import Answer, Client
from ingestd.storage.gcs_errors import judge
from ingestd.storage.gcs_sending import send, send_at_once
from ingestd.storage.patience import Caller, Cut
from ingestd.storage.store import Item, Missing, Replaced, Stored
from ingestd.storage.versions import copy_within, remove

T = TypeVar("T")

PAGE_KEYS: Final = 1_000
"""As many as Google gives at most."""
STEP_BYTES: Final = 8 << 20
"""What is larger is sent in steps of this size; Google asks for whole 256 KiB."""
_CHUNK: Final = 256 << 10


class GcsStore:
    """
    See ``Store``. An upload that was not finished is seen by nobody, and the store
    forgets it after a week: there is nothing to sweep.
    """

    def __init__(self, bucket: str, options: dict[str, Any], component: str) -> None:
        """
        Make nothing yet; the store is not asked.
        """
        self.bucket = bucket
        self.client = Client(bucket, options)
        self.caller = Caller(component, f"gs://{bucket}", judge, self.client.renew)
        self.page_keys = PAGE_KEYS
        self.step_bytes = STEP_BYTES

    def pages(self, prefix: str, *, deep: bool) -> Iterator[list[Item]]:
        """
        Yield every object below *prefix*, a page of at most 1,000 at a time.
        """
        given = {"prefix": prefix, "maxResults": str(self.page_keys)}
        given["fields"] = "kind,nextPageToken,items(name,size,generation)"
        if not deep:
            given["delimiter"] = "/"
        what = f"list {prefix!r}"
        while True:
            answer = self._page(what, given)
            found = answer.get("items", ())
            yield [Item(o["name"], int(o["size"]), o["generation"]) for o in found]
            token = answer.get("nextPageToken")
            if not token:
                return
            if token == given.get("pageToken"):
                raise self.caller.away(f"{what}: broke off without a next page")
            given["pageToken"] = token

    def head(self, key: str) -> Stored | None:
        """
        Return what the store says of *key*.
        """
        try:
            answer = self._told(f"head {key!r}", "GET", self.client.objects(key))
        except Missing:
            return None
        noted = answer.get("metadata", {}).get("sha256", "")
        return Stored(int(answer["size"]), answer["generation"], noted)

    def read(self, item: Item, start: int, stop: int) -> bytes:
        """
        Return a range of *item*; what was cut goes on where it ended.
        """
        got = bytearray()

        async def once() -> None:
            first = start + len(got)
            wanted = {"alt": "media", "generation": item.etag}
            # With gzip accepted a packed object comes as it is, else it is unpacked.
            headers = {"Range": f"bytes={first}-{stop - 1}", "Accept-Encoding": "gzip"}
            path = self.client.objects(item.key)
            async with self.client.asked("GET", path, wanted, headers) as answer:
                _check_range(answer.headers, item, first, stop)
                async for chunk in answer.content.iter_chunked(_CHUNK):
                    got.extend(chunk)
            if len(got) < stop - start:
                raise Cut(f"{len(got)} bytes of {stop - start}")

        try:
            while len(got) < stop - start:
                self.caller.call(f"read {item.key!r}", self.client.once(once))
        except Missing as error:
            # That generation is not there; another may be.
            if self.head(item.key) is not None:
                raise Replaced(item.key) from error
            raise
        return bytes(got[: stop - start])

    def put(self, key: str, path: str, sha256: str) -> None:
        """
        Put the file *path*, step by step when it is large.
        """
        size, what = Path(path).stat().st_size, f"put {key!r}"
        try:
            if size > self.step_bytes:
                send(self.client, self._ask, (key, path, sha256), self.step_bytes)
            else:
                data = Path(path).read_bytes()
                self._ask(what, partial(send_at_once, self.client, key, data, sha256))
        except (Missing, Replaced) as error:
            raise self.caller.away(f"{what}: {error}") from error
        compare(self, self.caller, what, (key, size, sha256))

    def copy(self, source: str, target: str, sha256: str) -> None:
        """
        Have the store copy *source*, with what was noted with it.
        """
        there = self.head(source)
        if there is None:
            raise Missing(source)
        what, given = f"copy {source!r} to {target!r}", dict[str, str]()
        inner = self.client.objects(target, above="").lstrip("/")
        path = f"{self.client.objects(source)}/rewriteTo/{inner}"
        # A large object, or one that goes elsewhere, takes more than one request.
        while not (answer := self._told(what, "POST", path, given)).get("done"):
            given["rewriteToken"] = answer["rewriteToken"]
        compare(self, self.caller, what, (target, there.size, sha256))

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """
        Compare the size, and the digest: what the writer noted, else of every byte.
        """
        return holds(self, key, size, sha256)

    def digest(self, item: Item) -> str:
        """
        Read all of *item*.
        """
        return digest(self, self.caller, item)

    def delete(self, key: str) -> None:
        """
        Remove *key*.
        """

        async def once() -> None:
            async with self.client.asked("DELETE", self.client.objects(key)):
                return

        try:
            self._ask(f"delete {key!r}", once)
        except Missing:
            return

    def copy_version(self, item: Item, target: str) -> None:
        """
        Copy *item* within the bucket.
        """
        copy_within(self, item, target)

    def remove(self, item: Item) -> None:
        """
        Remove *item*, with its generation as a condition.
        """
        only = {"ifGenerationMatch": item.etag}
        path, what = self.client.objects(item.key), f"delete {item.key!r}"

        async def once() -> None:
            async with self.client.asked("DELETE", path, only):
                return

        remove(self, item, lambda: self.caller.call(what, self.client.once(once)))

    def sweep_uploads(self, prefix: str) -> int:
        """
        Do nothing; see the class.
        """
        del prefix
        return 0

    def _page(self, what: str, given: dict[str, str]) -> Answer:
        try:
            return self._told(what, "GET", self.client.objects(), given)
        except Missing as error:
            hint = "Create the bucket, or correct the url"
            raise self.caller.away(f"{what}: no such bucket", hint) from error

    def _told(
        self, what: str, method: str, path: str, params: dict[str, str] | None = None
    ) -> Answer:
        return self._ask(what, lambda: self.client.told(method, path, params=params))

    def _ask(self, what: str, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.caller.about_store(what, self.client.once(once))


def _check_range(headers: Any, item: Item, first: int, stop: int) -> None:  # noqa: ANN401
    """
    Raise unless what comes are the bytes [first, stop) of the whole *item*.
    """
    if headers.get("X-Goog-Generation") != item.etag:
        raise Cut("what answered is no store, or gives another generation")
    told = headers.get("Content-Range", "")
    whole = (first, stop) == (0, item.size)
    if not told and whole and headers.get("Content-Length") == str(item.size):
        return
    if told != f"bytes {first}-{stop - 1}/{item.size}":
        raise Cut(f"asked for {first}-{stop - 1}/{item.size}, got {told or 'no range'}")
