"""
Files that grow: what the ledger knows of one, and the stretches that are taken of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


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


@dataclass(frozen=True, slots=True)
class Grown:
    """
    A growing file as it is when *pieces* of it are taken, none of them or more;
    *moved*: it was rotated since it was last recorded.
    """

    one: Growing
    pieces: tuple[Piece, ...] = ()
    moved: bool = False

    @property
    def start(self) -> int:
        """
        All before this byte was taken, or is not wanted.
        """
        return self.pieces[0].start if self.pieces else self.one.end

    @property
    def size(self) -> int:
        """
        The bytes that are taken.
        """
        return sum(piece.size for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Begun:
    """
    What is in front of the records of a growing file: the *header* to put in front of
    each of its stretches, the byte where the first record begins, the lines before it.
    """

    header: bytes
    start: int
    lines: int


@dataclass(frozen=True, slots=True)
class Whole:
    """
    Whole records: how many bytes they are, how many there are, and the lines that end
    in them.
    """

    size: int
    records: int
    lines: int


class Borders(Protocol):
    """
    Tells where records end; the same records as a reader of the file finds.
    """

    @property
    def longest(self) -> int:
        """
        The bytes in which a record must end; what does not is given to the reader.
        """
        ...

    def begin(self, data: bytes, known: bytes | None, *, final: bool) -> Begun | None:
        """
        Return what is in front of the records of *data*, the beginning of a file; None
        while that cannot be told. *known* is the header that files of this name had
        before; *final*: nothing more will be written.
        """
        ...

    def whole(self, data: bytes, *, final: bool) -> Whole:
        """
        Return how much of *data*, which begins where a record begins, is whole records;
        where it is *final*, a last one needs no line end.
        """
        ...


Unpack = Callable[[int], int | None]
"""What is in an open file: itself, or a new descriptor; None where it is damaged."""
