"""
Requests to Google's store, with the session and the credentials of gcsfs.

Its own calls try again for a minute and tell of an error without the store's words, so
the requests are ours.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiohttp
from fsspec.asyn import get_loop
from gcsfs.core import GCSFileSystem

from ingestd.storage.gcs_errors import NoCredentials, Refused
from ingestd.storage.patience import Cut, within

T = TypeVar("T")
Answer = dict[str, Any]

_CONTINUES: Final = 308
_GOOD: Final = (200, 201, 204, 206, _CONTINUES)


class Client:
    """
    Speaks the JSON API of one bucket. Safe from many threads; made anew by ``renew``.
    """

    def __init__(self, bucket: str, options: Mapping[str, Any]) -> None:
        """
        Make nothing yet: the first request tells what is lacking.
        """
        self.bucket = bucket
        defaults = {"skip_instance_cache": True, "use_listings_cache": False}
        # Without a project it warns; nothing here needs one but a requester who pays.
        self._options = {**defaults, "project": "", **options}
        self._fs: Any = None

    def renew(self) -> None:
        """
        Forget the credentials, so that they are read again.
        """
        self._fs = None

    def once(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[float], T]:
        """
        Return *work* as a call that gets the seconds it may take.
        """
        return partial(within, get_loop(), work)

    def objects(self, key: str | None = None, *, above: str = "storage/v1") -> str:
        """
        Return the path of the bucket's objects, or of one.
        """
        root = f"{above}/b/{quote(self.bucket, safe='')}/o"
        return root if key is None else f"{root}/{quote(key, safe='')}"

    async def told(self, method: str, path: str, **given: Any) -> Answer:  # noqa: ANN401
        """
        Return what the store tells, which names its kind.
        """
        async with self.asked(method, path, **given) as answer:
            body = await answer.read()
        try:
            found: Answer = json.loads(body)
            found["kind"]
        except (ValueError, KeyError, TypeError) as error:
            # What something on the way answers may be taken for an empty listing else.
            raise Cut("what answered is no store: it names no kind") from error
        return found

    @asynccontextmanager
    async def asked(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """
        Ask the store at *path*, or at a whole URL; raises Refused.
        """
        # Reading credentials may block, and renewing them does.
        fs = await asyncio.to_thread(self._made)
        signed = await asyncio.to_thread(fs._get_headers, dict(headers or {}))  # noqa: SLF001 - as its own calls do
        session = await fs._set_session()  # noqa: SLF001 - the same
        url = path if "://" in path else f"{fs._location}/{path}"  # noqa: SLF001 - the same
        async with session.request(
            method,
            url,
            params=fs._get_params(dict(params or {})),  # noqa: SLF001 - the same
            headers=signed,
            data=data,
            allow_redirects=False,
            # A packed object is unpacked by whoever reads it, and not on the way.
            auto_decompress=False,
        ) as answer:
            if answer.status not in _GOOD:
                raise Refused(answer.status, await answer.read())
            yield answer

    def _made(self) -> Any:  # noqa: ANN401 - the library has no types
        if self._fs is None:
            try:
                self._fs = GCSFileSystem(**self._options)
            except (ValueError, OSError) as error:
                raise NoCredentials(str(error)) from error
        return self._fs


def continues(answer: aiohttp.ClientResponse) -> bool:
    """
    Tell whether the store waits for the rest of an upload.
    """
    return answer.status == _CONTINUES
