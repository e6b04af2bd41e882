"""
Files that grow: what the ledger knows of one, and the stretches that are taken of it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    Where the bytes of a file version lie that is a piece of a growing file.

    They begin at byte *start* of growing file *growing*, where a record begins, and end
    where one ends. The file was last seen at *place*, relative to the source's root.
    *header* is the text of the file's header, line end included; *records* and *lines*
    are those in front of the stretch.
    """

    growing: int
    start: int
    place: bytes
    header: bytes = b""
    records: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Growing:
    """
    One generation of a growing file: what is written between two rotations.

    It is known as *path*, the name that the source takes, and was last seen at *place*
    with *size* bytes; a packed one has those of what is in it. All before byte *end*
    was taken; *head* and *tail* are digests of the first and last 64 KiB of that. With
    inode and time of birth (0: unknown) they tell it from any other file. *ended*: no
    file shows it any more, or what is left of it was given up.
    """

    id: int
    pipeline: str
    path: bytes
    place: bytes
    inode: int
    birth_ns: int
    size: int
    end: int = 0
    head: bytes = b""
    tail: bytes = b""
    header: bytes = b""
    records: int = 0
    lines: int = 0
    ended: bool = False

    @property
    def behind(self) -> int:
        """
        The bytes that were seen and not taken.
        """
        return 0 if self.ended else max(0, self.size - self.end)


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Bytes [start, start + size) of a growing file that are taken now: whole records.

    *head* and *tail* are digests of their first and last 64 KiB; *records* and *lines*
    those of the file in front of them; *mtime_ns* is the file's.
    """

    start: int
    size: int
    mtime_ns: int
    head: bytes
    tail: bytes
    records: int
    lines: int
