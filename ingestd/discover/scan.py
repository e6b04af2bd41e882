"""
The complete listing of a folder, or an error: the truth behind every hint.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from ingestd.errors import Unreachable
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint

MAX_DEPTH = 128
"""Folders below the root: each level holds one descriptor while it is listed."""

_SHOWN = 250
_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER = _ROOT | os.O_NOFOLLOW
# Between the listing of a name and the stat of it, it vanished or became a link.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

Found = tuple[str, os.stat_result]


class Listing(Protocol):
    """
    What ``os.scandir`` returns.
    """

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        """
        Yield the entries.
        """
        ...

    def close(self) -> None:
        """
        Give the folder back.
        """
        ...


class Names(Protocol):
    """
    Which names of a folder are listed; ``Rules`` are.
    """

    def in_folder(self, folder: str) -> Callable[[str], object]:
        """
        Return the test for the names in *folder*, which is entered.
        """
        ...

    def enters(self, folder: str) -> bool:
        """
        Return whether a folder called *folder* is looked into.
        """
        ...


@dataclass(slots=True)
class Scan:
    """
    One listing of *root*, iterated once; the counters are right at its end.

    Yields what the rules take, in no order. Where a folder cannot be listed, the rest
    is still yielded, and Unreachable is raised at the end: what was seen is there,
    but nothing may be concluded from what was not.
    """

    root: str
    rules: Names
    scandir: Callable[[int], Listing] = os.scandir
    max_depth: int = MAX_DEPTH
    files: int = 0
    irregular: int = 0
    failure: Unreachable | None = None
    after: str = ""  # a folder is listed whole

    def __iter__(self) -> Iterator[Entry]:
        """
        Yield the entries; see the class.
        """
        for path, seen in self.found():
            yield Entry(os.fsencode(path), Fingerprint.of(seen))
        if self.failure is not None:
            raise self.failure

    def found(self, among: bytearray | None = None) -> Iterator[Found]:
        """
        Yield paths, decoded as file names are, and stats; an error waits in *failure*.

        With *among*, only those where ``among[hash(path) % len(among)]`` is set.
        """
        try:
            root = os.open(self.root, _ROOT)
        except OSError as error:
            self._fail("", error)
            return
        yield from self._walk(root, among)

    def _walk(self, root: int, among: bytearray | None) -> Iterator[Found]:
        # Iterative, one open descriptor for each level: no recursion limit, no path
        # too long, and a folder that is swapped for a link is not followed.
        stack: list[tuple[int, str, list[str]]] = []
        try:
            stack.append((root, "", []))
            yield from self._list(*stack[-1], among)
            while stack:
                fd, prefix, below = stack[-1]
                if not below:
                    os.close(stack.pop()[0])
                    continue
                name = below.pop()
                inner = self._enter(fd, name, prefix + name, len(stack))
                if inner is not None:
                    stack.append((inner, f"{prefix}{name}/", []))
                    yield from self._list(*stack[-1], among)
        finally:
            for fd, _, _ in stack:
                os.close(fd)

    def _enter(self, fd: int, name: str, path: str, depth: int) -> int | None:
        if depth > self.max_depth:
            error = OSError(errno.ELOOP, f"more than {self.max_depth} folders deep")
            self._fail(path, error)
            return None
        try:
            return os.open(name, _FOLDER, dir_fd=fd)
        except OSError as error:
            if error.errno not in _GONE:
                self._fail(path, error)
            return None

    def _list(
        self, fd: int, prefix: str, below: list[str], among: bytearray | None
    ) -> Iterator[Found]:
        takes, enters = self.rules.in_folder(prefix[:-1]), self.rules.enters
        try:
            with closing(self.scandir(fd)) as listing:
                for item in listing:
                    name = item.name
                    if item.is_dir(follow_symlinks=False):
                        if enters(name):
                            below.append(name)
                        continue
                    path = prefix + name if prefix else name
                    if among is not None and not among[hash(path) % len(among)]:
                        continue
                    if takes(name) and (seen := self._stat(item)) is not None:
                        yield path, seen
        except OSError as error:
            self._fail(prefix[:-1], error)

    def _stat(self, item: os.DirEntry[str]) -> os.stat_result | None:
        try:
            seen = item.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise
        if not stat.S_ISREG(seen.st_mode):
            self.irregular += 1
            return None
        self.files += 1
        return seen

    def _fail(self, path: str, error: OSError) -> None:
        if self.failure is None:
            self.failure = _unreachable(self.root, path, error)
            self.failure.__cause__ = error


def _unreachable(root: str, path: str, error: OSError) -> Unreachable:
    where = f"{root}/{path}" if path else root
    if len(where) > _SHOWN:
        where = f"{where[:_SHOWN]}…"
    return Unreachable(
        f"source folder {where!r} cannot be listed: {error.strerror}",
        hint=_HINTS.get(error.errno or 0, "The scan is tried again"),
    )


_HINTS = {
    errno.ENOENT: "Create the folder, or correct url in [pipelines.source]",
    errno.ENOTDIR: "A folder is expected here",
    errno.EACCES: "Give the daemon's user the right to list and enter it",
    errno.ELOOP: "Move the folder out of the source, or make its tree flatter",
}
