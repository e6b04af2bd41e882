"""
The ends of a member, without reading what is between.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ingestd.config import Csv
from ingestd.model import Member
from ingestd.run.faults import system_errors
from ingestd.run.opened import Storage, opened_ends, read_from
from ingestd.run.text.decode import check_mark, decoded, is_utf8
from ingestd.run.unpack import KIND_BYTES, packing, unpacked_head


@dataclass(frozen=True, slots=True)
class Glimpse:
    """
    The first bytes of a member as text in UTF-8, *whole* if that is all; and, of a long
    one that is text as it is, the last bytes.
    """

    head: bytes
    whole: bool
    tail: bytes = b""

    @property
    def lines(self) -> bytes:
        """
        The head without a line that may go on behind it.
        """
        return self.head if self.whole else self.head[: self.head.rfind(b"\n") + 1]


def glimpse(
    root: str, member: Member, share: int, options: Csv, storage: Storage
) -> Glimpse:
    """
    Return the first and the last *share* bytes of *member*'s text, or twice as much of
    its beginning. Raises Fault.
    """
    with system_errors(), opened_ends(root, member, storage, 2 * share, share) as fd:
        size = os.fstat(fd).st_size
        head, whole, packed = _beginning(fd, size, 2 * share)
        check_mark(head, options.encoding)
        if not is_utf8(options.encoding):
            return Glimpse(decoded(head, options.encoding, final=whole), whole)
        if packed or whole:
            return Glimpse(head, whole)
        return Glimpse(head[:share], False, os.pread(fd, share, size - share))


def raw_glimpse(
    root: str, member: Member, head: int, tail: int, storage: Storage
) -> Glimpse:
    """
    Return the first *head* bytes of *member*'s content as they are, unpacked, and the
    last *tail* of a longer one that is not packed. Raises Fault.
    """
    with system_errors(), opened_ends(root, member, storage, head, tail) as fd:
        size = os.fstat(fd).st_size
        first, whole, packed = _beginning(fd, size, head)
        if packed or whole:
            return Glimpse(first, whole)
        start = max(head, size - tail)
        return Glimpse(first, False, os.pread(fd, size - start, start))


def _beginning(fd: int, size: int, most: int) -> tuple[bytes, bool, bool]:
    """
    Return the first *most* bytes of *fd*'s content, whether that is all, and whether
    they had to be unpacked.
    """
    if packed := packing(os.pread(fd, KIND_BYTES, 0)):
        return *unpacked_head(fd, packed, most), True
    return read_from(fd, min(size, most)), size <= most, False
