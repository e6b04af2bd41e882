"""
A file that may be packed, as a descriptor of its content.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ingestd.run.faults import Fault
from ingestd.run.unpack import KIND_BYTES, packing, unpack


@dataclass(frozen=True, slots=True)
class Unpacked:
    """
    What is in packed files, unpacked into *folder* within *ratio*; see ``Unpack``.
    """

    folder: str
    ratio: int

    def __call__(self, fd: int) -> int | None:
        """
        Return the descriptor of what is in *fd*: a new one, *fd* itself where it is not
        packed, None where it cannot be unpacked, or not yet.
        """
        try:
            packed = packing(os.pread(fd, KIND_BYTES, 0))
            if packed is None:
                return fd
            return unpack(fd, packed, os.fstat(fd).st_size, self.ratio, self.folder)
        except Fault:
            return None
