"""
Packed files for tests: each packing, and zip archives whole or dishonest.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from ingestd.run.unpack import Packing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zstandard(content: bytes, *, checksum: bool = True) -> bytes:
    return zstd.compress(
        content, options={zstd.CompressionParameter.checksum_flag: int(checksum)}
    )


def skipped(content: bytes = b"to be skipped", kind: int = 0) -> bytes:
    """
    A frame of zstd that holds no content.
    """
    return struct.pack("<LL", 0x184D2A50 + kind, len(content)) + content


def xz(content: bytes, check: int = lzma.CHECK_CRC64) -> bytes:
    return lzma.compress(content, lzma.FORMAT_XZ, check, preset=1)


def zipped(
    *files: tuple[str, bytes],
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
    seekable: bool = True,
) -> bytes:
    """
    An archive as the standard library writes it; one that cannot seek lets the sizes
    follow each file.
    """
    target = io.BytesIO() if seekable else _Pipe()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, content)
        archive.comment = comment
    return target.getvalue()


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def zip_of(content: bytes) -> bytes:
    return zipped(("a.csv", content))


PACK: dict[Packing, Callable[[bytes], bytes]] = {
    Packing.GZIP: gzipped,
    Packing.ZSTD: zstandard,
    Packing.BZIP2: bz2.compress,
    Packing.XZ: xz,
    Packing.ZIP: zip_of,
}
SUFFIX = {
    Packing.GZIP: ".gz",
    Packing.ZSTD: ".zst",
    Packing.BZIP2: ".bz2",
    Packing.XZ: ".xz",
    Packing.ZIP: ".zip",
}


def deflated(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(content) + stream.flush()


@dataclass
class Zip:
    """
    An archive of one file, whose every field can be made to lie.
    """

    content: bytes
    packed: bytes | None = None
    method: int = 8
    flags: int = 0
    name: bytes = b"a.csv"
    changed: dict[str, int | bytes] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        packed = deflated(self.content) if self.packed is None else self.packed
        crc = zlib.crc32(self.content)
        sizes = (crc, len(packed), len(self.content))
        local = (20, self.flags, self.method, 0, 0, *sizes)
        local_name = self.changed.get("local_name", self.name)
        header = struct.pack("<4s5H3L2H", b"PK\3\4", *local, len(local_name), 0)
        data = header + local_name + packed
        entry = self._entry(sizes)
        end = self._end(len(entry), len(data))
        return data + entry + end

    def _entry(self, sizes: tuple[int, int, int]) -> bytes:
        crc, packed_size, size = sizes
        extra = self.changed.get("extra", b"")
        fixed = struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            *(20, 20, self.flags, self.method, 0, 0),
            self.changed.get("crc", crc),
            self.changed.get("packed_size", packed_size),
            self.changed.get("size", size),
            *(len(self.name), len(extra), 0, self.changed.get("entry_disk", 0), 0),
            *(0, self.changed.get("at", 0)),
        )
        return fixed + self.name + extra

    def _end(self, size: int, at: int) -> bytes:
        here = self.changed.get("here", 1)
        fields = (self.changed.get("disk", 0), 0, here, self.changed.get("entries", 1))
        wide = b""
        if "wide" in self.changed:
            wide = struct.pack(
                "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, at
            )
            wide += struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
            fields = (0, 0, 0xFFFF, 0xFFFF)
            size, at = 0xFFFFFFFF, 0xFFFFFFFF
        size = self.changed.get("directory_size", size)
        at = self.changed.get("directory_at", at)
        return wide + struct.pack("<4s4H2LH", b"PK\5\6", *fields, size, at, 0)
