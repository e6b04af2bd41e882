"""
Every kind of store that the suite is run on, each started once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.azurite import Container, azurite
from tests.gcs import GcsBucket, fake_gcs
from tests.sshd import Directory, sshd
from tests.stores import Bucket, S3Bucket, moto
from tests.swift import Swift

Make = Callable[[str], Bucket]
"""Makes an empty bucket of that name."""


@contextmanager
def started(kind: str, folder: Path) -> Iterator[Make]:
    """
    Run the server *kind*, with its files in *folder*; raises CannotStart.
    """
    if kind == "moto":
        with moto() as endpoint:
            yield lambda name: S3Bucket.made(endpoint, name)
    elif kind == "swift":
        store = Swift(folder)
        try:
            store.start()
            yield lambda name: S3Bucket.made(store.endpoint, name)
        finally:
            store.stop()
    elif kind == "azurite":
        with azurite(folder) as endpoint:
            yield lambda name: Container.made(endpoint, name)
    elif kind == "sftp":
        with sshd(folder) as endpoint:
            yield lambda name: Directory.made(endpoint, folder / name, folder)
    elif kind == "gcs":
        with fake_gcs(folder) as endpoint:
            yield lambda name: GcsBucket.made(endpoint, name)
    else:
        raise AssertionError(kind)
