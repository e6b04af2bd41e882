"""
Stores for tests: what they have in common, and moto's server on loopback.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config

KEYS = {"AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "testing"}
"""Of moto, which takes any, and of Swift, which takes these."""

ENVIRONMENT = {**KEYS, "AWS_DEFAULT_REGION": "us-east-1"}


class CannotStart(Exception):
    """
    There is no such server here: not installed, and it cannot be.
    """


class Bucket(Protocol):
    """
    A bucket, or what stands for one, as those who fill and read it see it; not through
    the code under test. *environment* has the credentials, *nowhere* is the name of one
    that is not there, and *no_bucket* what is said of it. *by_content* tells whether a
    version goes by its content, so that the same put again is the same version.
    """

    endpoint: str
    name: str
    scheme: str
    environment: dict[str, str]
    nowhere: str
    no_bucket: str
    by_content: bool

    def storage(self, endpoint: str = "") -> dict[str, str]:
        """
        Return the storage table; *endpoint* is another way to the same store.
        """
        ...

    def put(self, key: str, data: bytes) -> None:
        """
        Put one object.
        """
        ...

    def get(self, key: str) -> bytes:
        """
        Return one object's bytes.
        """
        ...

    def keys(self, prefix: str = "") -> list[str]:
        """
        Return all keys, in order.
        """
        ...

    def delete(self, key: str) -> None:
        """
        Remove one object.
        """
        ...

    def begin_upload(self, key: str) -> None:
        """
        Leave an upload half done, as a crash does; where the store keeps such.
        """
        ...

    def uploads(self) -> list[str]:
        """
        Return the keys of uploads that are half done.
        """
        ...


@dataclass(frozen=True)
class S3Bucket:
    """
    A bucket of moto or Swift.
    """

    endpoint: str
    name: str
    client: Any

    scheme = "s3"
    environment = ENVIRONMENT
    nowhere = "nowhere"
    no_bucket = "NoSuchBucket"
    by_content = True

    @classmethod
    def made(cls, endpoint: str, name: str) -> S3Bucket:
        """
        Make the bucket *name* at *endpoint*.
        """
        settings = Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=settings,
        )
        with suppress(client.exceptions.BucketAlreadyOwnedByYou):
            client.create_bucket(Bucket=name)
        return cls(endpoint, name, client)

    def storage(self, endpoint: str = "") -> dict[str, str]:
        return {"endpoint_url": endpoint or self.endpoint}

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        found: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return found

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix
        )
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def begin_upload(self, key: str) -> None:
        self.client.create_multipart_upload(Bucket=self.name, Key=key)

    def uploads(self) -> list[str]:
        found = self.client.list_multipart_uploads(Bucket=self.name)
        return [each["Key"] for each in found.get("Uploads", ())]


@contextmanager
def moto() -> Iterator[str]:
    """
    Run moto's server on a free port; yield its endpoint.
    """
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
