"""
Which names of a folder are taken: include and exclude globs, and unfinished files.

Names are bytes, relative to the root. A glob without a slash is matched with the file's
name, one with a slash with the whole relative path, part by part, ``**`` standing for
any number of folders. Case matters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate

from ingestd.config import Source

UNFINISHED = (".*", "*.tmp", "*.part", "*.filepart", "~*")
"""What writers call a file before they rename it."""

Matcher = re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """
    The names that a source takes.

    *marker* is the suffix of the file that says that its neighbour is complete, or
    empty where none is awaited.
    """

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    recursive: bool = False
    marker: bytes = b""
    _names: Matcher = field(init=False, repr=False)
    _left: Matcher = field(init=False, repr=False)
    _paths: tuple[tuple[str, ...], ...] = field(init=False, repr=False)
    _left_paths: tuple[tuple[str, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """
        Compile the globs.
        """
        unfinished = [
            glob
            for glob in UNFINISHED
            if not any(fnmatchcase(base_name(taken), glob) for taken in self.include)
        ]
        set_once = object.__setattr__
        left = [g for g in self.exclude if "/" not in g]
        if self.marker:
            left.append("*" + re.sub(r"([*?[])", r"[\1]", os.fsdecode(self.marker)))
        taken = [g for g in self.include if "/" not in g]
        set_once(self, "_names", _compiled(taken, but=left + unfinished))
        set_once(self, "_left", _compiled(left + unfinished))
        set_once(self, "_paths", _parted(self.include))
        set_once(self, "_left_paths", _parted(self.exclude))

    @classmethod
    def of(cls, source: Source) -> Rules:
        """
        Return the rules that *source* configures.
        """
        return cls(
            tuple(source.include),
            tuple(source.exclude),
            source.recursive,
            os.fsencode(source.done_suffix or ""),
        )

    def takes(self, path: bytes) -> bool:
        """
        Return whether *path*, relative to the root, is one of the source's files.
        """
        folder, _, name = os.fsdecode(path).rpartition("/")
        if folder and not all(self.enters(part) for part in folder.split("/")):
            return False
        return bool(self.in_folder(folder)(name))

    def in_folder(self, folder: str) -> Callable[[str], object]:
        """
        Return the test for the names in *folder*, which is entered: true when taken.
        """
        by_name = self._names.match
        if not self._paths and not self._left_paths:
            return by_name
        above = tuple(folder.split("/")) if folder else ()

        def takes(name: str) -> bool:
            parts = (*above, name)
            if self._left.match(name) or any(
                _matches(parts, glob) for glob in self._left_paths
            ):
                return False
            return bool(by_name(name)) or any(
                _matches(parts, glob) for glob in self._paths
            )

        return takes

    def enters(self, folder: str) -> bool:
        """
        Return whether a folder called *folder* is looked into.

        Hidden folders hold what tools keep for themselves: partial copies, snapshots.
        """
        return self.recursive and not folder.startswith((".", "~"))

    def marked(self, path: bytes) -> bytes | None:
        """
        Return the file whose marker *path* is, or None.
        """
        if self.marker and path.endswith(self.marker):
            return path[: -len(self.marker)]
        return None


def base_name(glob: str) -> str:
    """
    Return the last part of *glob*.
    """
    return glob.rpartition("/")[2]


def _compiled(globs: Sequence[str], but: Sequence[str] = ()) -> Matcher:
    return re.compile(f"(?!{_either(but)})(?:{_either(globs)})")


def _either(globs: Sequence[str]) -> str:
    # No glob at all must match nothing, and an empty alternative would match all.
    return "|".join(translate(glob) for glob in globs) or "(?!)"


def _parted(globs: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(g.lstrip("/").split("/")) for g in globs if "/" in g)


def _matches(parts: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    if not glob:
        return not parts
    if glob[0] == "**":
        return any(_matches(parts[i:], glob[1:]) for i in range(len(parts) + 1))
    if not parts or not fnmatchcase(parts[0], glob[0]):
        return False
    return _matches(parts[1:], glob[1:])
