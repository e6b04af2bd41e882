"""
A container of Azure's blobs: the client is that of adlfs, with the options and the
environment's variables that its users know.

Only the client. It is asked without its own retries, since the deadline is ours.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import adlfs
from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, BlobProperties
from fsspec.asyn import get_loop

from ingestd.storage.azure_errors import NoAccount, judge
from ingestd.storage.compare import compare, digest, holds
from ingestd.storage.patience import Caller, Cut, within
from ingestd.storage.store import Item, Missing, Replaced, Stored
from ingestd.storage.versions import copy_within, remove

T = TypeVar("T")

PAGE_KEYS: Final = 5_000
"""As many as Azure gives at most."""
BLOCK_BYTES: Final = 8 << 20
"""What is larger is put in blocks of this size, so that one call is soon done."""
_MOST_BLOCKS: Final = 50_000
_ONCE: Final[dict[str, Any]] = {
    "retry_total": 0,
    "connection_timeout": 5,
    "read_timeout": 10,
}
_FOLDER: Final = "hdi_isfolder"


class AzureStore:
    """
    See ``Store``. A copy is begun and waited for; within one account that is short.
    """

    def __init__(self, bucket: str, options: dict[str, Any], component: str) -> None:
        """
        Make nothing yet: the client is made by the first call, which tells what it
        lacks.
        """
        self.bucket = bucket
        self.caller = Caller(component, f"az://{bucket}", judge, self._renew)
        self.page_keys = PAGE_KEYS
        self.block_bytes = BLOCK_BYTES
        self._options = {"use_listings_cache": False, "skip_instance_cache": True}
        self._options |= options
        self._fs: Any = None

    def pages(self, prefix: str, *, deep: bool) -> Iterator[list[Item]]:
        """
        Yield every blob below *prefix*, a page of at most 5,000 at a time.
        """
        token: str | None = None
        while True:
            listed = partial(self._page, prefix, token, deep=deep)
            found, token = self._ask(f"list {prefix!r}", listed)
            yield [Item(b.name, b.size, b.etag.strip('"')) for b in found]
            if not token:
                return

    def head(self, key: str) -> Stored | None:
        """
        Return what the store says of *key*.
        """

        async def once() -> Stored:
            told = await self._blob(key).get_blob_properties(**_ONCE)
            if not told.etag:
                raise Cut("what answered is no store: it gives no etag")
            noted = (told.metadata or {}).get("sha256", "")
            return Stored(told.size, told.etag.strip('"'), noted)

        try:
            return self._ask(f"head {key!r}", once)
        except Missing:
            return None

    def read(self, item: Item, start: int, stop: int) -> bytes:
        """
        Return a range of *item*; one that is cut is asked for again.
        """

        async def once() -> bytes:
            body = await self._blob(item.key).download_blob(
                offset=start,
                length=stop - start,
                etag=f'"{item.etag}"',
                match_condition=MatchConditions.IfNotModified,
                max_concurrency=1,
                # A packed object is unpacked by whoever reads it, and not on the way.
                decompress=False,
                **_ONCE,
            )
            data: bytes = await body.readall()
            if str(body.properties.etag).strip('"') != item.etag:
                raise Cut("what answered is no store, or ignores If-Match")
            if len(data) != stop - start:
                raise Cut(f"{len(data)} bytes of {stop - start}")
            return data

        if start >= stop:
            return b""
        try:
            return self.caller.call(f"read {item.key!r}", self._on_loop(once))
        except Replaced as error:
            # That nothing is there fails the condition too.
            if self.head(item.key) is None:
                raise Missing(item.key) from error
            raise

    def put(self, key: str, path: str, sha256: str) -> None:
        """
        Put the file *path*, in blocks when it is large.
        """
        size, what = Path(path).stat().st_size, f"put {key!r}"
        noted = {"sha256": sha256}
        try:
            if size > self.block_bytes:
                self._put_blocks(key, path, size, noted)
            else:
                data = Path(path).read_bytes()
                self._ask(what, partial(self._sent, key, data, noted))
        except (Missing, Replaced) as error:
            # Of what is being put nothing can be missing; a lease may be on the name.
            raise self.caller.away(f"{what}: {error}") from error
        compare(self, self.caller, what, (key, size, sha256))

    def copy(self, source: str, target: str, sha256: str) -> None:
        """
        Have the store copy *source*.
        """
        there = self.head(source)
        if there is None:
            raise Missing(source)
        what = f"copy {source!r} to {target!r}"

        async def begin() -> Any:  # noqa: ANN401 - what the client answers
            url, noted = self._blob(source).url, {"sha256": sha256}
            blob = self._blob(target)
            return await blob.start_copy_from_url(url, metadata=noted, **_ONCE)

        async def done() -> None:
            told = await self._blob(target).get_blob_properties(**_ONCE)
            if told.copy.status not in {"success", None}:
                raise Cut(f"the copy is {told.copy.status}")

        if self._ask(what, begin).get("copy_status") != "success":
            self._ask(f"await the {what}", done)
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
        try:
            self._ask(f"delete {key!r}", lambda: self._blob(key).delete_blob(**_ONCE))
        except Missing:
            return

    def copy_version(self, item: Item, target: str) -> None:
        """
        Copy *item* within the account.
        """
        copy_within(self, item, target)

    def remove(self, item: Item) -> None:
        """
        Remove *item*, with its etag as a condition.
        """
        only = {
            "etag": f'"{item.etag}"',
            "match_condition": MatchConditions.IfNotModified,
        }
        what, blob = f"delete {item.key!r}", self._blob

        async def once() -> None:
            await blob(item.key).delete_blob(**only, **_ONCE)

        remove(self, item, lambda: self.caller.call(what, self._on_loop(once)))

    def sweep_uploads(self, prefix: str) -> int:
        """
        Drop the blocks of blobs that were never finished.

        Such a name has blocks and no blob. Only a blob can be deleted, so an empty one
        takes the blocks with it; where a blob is there meanwhile, it stays.
        """
        found, token = list[str](), None
        while True:
            more = ["uncommittedblobs"]
            listed = partial(self._page, prefix, token, deep=True, more=more)
            page, token = self._ask(f"list uploads below {prefix!r}", listed)
            found += [blob.name for blob in page if not blob.size]
            if not token:
                break
        names = [name for name in found if self.head(name) is None]
        for name in names:
            self._ask(f"give up {name!r}", partial(self._sent, name, b"", {}))
            self.delete(name)
        return len(names)

    async def _page(
        self,
        prefix: str,
        token: str | None,
        *,
        deep: bool,
        more: list[str] | None = None,
    ) -> tuple[list[Any], str | None]:
        box = self._container()
        listing = box.list_blobs if deep else box.walk_blobs
        pages = listing(
            name_starts_with=prefix or None,
            include=["metadata", *(more or ())],
            results_per_page=self.page_keys,
            **_ONCE,
        ).by_page(token)
        found = [each async for each in await anext(pages)]
        if pages.container != self.bucket:
            raise Cut("what answered is no store: it names no container")
        blobs = [each for each in found if isinstance(each, BlobProperties)]
        # Accounts with folders list each of them as a blob that is empty.
        files = [b for b in blobs if _FOLDER not in (b.metadata or {})]
        return files, pages.continuation_token or None

    async def _sent(self, key: str, data: bytes, noted: dict[str, str]) -> None:
        await self._blob(key).upload_blob(
            data,
            length=len(data),
            overwrite=True,
            metadata=noted,
            validate_content=True,
            **_ONCE,
        )

    def _put_blocks(
        self, key: str, path: str, size: int, noted: dict[str, str]
    ) -> None:
        step, blocks = (
            max(self.block_bytes, -(-size // _MOST_BLOCKS)),
            list[BlobBlock](),
        )
        with Path(path).open("rb") as file:
            for number, start in enumerate(range(0, size, step)):
                data = os.pread(file.fileno(), step, start)
                name = base64.b64encode(f"{number:08d}".encode()).decode()
                staged = partial(self._staged, key, name, data)
                self._ask(f"put block {number} of {key!r}", staged)
                blocks.append(BlobBlock(name))

        async def commit() -> None:
            blob = self._blob(key)
            await blob.commit_block_list(blocks, metadata=noted, **_ONCE)

        self._ask(f"complete {key!r}", commit)

    async def _staged(self, key: str, name: str, data: bytes) -> None:
        blob = self._blob(key)
        await blob.stage_block(name, data, len(data), validate_content=True, **_ONCE)

    def _container(self) -> Any:  # noqa: ANN401 - the client's own
        if self._fs is None:
            try:
                self._fs = adlfs.AzureBlobFileSystem(**self._options)
            except ValueError as error:
                raise NoAccount(str(error)) from error
        return self._fs.service_client.get_container_client(self.bucket)

    def _blob(self, key: str) -> Any:  # noqa: ANN401 - the client's own
        return self._container().get_blob_client(key)

    def _ask(self, what: str, once: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return self.caller.about_store(what, self._on_loop(once))

    def _on_loop(
        self, once: Callable[[], Coroutine[Any, Any, T]]
    ) -> Callable[[float], T]:
        async def read() -> T:
            try:
                return await once()
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # The client stumbles over what something in between has answered.
                raise Cut(f"an answer that cannot be read: {error}") from error

        return partial(within, get_loop(), read)

    def _renew(self) -> None:
        self._fs = None
