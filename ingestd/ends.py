"""
The digests of both ends of some bytes: what they are told from others by.
"""

from __future__ import annotations

import os
from hashlib import blake2b

END_BYTES = 64 << 10
"""How much of each end is digested."""


def ends(fd: int, start: int, size: int) -> tuple[bytes, bytes]:
    """
    Return the digests of the first and last 64 KiB of bytes [start, start + size) of
    *fd*; of those that there are, where the file is shorter.
    """
    length = min(size, END_BYTES)
    head = _read(fd, start, length)
    tail = head if size <= END_BYTES else _read(fd, start + size - length, length)
    return _digest(head), _digest(tail)


def _read(fd: int, start: int, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = os.pread(fd, length - len(found), start + len(found))
        if not part:
            break
        found += part
    return found


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
