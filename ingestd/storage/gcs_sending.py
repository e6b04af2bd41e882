"""
Uploads to Google's store: in one request, or step by step, going on where one ended.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from ingestd.storage.gcs_client import Client, continues
from ingestd.storage.patience import Cut

Ask = Callable[[str, Callable[[], Coroutine[Any, Any, Any]]], Any]
Wanted = tuple[str, str, str]  # key, the file's path, its SHA-256

_ABOVE: Final = "upload/storage/v1"
_JSON: Final = "application/json; charset=UTF-8"
_BYTES: Final = "application/octet-stream"


async def send_at_once(client: Client, key: str, data: bytes, sha256: str) -> None:
    """
    Put *data* with what is noted of it, for the store to compare.
    """
    noted = _noted(key, sha256, hashlib.md5(data, usedforsecurity=False).digest())
    mark = secrets.token_hex(16)
    head = f"--{mark}\r\nContent-Type: {_JSON}\r\n\r\n{json.dumps(noted)}\r\n"
    body = f"{head}--{mark}\r\nContent-Type: {_BYTES}\r\n\r\n".encode()
    body += data + f"\r\n--{mark}--\r\n".encode()
    headers = {"Content-Type": f"multipart/related; boundary={mark}"}
    params = {"uploadType": "multipart", "name": key}
    where = client.objects(above=_ABOVE)
    await client.told("POST", where, params=params, headers=headers, data=body)


def send(client: Client, ask: Ask, wanted: Wanted, step_bytes: int) -> None:
    """
    Put a large file step by step.
    """
    key, path, sha256 = wanted
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        md5 = hashlib.file_digest(file, _md5).digest()
        noted = _noted(key, sha256, md5)
        session = str(ask(f"begin to put {key!r}", partial(_begun, client, noted)))
        upload = _Upload(client, session, file.fileno(), size, step_bytes)
        while upload.at < size:
            ask(f"put {upload.at} and on of {key!r}", upload.step)


class _Upload:
    """
    One upload: how much of *size* bytes the store has, and whether that is sure.
    """

    def __init__(
        self, client: Client, session: str, fd: int, size: int, step_bytes: int
    ) -> None:
        self._client = client
        self._session = session
        self._fd = fd
        self._size = size
        self._step_bytes = step_bytes
        self._sure = True
        self.at = 0

    async def step(self) -> None:
        """
        Send the next bytes; after a failure the store is asked what it has.
        """
        if not self._sure:
            self.at = await self._put(f"bytes */{self._size}", b"")
        self._sure = False
        if self.at < self._size:
            data = os.pread(self._fd, self._step_bytes, self.at)
            stop = self.at + len(data)
            self.at = await self._put(f"bytes {self.at}-{stop - 1}/{self._size}", data)
        self._sure = True

    async def _put(self, told: str, data: bytes) -> int:
        """
        Return how many bytes the store has after *data*.
        """
        headers = {"Content-Range": told}
        asked = self._client.asked("PUT", self._session, headers=headers, data=data)
        async with asked as answer:
            await answer.read()
            if not continues(answer):
                return self._size
            has = answer.headers.get("Range", "")
        if not has:
            return 0
        first, _, last = has.removeprefix("bytes=").partition("-")
        if first != "0" or not last.isdigit():
            raise Cut(f"what answered is no store: it has {has!r}")
        return int(last) + 1


async def _begun(client: Client, noted: dict[str, Any]) -> str:
    async with client.asked(
        "POST",
        client.objects(above=_ABOVE),
        params={"uploadType": "resumable", "name": noted["name"]},
        headers={"Content-Type": _JSON},
        data=json.dumps(noted).encode(),
    ) as answer:
        session = answer.headers.get("Location")
    if not session:
        raise Cut("what answered is no store: it begins no upload")
    return session


def _noted(key: str, sha256: str, md5: bytes) -> dict[str, Any]:
    """
    Return what is noted with an object: the MD5 is for the store to compare.
    """
    return {
        "name": key,
        "contentType": _BYTES,
        "md5Hash": base64.b64encode(md5).decode(),
        "metadata": {"sha256": sha256},
    }


def _md5() -> Any:  # noqa: ANN401 - the library's digest object
    return hashlib.md5(usedforsecurity=False)
