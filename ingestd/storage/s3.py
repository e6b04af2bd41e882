"""
A bucket that speaks S3: the client is s3fs's, with the options that users of fsspec
know.

Only the client: s3fs's own listings are cached, its retries take most of a minute, and
its errors have lost the store's code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import s3fs

from ingestd.errors import ComponentAway
from ingestd.storage.compare import compare, digest, holds
from ingestd.storage.patience import Caller, Cut, within
from ingestd.storage.s3_errors import code_of, judge
from ingestd.storage.s3_large import Large
from ingestd.storage.s3_versions import NO_SUCH_FEATURE, Versions
from ingestd.storage.store import Forbidden, Item, Missing, Stored
from ingestd.storage.versions import through_here

T = TypeVar("T")
Answer = dict[str, Any]
Pages = Iterator[list[Item]]

PAGE_KEYS = 1_000
"""As many as S3 gives at most."""
_CHUNK = 256 << 10
_CONNECTIONS = 32

_TOLD = {
    "list_objects_v2": "Name",
    "head_object": "ETag",
    "put_object": "ETag",
    "copy_object": "CopyObjectResult",
    "create_multipart_upload": "UploadId",
    "upload_part": "ETag",
    "upload_part_copy": "CopyPartResult",
    "complete_multipart_upload": "ETag",
    "list_multipart_uploads": "Bucket",
}
"""What a store tells in every such answer. What something on the way answers in its
place may be taken for an empty listing else."""


class S3Store:
    """
    See ``Store``. Checksums of the newer clients are sent only where the store asks:
    older stores refuse them.
    """

    def __init__(self, bucket: str, options: dict[str, Any], component: str) -> None:
        """
        Make a client; asks the store nothing.
        """
        self.bucket = bucket
        self.component = component
        self.fs = s3fs.S3FileSystem(**_with_defaults(options))
        self.caller = Caller(component, f"s3://{bucket}", judge, self._renew)
        self.large = Large(self)
        self.versions = Versions(self)
        self.answered = self.caller.breaker.answered
        self.remove = self.versions.remove
        self.copy_version = self.versions.copy
        self.page_keys = PAGE_KEYS

    def ask(self, what: str, operation: str, **given: Any) -> Answer:  # noqa: ANN401
        """
        Call *operation* of the client on this bucket, with patience.
        """
        given["Bucket"] = self.bucket

        async def once() -> Answer:
            client = await self.fs.set_session()
            answer: Answer = await getattr(client, operation)(**given)
            if (field := _TOLD.get(operation)) and not answer.get(field):
                raise Cut(f"what answered is no store: it gives no {field}")
            return answer

        return self.patiently(what, once)

    def patiently(self, what: str, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """
        Run *once* on the client's own loop, again and again within the deadline.
        """
        return self.caller.call(what, partial(within, self.fs.loop, once))

    def pages(self, prefix: str, *, deep: bool) -> Pages:
        """
        Yield every object below *prefix*, a page of at most 1,000 at a time.
        """
        yield from self.pages_after(prefix, "", deep=deep)

    def pages_after(self, prefix: str, after: str, *, deep: bool) -> Pages:
        """
        Yield those that sort after *after*.
        """
        given: Answer = {"Prefix": prefix, "MaxKeys": self.page_keys}
        given |= {} if deep else {"Delimiter": "/"}
        given |= {"StartAfter": after} if after else {}
        what = f"list {prefix!r}"
        while True:
            answer = self._asked(what, "list_objects_v2", **given)
            yield [
                Item(each["Key"], each["Size"], each["ETag"].strip('"'))
                for each in answer.get("Contents", ())
            ]
            if not answer.get("IsTruncated"):
                return
            token = answer.get("NextContinuationToken")
            if not token or token == given.get("ContinuationToken"):
                said = f"s3://{self.bucket}: {what}: broke off without a next page"
                raise ComponentAway(self.component, said)
            given["ContinuationToken"] = token

    def head(self, key: str) -> Stored | None:
        """
        Return what the store says of *key*.
        """
        try:
            told = self._asked(f"head {key!r}", "head_object", Key=key)
        except Missing:
            return None
        noted = told.get("Metadata", {}).get("sha256", "")
        return Stored(told["ContentLength"], told["ETag"].strip('"'), noted)

    def read(self, item: Item, start: int, stop: int) -> bytes:
        """
        Return a range of *item*; what was cut goes on where it ended.
        """
        got = bytearray()

        async def once() -> None:
            client = await self.fs.set_session()
            first = start + len(got)
            answer = await client.get_object(
                Bucket=self.bucket,
                Key=item.key,
                IfMatch=f'"{item.etag}"',
                Range=f"bytes={first}-{stop - 1}",
            )
            _check_range(answer, item, first, stop)
            async with answer["Body"] as body:
                async for chunk in body.iter_chunks(_CHUNK):
                    got.extend(chunk)
            if len(got) < stop - start:
                raise Cut(f"{len(got)} bytes of {stop - start}")

        while len(got) < stop - start:
            self.patiently(f"read {item.key!r}", once)
        return bytes(got[: stop - start])

    def put(self, key: str, path: str, sha256: str) -> None:
        """
        Put the file *path*, in parts when it is large.
        """
        size = Path(path).stat().st_size
        what, noted = f"put {key!r}", {"sha256": sha256}
        if size > self.large.part_bytes:
            self.large.put(key, path, size, noted)
        else:
            data = Path(path).read_bytes()
            given = {"ContentMD5": self.large.md5(data), "Metadata": noted}
            self._asked(what, "put_object", Key=key, Body=data, **given)
        compare(self, self.caller, what, (key, size, sha256))

    def copy(self, source: str, target: str, sha256: str) -> None:
        """
        Copy on the store's side; where it cannot, through this machine.
        """
        there = self.head(source)
        if there is None:
            raise Missing(source)
        what = f"copy {source!r} to {target!r}"
        if there.size > self.large.copy_limit:
            self.large.copy(source, target, there, {"sha256": sha256})
        elif not self._copied(what, source, target):
            through_here(self, Item(source, there.size, there.etag), target)
        compare(self, self.caller, what, (target, there.size, sha256))

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """
        Compare the size, and the digest: what the writer noted, else of every byte.
        """
        return holds(self, key, size, sha256)

    def delete(self, key: str) -> None:
        """
        Remove *key*.
        """
        try:
            self._asked(f"delete {key!r}", "delete_object", Key=key)
        except Missing:
            return

    def sweep_uploads(self, prefix: str) -> int:
        """
        Abort what a crash left half uploaded below *prefix*.
        """
        return self.large.sweep(prefix)

    def _asked(self, what: str, operation: str, **given: Any) -> Answer:  # noqa: ANN401
        """
        As ``ask``, for what concerns the bucket: that access is denied is an absence.
        """
        try:
            return self.ask(what, operation, **given)
        except Forbidden as error:
            message = f"s3://{self.bucket}: {error}"
            hint = "Give the daemon's account access to the bucket"
            raise ComponentAway(self.component, message, hint=hint) from error

    def _copied(self, what: str, source: str, target: str) -> bool:
        """
        Have the store copy; False where it has no such operation.
        """
        given = {"Bucket": self.bucket, "Key": source}
        try:
            self._asked(what, "copy_object", CopySource=given, Key=target)
        except ComponentAway as error:
            cause = error.__cause__
            if isinstance(cause, Exception) and code_of(cause) in NO_SUCH_FEATURE:
                self.caller.breaker.answered()
                return False
            raise
        return True

    def digest(self, item: Item) -> str:
        """
        Read all of *item*.
        """
        return digest(self, self.caller, item)

    def _renew(self) -> None:
        async def anew() -> None:
            await self.fs.set_session(refresh=True)

        asyncio.run_coroutine_threadsafe(anew(), self.fs.loop).result()


def _check_range(answer: Answer, item: Item, first: int, stop: int) -> None:
    """
    Raise unless *answer* brings the bytes [first, stop) of the whole *item*.
    """
    if str(answer.get("ETag", "")).strip('"') != item.etag:
        raise Cut("what answered is no store, or ignores If-Match")
    told = str(answer.get("ContentRange", ""))
    if not told and (first, stop) == (0, item.size) == (0, answer["ContentLength"]):
        return
    if told != f"bytes {first}-{stop - 1}/{item.size}":
        raise Cut(f"asked for {first}-{stop - 1}/{item.size}, got {told or 'no range'}")


def _with_defaults(options: dict[str, Any]) -> dict[str, Any]:
    given = dict(options)
    config = dict(given.pop("config_kwargs", {}))
    style = {"addressing_style": "path"} if given.get("endpoint_url") else {}
    config["s3"] = style | dict(config.get("s3", {}))
    defaults = {
        "connect_timeout": 5,
        "read_timeout": 10,
        "max_pool_connections": _CONNECTIONS,
        # The deadline is ours: what a client tries again within its own is not told.
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }
    given["config_kwargs"] = defaults | config
    return {"use_listings_cache": False, "skip_instance_cache": True} | given
