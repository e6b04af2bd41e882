"""
gzip by content, streamed into an unnamed file, within bounds.

What a gzip file says about its own size is not believed: it is measured.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator

from ingestd.errors import Reason
from ingestd.run.faults import Fault

MAGIC = b"\x1f\x8b"
ALWAYS_ALLOWED = 64 << 20
MAX_UNPACKED = 64 << 30
IN_MEMORY = 32 << 20
_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS


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


def unpack(packed: int, size: int, max_ratio: int, folder: str) -> int:
    """
    Return the descriptor of the unpacked content of *packed*, a file of *size* bytes.

    Raises Fault: bad_compression, or unpacks_too_large past *max_ratio* (beyond the
    first 64 MiB) or 64 GiB.
    """
    limit = min(MAX_UNPACKED, max(ALWAYS_ALLOWED, max_ratio * size))
    target = spool(folder, 0)
    total = 0
    try:
        for piece in _pieces(packed):
            total += len(piece)
            if total > limit:
                raise Fault(  # noqa: TRY301 - the spool is closed below
                    Reason.UNPACKS_TOO_LARGE,
                    f"unpacks to more than {limit} bytes from {size}",
                )
            if total > IN_MEMORY >= total - len(piece):
                target = _move(target, folder)
            write_all(target, piece)
    except zlib.error as error:
        os.close(target)
        raise Fault(Reason.BAD_COMPRESSION, f"gzip: {error}") from error
    except BaseException:
        os.close(target)
        raise
    return target


def unpacked_head(packed: int, most: int) -> tuple[bytes, bool]:
    """
    Return the first *most* bytes of the content of *packed*, and whether that is all.
    """
    head = bytearray()
    try:
        for piece in _pieces(packed):
            head += piece
            if len(head) > most:
                return bytes(head[:most]), False
    except zlib.error as error:
        raise Fault(Reason.BAD_COMPRESSION, f"gzip: {error}") from error
    return bytes(head), True


def _move(source: int, folder: str) -> int:
    """
    Go on in a file on disk: what was unpacked outgrew the memory meant for it.
    """
    target = spool(folder, IN_MEMORY + 1)
    size = os.fstat(source).st_size
    try:
        at = 0
        while at < size:
            at += os.sendfile(target, source, at, size - at)
    except BaseException:
        os.close(target)
        raise
    os.close(source)
    return target


def _pieces(packed: int) -> Iterator[bytes]:
    """
    Yield the unpacked content of every gzip member; zero padding may follow the last.
    """
    decoder, at, begun = zlib.decompressobj(_GZIP), 0, False
    while waiting := os.pread(packed, _CHUNK, at):
        given = len(waiting)
        if at and not begun and not waiting.strip(b"\0"):
            at += given
            continue
        piece = decoder.decompress(waiting, _CHUNK)
        begun = True
        if piece:
            yield piece
        if decoder.eof:
            rest = decoder.unused_data
            decoder, begun = zlib.decompressobj(_GZIP), False
        else:
            rest = decoder.unconsumed_tail
        # What the decoder left is the end of what it was given.
        at += given - len(rest)
    if begun:
        raise Fault(Reason.BAD_COMPRESSION, "gzip: cut off before its end")
