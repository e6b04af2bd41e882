"""
Unnamed files for text that is ours: unpacked, decoded, or rewritten.
"""

from __future__ import annotations

import os
import tempfile

IN_MEMORY = 32 << 20


def spool(folder: str, size: int) -> int:
    """
    Return the descriptor of an unnamed file: in memory when *size* is small, else in
    *folder*; the kernel frees it when it is closed, also after a crash.
    """
    if size <= IN_MEMORY:
        return os.memfd_create("ingestd", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.dup(file.fileno())


def write_all(fd: int, data: bytes | memoryview) -> None:
    """
    Write all of *data*; ``os.write`` may take a part.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def roomy(target: int, size: int, more: int, folder: str) -> int:
    """
    Return where *more* bytes can be written behind the *size* bytes of the spool
    *target*: itself, or a copy in *folder*, and *target* is closed, when they outgrow
    the memory meant for it.
    """
    if size > IN_MEMORY or size + more <= IN_MEMORY:
        return target
    wider = spool(folder, size + more)
    try:
        at = 0
        while at < size:
            at += os.sendfile(wider, target, at, size - at)
    except BaseException:
        os.close(wider)
        raise
    os.close(target)
    return wider
