"""
Packed files by content, streamed into an unnamed file, within bounds.

What a file's name says is not looked at, and what it says about its own size is not
believed: it is measured.
"""

from ingestd.run.unpack.bounds import unpack, unpacked_head
from ingestd.run.unpack.kinds import KIND_BYTES, Packing, packing
from ingestd.run.unpack.spools import spool, write_all

__all__ = [
    "KIND_BYTES",
    "Packing",
    "packing",
    "spool",
    "unpack",
    "unpacked_head",
    "write_all",
]
