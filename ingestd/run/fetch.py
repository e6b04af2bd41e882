"""
An object as a local file: the version that was admitted, spooled, or its two ends.

Engines read descriptors of files. A spool has no name, so a crash leaves nothing of it;
the kernel frees it when it is closed.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from ingestd.errors import Reason
from ingestd.model import Member, Outcome
from ingestd.run.faults import Fault, changed, ours
from ingestd.run.unpack import KIND_BYTES, packing, spool
from ingestd.storage import (
    Forbidden,
    Item,
    Missing,
    Place,
    Replaced,
    Store,
    open_store,
)
from ingestd.storage.reading import RANGE_BYTES

_AT_ONCE = 4
"""Ranges of one object that are on their way at the same time."""


def fetched(
    root: str, storage: Mapping[str, Any], member: Member, folder: str = ""
) -> int:
    """
    Return the descriptor of a spool that holds all of *member*'s object; in *folder*,
    or where temporary files are, unless it is small.

    Raises Fault when it is gone or another version, ComponentAway.
    """
    size = member.file.fingerprint.size
    with _Source(root, storage, member, folder) as source:
        source.take(0, size)
        return source.given()


def fetched_ends(
    root: str, storage: Mapping[str, Any], member: Member, head: int, tail: int
) -> int:
    """
    As ``fetched``, with at least the first *head* and the last *tail* bytes; what is
    between reads as zeros. All of a packed object.
    """
    size = member.file.fingerprint.size
    with _Source(root, storage, member, "") as source:
        first = min(size, max(head, KIND_BYTES))
        source.take(0, first)
        start = max(first, size - tail)
        if packing(os.pread(source.fd, KIND_BYTES, 0)):
            start = first
        source.take(start, size)
        return source.given()


class _Source:
    """
    One object on its way into a spool; closed unless it is given.
    """

    def __init__(
        self, root: str, storage: Mapping[str, Any], member: Member, folder: str
    ) -> None:
        place, mark = Place.of(root), member.file.fingerprint
        self._store: Store = open_store(place, storage, "source")
        key = place.below(os.fsdecode(member.file.path))
        self._item = Item(key, mark.size, mark.etag)
        self._folder = folder or tempfile.gettempdir()
        self.fd = -1

    def __enter__(self) -> Self:
        try:
            self.fd = spool(self._folder, self._item.size)
            os.ftruncate(self.fd, self._item.size)
        except OSError as error:
            self.close()
            raise ours(error.errno or 0, str(error)) from error
        if not self._item.size:
            self._look()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def given(self) -> int:
        """
        Return the descriptor, which is the caller's from now on.
        """
        fd, self.fd = self.fd, -1
        return fd

    def take(self, start: int, stop: int) -> None:
        """
        Bring the bytes [start, stop) into the spool.
        """
        starts = range(start, stop, RANGE_BYTES)
        pieces = [(at, min(stop, at + RANGE_BYTES)) for at in starts]
        if len(pieces) <= 1:
            for piece in pieces:
                self._bring(*piece)
            return
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(self._bring, *piece) for piece in pieces]:
                done.result()

    def _bring(self, start: int, stop: int) -> None:
        data = self._told(lambda: self._store.read(self._item, start, stop))
        try:
            for at in range(0, len(data), 1 << 20):
                _write_all(self.fd, data[at : at + (1 << 20)], start + at)
        except OSError as error:
            raise ours(error.errno or 0, str(error)) from error

    def _look(self) -> None:
        # No range can be asked of an object without a byte.
        there = self._told(lambda: self._store.head(self._item.key))
        if there is None:
            raise _gone()
        if (there.size, there.etag) != (0, self._item.etag):
            raise _replaced()

    def _told(self, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - what was asked
        try:
            return ask()
        except Missing as error:
            raise _gone() from error
        except Replaced as error:
            raise _replaced() from error
        except Forbidden as error:
            said = f"the store: {error}"
            raise Fault(Reason.PERMISSION, said) from error


def _write_all(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def _gone() -> Fault:
    return Fault(None, "gone before it was read", Outcome.VANISHED)


def _replaced() -> Fault:
    return changed("another version than the one that was admitted")
