"""
One door for the libraries that unpack, and one shape for their decoders: that of the
standard library's ``bz2`` and ``lzma``, asked for a bounded piece at a time.
"""

from __future__ import annotations

import bz2
import lzma
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from zlib_ng import zlib_ng

from ingestd.run.unpack.kinds import Packing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOW_LOG = 27
WINDOW_BYTES = 1 << _WINDOW_LOG
"""How far back a stream may refer, which a decoder must keep in memory: zstd's own
limit, and twice what ``xz -9`` asks for."""

_XZ_BESIDE_BYTES = 1 << 20
_RAW = -15
_GZIP = 31

DAMAGE = (
    cast("type[Exception]", zlib_ng.error),  # its stub says Exception
    zstd.ZstdError,
    lzma.LZMAError,
    OSError,  # of bz2
    EOFError,
)
"""What decoders raise for bytes that are none of theirs."""


class Decoder(Protocol):
    """
    The state of one stream.
    """

    @property
    def eof(self) -> bool:
        """
        Whether the stream's end was reached.
        """

    @property
    def needs_input(self) -> bool:
        """
        Whether more is to come only with more input.
        """

    @property
    def unused_data(self) -> bytes:
        """
        What was given behind the stream's end.
        """

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """
        Return at most *max_length* bytes; what is left of *data* is kept.
        """


class _Inflater:
    """
    Deflate, in the shape of a Decoder.
    """

    def __init__(self, window_bits: int) -> None:
        self._stream = zlib_ng.decompressobj(window_bits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        piece = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        # A full piece may have more behind it, though all input is taken.
        full = len(piece) == max_length
        self.needs_input = not self._stream.unconsumed_tail and not full
        return piece


@dataclass(frozen=True, slots=True)
class Form:
    """
    How streams of one kind are decoded, and what stands between them: zeros in
    multiples of *padding* (0: none).
    """

    name: str
    new: Callable[[], Decoder]
    padding: int = 0
    kind: Packing | None = None


def _gzip() -> Decoder:
    return _Inflater(_GZIP)


def _deflate() -> Decoder:
    return _Inflater(_RAW)


def _zstd() -> Decoder:
    limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    return zstd.ZstdDecompressor(options=limit)


def _xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, WINDOW_BYTES + _XZ_BESIDE_BYTES)


FORMS = {
    Packing.GZIP: Form("gzip", _gzip, padding=1, kind=Packing.GZIP),
    Packing.ZSTD: Form("zstd", _zstd, kind=Packing.ZSTD),
    Packing.BZIP2: Form("bzip2", bz2.BZ2Decompressor, kind=Packing.BZIP2),
    Packing.XZ: Form("xz", _xz, padding=4, kind=Packing.XZ),
}
DEFLATE = Form("zip", _deflate)

crc32 = zlib_ng.crc32
