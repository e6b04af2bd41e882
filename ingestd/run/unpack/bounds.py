"""
Unpack a file into a spool, or its beginning into memory: no further than is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.unpack.decoders import FORMS
from ingestd.run.unpack.kinds import KIND_BYTES, Packing, packing
from ingestd.run.unpack.spools import roomy, spool, write_all
from ingestd.run.unpack.streams import Extent, unpacked
from ingestd.run.unpack.zips import unzipped

ALWAYS_ALLOWED = 64 << 20
MAX_UNPACKED = 64 << 30


def unpack(packed: int, kind: Packing, size: int, max_ratio: int, folder: str) -> int:
    """
    Return the descriptor of the unpacked content of *packed*, a file of *size* bytes.

    Raises Fault: bad_compression, or unpacks_too_large past *max_ratio* (beyond the
    first 64 MiB) or 64 GiB.
    """
    target = spool(folder, 0)
    total = 0
    try:
        for piece in _pieces(packed, kind):
            _check_size(total + len(piece), size, max_ratio)
            target = roomy(target, total, len(piece), folder)
            write_all(target, piece)
            total += len(piece)
        _check_content(os.pread(target, KIND_BYTES, 0), kind)
    except BaseException:
        os.close(target)
        raise
    return target


def unpacked_head(packed: int, kind: Packing, most: int) -> tuple[bytes, bool]:
    """
    Return the first *most* bytes of the content of *packed*, and whether that is all.

    Raises Fault, for what was looked at.
    """
    head = bytearray()
    for piece in _pieces(packed, kind):
        head += piece
        if len(head) > most:
            break
    _check_content(bytes(head[:KIND_BYTES]), kind)
    return bytes(head[:most]), len(head) <= most


def _pieces(packed: int, kind: Packing) -> Iterator[bytes]:
    size = os.fstat(packed).st_size
    if kind is Packing.ZIP:
        return unzipped(packed, size)
    return unpacked(Extent(packed, 0, size), FORMS[kind])


def _check_size(total: int, size: int, max_ratio: int) -> None:
    if total > MAX_UNPACKED:
        raise Fault(
            Reason.UNPACKS_TOO_LARGE,
            f"unpacks to more than {MAX_UNPACKED >> 30} GiB: split the file",
        )
    if total > max(ALWAYS_ALLOWED, max_ratio * size):
        raise Fault(
            Reason.UNPACKS_TOO_LARGE,
            f"unpacks to more than {max_ratio} times its {size} bytes "
            f"(csv.max_unpack_ratio)",
        )


def _check_content(head: bytes, kind: Packing) -> None:
    """
    Raise Fault if what was packed as *kind* is packed once more, or is no text.
    """
    within = packing(head)
    if within is not None:
        raise Fault(
            Reason.BAD_COMPRESSION, f"packed twice, {within} in {kind}: expected CSV"
        )
