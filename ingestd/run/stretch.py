"""
A stretch of a growing file as a text of its own, with the file's header in front.

The file may have been rotated since the stretch was taken: renamed, copied and
truncated, packed. So it is looked for by content, under every name that a rotation
could have given it, and what is found is a copy that nothing can change any more.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress

from ingestd.ends import ends
from ingestd.growing import Stretch
from ingestd.model import Member
from ingestd.run.faults import Fault
from ingestd.run.text.blocks import blocks
from ingestd.run.unpack import KIND_BYTES, packing, spool, unpack, write_all

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_UNPACK_RATIO = 10_000
"""It was unpacked before, when the stretch was taken: within the bounds of then."""


def stretched(root: str, member: Member, stretch: Stretch, folder: str) -> int:
    """
    Return the descriptor of a copy of *member*, behind the header of its file; in
    *folder*, or in memory where that is "".

    Raises FileNotFoundError where no file holds it any more.
    """
    refused: OSError | None = None
    for name in _places(root, member.file.path, stretch.place):
        try:
            fd = os.open(name, _FLAGS)
        except OSError as error:
            refused = error if error.errno in (errno.EACCES, errno.EPERM) else refused
            continue
        try:
            with suppress(Fault):  # packed, and not whole yet
                if (found := _copy(fd, member, stretch, folder)) is not None:
                    return found
        finally:
            os.close(fd)
    if refused is not None:
        raise refused
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _places(root: str, path: bytes, place: bytes) -> Iterator[bytes]:
    """
    Yield where the stretch may lie: where its file was seen, under its own name, and
    under every name in the same folder that begins with that.
    """
    top = os.fsencode(root)
    first = [top + b"/" + name for name in dict.fromkeys((place, path))]
    yield from first
    folder, _, name = path.rpartition(b"/")
    above = top + b"/" + folder if folder else top
    stem = name.split(b".")[0]
    with suppress(FileNotFoundError), os.scandir(above) as listing:
        for entry in listing:
            found = above + b"/" + entry.name
            if entry.name.startswith(stem) and found not in first:
                yield found


def _copy(fd: int, member: Member, stretch: Stretch, folder: str) -> int | None:
    """
    Return a copy, None where *fd* does not hold the stretch.
    """
    source, ours = fd, False
    if packed := packing(os.pread(fd, KIND_BYTES, 0)):
        size = os.fstat(fd).st_size
        source = unpack(
            fd, packed, size, _UNPACK_RATIO, folder or tempfile.gettempdir()
        )
        ours = True
    try:
        return _cut_out(source, member, stretch, folder)
    finally:
        if ours:
            os.close(source)


def _cut_out(fd: int, member: Member, stretch: Stretch, folder: str) -> int | None:
    mark, header = member.file.fingerprint, stretch.header
    if not _holds(fd, stretch.start, member):
        return None
    copy = spool(folder, len(header) + mark.size) if folder else _in_memory()
    try:
        write_all(copy, header)
        for piece in blocks(fd, stretch.start, stretch.start + mark.size, 1 << 20):
            write_all(copy, memoryview(piece))
        # Of the copy, not of the file: that may be truncated while it is read.
        whole = os.fstat(copy).st_size == len(header) + mark.size
        same = ends(copy, len(header), mark.size) == (mark.head, mark.tail)
    except BaseException:
        os.close(copy)
        raise
    if whole and same:
        return copy
    os.close(copy)
    return None


def _holds(fd: int, start: int, member: Member) -> bool:
    mark = member.file.fingerprint
    if os.fstat(fd).st_size < start + mark.size:
        return False
    return ends(fd, start, mark.size) == (mark.head, mark.tail)


def _in_memory() -> int:
    return os.memfd_create("ingestd", os.MFD_CLOEXEC)
