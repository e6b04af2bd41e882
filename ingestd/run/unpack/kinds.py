"""
What a file is, by its first bytes: packed text, or something that is no CSV.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum

from ingestd.errors import Reason
from ingestd.run.faults import Fault


class Packing(StrEnum):
    """
    How a file is packed.
    """

    GZIP = "gzip"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZIP = "zip"


KIND_BYTES = 262
"""Enough of a file's beginning to tell; a tar archive says it last."""

_LEVELS = b"123456789"
_BZIP2_BLOCK = b"1AY&SY"
_BZIP2_END = b"\x17rE8P\x90"
_PACKINGS: Mapping[bytes, Packing] = {
    b"\x1f\x8b": Packing.GZIP,
    b"\x28\xb5\x2f\xfd": Packing.ZSTD,
    # Parallel packers of zstd begin with a frame that is to be skipped.
    **{b"%c\x2a\x4d\x18" % first: Packing.ZSTD for first in range(0x50, 0x60)},
    **{b"BZh%c" % level + _BZIP2_BLOCK: Packing.BZIP2 for level in _LEVELS},
    **{b"BZh%c" % level + _BZIP2_END: Packing.BZIP2 for level in _LEVELS},
    b"\xfd7zXZ\x00": Packing.XZ,
    b"PK\x03\x04": Packing.ZIP,
    b"PK\x05\x06": Packing.ZIP,
    b"PK\x07\x08": Packing.ZIP,
}
_OTHERS: Mapping[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x04\x22\x4d\x18": "packed with LZ4",
    b"\x5d\x00\x00": "packed with LZMA",
    b"\x1f\x9d": "packed with compress",
    b"\x89LZO\x00": "packed with LZO",
    b"\xff\x06\x00\x00sNaPpY": "packed with Snappy",
    b"%PDF-": "PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document (xls, doc)",
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x7fELF": "a program",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x89HDF\r\n\x1a\n": "HDF5",
    b"ARROW1\x00\x00": "Arrow",
    b"Obj\x01": "Avro",
}
_IN_LETTERS: Mapping[bytes, str] = {
    b"PAR1": "Parquet",
    b"PARE": "encrypted Parquet",
    b"ORC": "ORC",
    b"LZIP": "packed with lzip",
    b"MZ": "a Windows program",
}
"""A column may be called like this: here bytes must follow that no text has."""

_NO_TEXT = re.compile(rb"[\x00-\x08]")
_TEXT_BYTES = 64
_TAR = slice(257, 262)


def _by_first_byte(marks: Mapping[bytes, str]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for mark in marks:
        found[mark[:1]].append(mark)
    return dict(found)


_NAMES = {**_PACKINGS, **_OTHERS, **_IN_LETTERS}
_MARKS = _by_first_byte(_NAMES)


def packing(head: bytes) -> Packing | None:
    """
    Tell how the file that begins with *head*, KIND_BYTES or all of it, is packed; None
    when it is not.

    Raises Fault for the first bytes of something that is neither packed nor text.
    """
    if head[_TAR] == b"ustar":
        raise _no_csv("a tar archive")
    for mark in _MARKS.get(head[:1], ()):
        if head.startswith(mark):
            if mark in _PACKINGS:
                return _PACKINGS[mark]
            if mark in _OTHERS or _NO_TEXT.search(head[:_TEXT_BYTES]):
                raise _no_csv(_NAMES[mark])
        elif mark in _PACKINGS and mark.startswith(head) and not _printable(head):
            raise Fault(
                Reason.BAD_COMPRESSION, f"cut off within the mark of {_NAMES[mark]}"
            )
    return None


def is_packed_as(kind: Packing, head: bytes) -> bool:
    """
    Tell whether *head* begins with a mark of *kind*.
    """
    marks = _MARKS.get(head[:1], ())
    return any(_PACKINGS.get(m) is kind and head.startswith(m) for m in marks)


def _printable(head: bytes) -> bool:
    return head.isascii() and head.decode("ascii").isprintable()


def _no_csv(name: str) -> Fault:
    return Fault(Reason.BAD_COMPRESSION, f"the content is {name}, expected CSV")
