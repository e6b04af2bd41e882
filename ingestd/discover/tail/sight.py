"""
What one listing shows of files that may grow, and how their content is looked at.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from ingestd.ends import END_BYTES, ends
from ingestd.errors import Unreachable
from ingestd.growing import Growing, Unpack
from ingestd.observe.escape import printable

First = tuple[int, bytes]
"""How many bytes a file began with at some time, up to 64 KiB, and their digest."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_EMPTY_PATH = 0x1000
_STATX_BTIME = 0x800
_BTIME = struct.Struct("=80xqI")  # of struct statx: what stands before, seconds, ns
_READ = "Nothing is taken from this folder until it can; look at the disk it is on"
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sight:
    """
    A regular file as a look shows it: *size* in bytes, of what is in it where it is
    packed; *mtime_ns*; inode, and time of birth (0: unknown), which tells files apart
    that had one inode after the other.
    """

    path: bytes
    inode: int
    birth_ns: int
    size: int
    mtime_ns: int

    def is_of(self, one: Growing) -> bool:
        """
        Tell whether inode and birth are those of *one*.
        """
        both = self.birth_ns and one.birth_ns
        return self.inode == one.inode and (not both or self.birth_ns == one.birth_ns)


@dataclass(frozen=True, slots=True)
class Opened:
    """
    An open file: what a look shows of it, and the descriptor of what is in it.
    """

    sight: Sight
    fd: int

    def continues(self, one: Growing) -> bool:
        """
        Tell whether the file begins with all that was taken of *one*, by its ends.
        """
        if self.sight.size < one.end:
            return False
        return ends(self.fd, 0, one.end) == (one.head, one.tail)

    @property
    def first(self) -> First:
        """
        What the file begins with now.
        """
        size = min(self.sight.size, END_BYTES)
        return size, ends(self.fd, 0, size)[0]

    def begins(self, first: First) -> bool:
        """
        Tell whether the file still begins with *first*.
        """
        size, digest = first
        return self.sight.size >= size and ends(self.fd, 0, size)[0] == digest

    def read(self, start: int, most: int) -> bytes:
        """
        Return up to *most* bytes from *start* on; fewer at the end.
        """
        pieces, at = [], start
        while at < start + most:
            piece = os.pread(self.fd, start + most - at, at)
            if not piece:
                break
            pieces.append(piece)
            at += len(piece)
        return b"".join(pieces)


@contextmanager
def opened(root: str, path: bytes, unpack: Unpack) -> Iterator[Opened | None]:
    """
    Open *path* below *root*; None where it is gone, no regular file, damaged, or may
    not be read.

    No link is followed; a packed file is unpacked as a whole. Raises Unreachable, also
    for what is read of it while it is open.
    """
    try:
        fd = os.open(os.fsencode(root) + b"/" + path, _FLAGS)
    except OSError:
        yield None
        return
    inside: int | None = None
    try:
        seen = os.fstat(fd)
        inside = unpack(fd) if stat.S_ISREG(seen.st_mode) else None
        if inside is None:
            yield None
            return
        # After the unpacking: what was written meanwhile shows at the next look.
        size = seen.st_size if inside == fd else os.fstat(inside).st_size
        born = birth_ns(fd)
        sight = Sight(path, seen.st_ino, born, size, seen.st_mtime_ns)
        yield Opened(sight, inside)
    except OSError as error:
        message = f"{printable(path)} cannot be read: {error}"
        raise Unreachable(message, hint=_READ) from error
    finally:
        if inside is not None and inside != fd:
            os.close(inside)
        os.close(fd)


def same_beginning(one: Opened, other: Opened) -> bool:
    """
    Tell whether what both files have is the same, by its ends.
    """
    size = min(one.sight.size, other.sight.size)
    return ends(one.fd, 0, size) == ends(other.fd, 0, size)


def birth_ns(fd: int) -> int:
    """
    Return when the open file *fd* was made, in ns since the epoch; 0 where the file
    system does not know. statx(2), which Python has no call for.
    """
    statx = _statx()
    if statx is None:
        return 0
    buffer = ctypes.create_string_buffer(256)
    if statx(fd, b"", _EMPTY_PATH, _STATX_BTIME, buffer) != 0:
        return 0
    (mask,) = struct.unpack_from("=I", buffer)
    seconds, ns = _BTIME.unpack_from(buffer)
    return seconds * _NANO + ns if mask & _STATX_BTIME else 0


@cache
def _statx() -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), "statx", None)
