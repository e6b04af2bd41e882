"""
What every store can do, and the few ways in which an answer is not what was hoped for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Missing(Exception):
    """
    There is no such object.
    """


class Replaced(Exception):
    """
    The object is another version than the one that was asked for.
    """


class Forbidden(Exception):
    """
    The credentials are good and this object may not be read with them.
    """


@dataclass(frozen=True, slots=True)
class Item:
    """
    One version of an object as a listing shows it: *size* in bytes, *etag* what the
    store calls the version.
    """

    key: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Stored:
    """
    What is known of one object by its own head. *sha256* is what its writer noted, ""
    where nobody did.
    """

    size: int
    etag: str
    sha256: str = ""


class Store(Protocol):
    """
    One bucket, or what stands for one. Safe from many threads.

    Every call has a deadline of its own and is tried again within it. Raises
    ComponentAway when the store does not answer, is full, or refuses the credentials;
    Missing and Replaced where told. Keys are whole, without a slash in front.
    """

    def pages(self, prefix: str, *, deep: bool) -> Iterator[list[Item]]:
        """
        Yield all objects whose keys begin with *prefix*, in pages: complete, or an
        error; with *deep* False only those without a further slash.
        """
        ...

    def head(self, key: str) -> Stored | None:
        """
        Return what is known of the object *key*; None when there is none.
        """
        ...

    def read(self, item: Item, start: int, stop: int) -> bytes:
        """
        Return the bytes [start, stop) of the very version *item*; exactly so many.

        Raises Missing, Replaced, Forbidden.
        """
        ...

    def put(self, key: str, path: str, sha256: str) -> None:
        """
        Put the file *path* at *key*, whole or not at all; compared when this returns.
        """
        ...

    def copy(self, source: str, target: str, sha256: str) -> None:
        """
        Copy an object within the store, whole or not at all. Raises Missing.
        """
        ...

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """
        Tell whether *key* is an object of that *size* and content.
        """
        ...

    def digest(self, item: Item) -> str:
        """
        Return the SHA-256 of all bytes of *item*, in hex.
        """
        ...

    def delete(self, key: str) -> None:
        """
        Remove an object; harmless when there is none.
        """
        ...

    def copy_version(self, item: Item, target: str) -> None:
        """
        Copy the very version *item* within the store, whole or not at all.

        Raises Missing, Replaced, Forbidden.
        """
        ...

    def remove(self, item: Item) -> None:
        """
        Remove the very version *item*, as far as the store can tell it from another;
        another is left there. Raises Missing, Replaced, Forbidden.
        """
        ...

    def sweep_uploads(self, prefix: str) -> int:
        """
        Give up the unfinished uploads below *prefix*; return how many there were.
        """
        ...


class Ordered(Store, Protocol):
    """
    A store whose listings are in order of the keys, and can begin anywhere.
    """

    def pages_after(
        self, prefix: str, after: str, *, deep: bool
    ) -> Iterator[list[Item]]:
        """
        As ``pages``, of keys that sort after *after* alone; "" for all.
        """
        ...
