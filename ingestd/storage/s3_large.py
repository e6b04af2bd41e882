"""
Objects that are put or copied in parts.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ingestd.errors import ComponentAway
from ingestd.storage.store import Forbidden, Missing, Replaced, Stored

Part = dict[str, Any]

PART_BYTES = 64 << 20
COPY_LIMIT = 5 << 30
"""What S3 copies in one request; Amazon's limit, which others keep too."""
_MOST_PARTS = 9_000


class Asking(Protocol):
    """
    What working in parts needs of the store.
    """

    bucket: str
    component: str

    def ask(self, what: str, operation: str, **given: Any) -> dict[str, Any]:  # noqa: ANN401
        """
        Call an operation of the client, with patience.
        """
        ...


class Large:
    """
    The part of a store that works in parts. An upload that fails is given up.
    """

    def __init__(self, store: Asking) -> None:
        self._store = store
        self.part_bytes = PART_BYTES
        self.copy_limit = COPY_LIMIT

    @staticmethod
    def md5(data: bytes) -> str:
        """
        Return the digest that S3 compares what it received with.
        """
        found = hashlib.md5(data, usedforsecurity=False).digest()
        return base64.b64encode(found).decode()

    def put(self, key: str, path: str, size: int, noted: dict[str, str]) -> None:
        """
        Put the file *path* in parts.
        """
        with Path(path).open("rb") as file:

            def send(number: int, upload: str, start: int, stop: int) -> str:
                data = os.pread(file.fileno(), stop - start, start)
                answer = self._store.ask(
                    f"put part {number} of {key!r}",
                    "upload_part",
                    Key=key,
                    UploadId=upload,
                    PartNumber=number,
                    Body=data,
                    ContentMD5=self.md5(data),
                )
                return str(answer["ETag"])

            self._in_parts(key, size, noted, send)

    def copy(
        self, source: str, target: str, there: Stored, noted: dict[str, str]
    ) -> None:
        """
        Copy *source*, which is *there*, in parts on the store's side.
        """
        given = {"Bucket": self._store.bucket, "Key": source}

        def send(number: int, upload: str, start: int, stop: int) -> str:
            answer = self._store.ask(
                f"copy part {number} of {source!r}",
                "upload_part_copy",
                Key=target,
                UploadId=upload,
                PartNumber=number,
                CopySource=given,
                CopySourceIfMatch=f'"{there.etag}"',
                CopySourceRange=f"bytes={start}-{stop - 1}",
            )
            return str(answer["CopyPartResult"]["ETag"])

        self._in_parts(target, there.size, noted, send)

    def sweep(self, prefix: str) -> int:
        """
        Abort every unfinished upload below *prefix*.
        """
        answer = self._store.ask(
            f"list uploads below {prefix!r}", "list_multipart_uploads", Prefix=prefix
        )
        uploads = answer.get("Uploads", ())
        for each in uploads:
            self._abort(each["Key"], each["UploadId"])
        return len(uploads)

    def _in_parts(
        self,
        key: str,
        size: int,
        noted: dict[str, str],
        send: Callable[[int, str, int, int], str],
    ) -> None:
        what = f"put {key!r} in parts"
        try:
            made = self._store.ask(
                what, "create_multipart_upload", Key=key, Metadata=noted
            )
            upload = str(made["UploadId"])
            try:
                self._finish(key, upload, self._sent(size, upload, send))
            except BaseException:
                self._abort(key, upload)
                raise
        except (Missing, Replaced, Forbidden) as error:
            message = f"s3://{self._store.bucket}: {what}: {error}"
            raise ComponentAway(self._store.component, message) from error

    def _sent(
        self, size: int, upload: str, send: Callable[[int, str, int, int], str]
    ) -> list[Part]:
        step = max(self.part_bytes, -(-size // _MOST_PARTS))
        return [
            {
                "PartNumber": number,
                "ETag": send(number, upload, start, min(size, start + step)),
            }
            for number, start in enumerate(range(0, size, step), 1)
        ]

    def _finish(self, key: str, upload: str, parts: list[Part]) -> None:
        try:
            self._store.ask(
                f"complete {key!r}",
                "complete_multipart_upload",
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
            )
        except Missing:
            # NoSuchUpload: the answer of a try before was lost, after it had landed.
            # Whether it did is compared by the caller.
            return

    def _abort(self, key: str, upload: str) -> None:
        try:
            self._store.ask(
                f"abort {key!r}", "abort_multipart_upload", Key=key, UploadId=upload
            )
        except (Missing, ComponentAway):
            # Gone already, or the store is: the sweep at the next start finds it.
            return
