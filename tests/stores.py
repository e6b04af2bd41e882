"""
Object stores for tests: moto's server on loopback, and a bucket as its owner sees it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

KEYS = {"AWS_ACCESS_KEY_ID": "test:tester", "AWS_SECRET_ACCESS_KEY": "testing"}
"""Of moto, which takes any, and of Swift, which takes these."""

ENVIRONMENT = {**KEYS, "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """
    A bucket, as those who fill and read it see it; not through the code under test.
    """

    endpoint: str
    name: str
    client: Any

    @classmethod
    def made(cls, endpoint: str, name: str) -> Bucket:
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

    def put(self, key: str, data: bytes) -> None:
        """
        Put one object.
        """
        self.client.put_object(Bucket=self.name, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """
        Return one object's bytes.
        """
        found: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return found

    def keys(self, prefix: str = "") -> list[str]:
        """
        Return all keys, in order.
        """
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix
        )
        return [each["Key"] for page in pages for each in page.get("Contents", ())]

    def delete(self, key: str) -> None:
        """
        Remove one object.
        """
        self.client.delete_object(Bucket=self.name, Key=key)


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
