"""
The file behind one member, opened safely; a copy of it where it is an object.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ingestd.model import Fingerprint, Member
from ingestd.run.ahead import taken
from ingestd.run.faults import changed
from ingestd.run.fetch import fetched, fetched_ends
from ingestd.run.stretch import stretched
from ingestd.storage import is_remote

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC

Storage = Mapping[str, Any]
"""The options of ``source.storage``."""


@contextmanager
def opened(
    root: str, member: Member, storage: Storage, folder: str = ""
) -> Iterator[int]:
    """
    Open *member*'s file without following links or blocking; yield its descriptor.

    Of an object it is that of a copy, with *storage* to reach it, in *folder*; so it is
    of a stretch, with the header of its file in front. Raises Fault unless it is the
    admitted version, OSError for what the system says.
    """
    if (stretch := member.file.stretch) is not None:
        fd = stretched(root, member, stretch, folder)
    elif is_remote(root):
        found = taken(member)
        fd = fetched(root, storage, member, folder) if found is None else found
    else:
        fd = os.open(os.fsencode(root) + b"/" + member.file.path, _FLAGS)
    try:
        check_same(fd, member)
        yield fd
    finally:
        os.close(fd)


@contextmanager
def opened_ends(
    root: str, member: Member, storage: Storage, head: int, tail: int
) -> Iterator[int]:
    """
    As ``opened``, where the first *head* and the last *tail* bytes are enough.
    """
    if not is_remote(root):
        with opened(root, member, storage) as fd:
            yield fd
        return
    fd = fetched_ends(root, storage, member, head, tail)
    try:
        yield fd
    finally:
        os.close(fd)


def check_same(fd: int, member: Member) -> None:
    """
    Raise Fault unless *fd* is *member*'s admitted version.
    """
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise changed("not a regular file any more")
    now, then = Fingerprint.of(status), member.file.fingerprint
    if then.etag or member.file.stretch:  # our own copy: nobody else has it
        return
    if now.stat[:-1] != then.stat[:-1]:  # a local file has no etag
        raise changed("another version than the one that was admitted")


def read_from(fd: int, size: int) -> bytes:
    """
    Return the first *size* bytes of *fd*, fewer where there are no more.
    """
    pieces, at = [], 0
    while at < size and (piece := os.pread(fd, size - at, at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)
