"""
Every kind of store that the suite is run on, each started once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.azurite import Container, azurite
from tests.gcs import GcsBucket, fake_gcs
from tests.objects.faulty import Faulty, faulty
from tests.sshd import Directory, sshd
from tests.stores import Bucket, S3Bucket, moto
from tests.swift import Swift

Make = Callable[[str], Bucket]
"""Makes an empty bucket of that name."""


@dataclass
class Lagging:
    """
    Swift, and the *way* to the server that keeps its listings. It makes buckets.
    """

    store: Swift
    way: Faulty

    @classmethod
    def started(cls, folder: Path, stack: ExitStack) -> Lagging:
        """
        Start it in *folder*; *stack* ends it.
        """
        ways: list[Faulty] = []

        def before(endpoint: str) -> str:
            here, way = stack.enter_context(faulty(endpoint, lambda method, path: ""))
            ways.append(way)
            return here

        store = Swift(folder, before=before)
        stack.callback(store.stop)
        store.start()
        return cls(store, ways[0])

    def __call__(self, name: str) -> Bucket:
        return S3Bucket.made(self.store.endpoint, name)


@contextmanager
def started(kind: str, folder: Path) -> Iterator[Make]:
    """
    Run the server *kind*, with its files in *folder*; raises CannotStart.
    """
    if kind == "moto":
        with moto() as endpoint:
            yield lambda name: S3Bucket.made(endpoint, name)
    elif kind == "swift":
        with ExitStack() as stack:
            yield Lagging.started(folder, stack)
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
