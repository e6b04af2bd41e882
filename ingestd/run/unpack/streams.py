"""
Packed streams, one behind the other, in pieces that are bounded whatever they claim.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.unpack.decoders import DAMAGE, WINDOW_BYTES, Decoder, Form
from ingestd.run.unpack.kinds import is_packed_as

READ_BYTES = 64 << 10
PIECE_BYTES = 256 << 10
_MARK_BYTES = 16


@dataclass(slots=True)
class Extent:
    """
    The bytes of the open file *fd* from *at*, which moves on, up to *stop*.
    """

    fd: int
    at: int
    stop: int

    def read(self) -> bytes:
        """
        Return the next bytes, empty at the end.
        """
        data = os.pread(self.fd, min(READ_BYTES, self.stop - self.at), self.at)
        self.at += len(data)
        return data


def stored(source: Extent) -> Iterator[bytes]:
    """
    Yield *source* as it is.
    """
    while piece := source.read():
        yield piece


def unpacked(source: Extent, form: Form) -> Iterator[bytes]:
    """
    Yield the content of every stream in *source*, which must hold nothing else.

    Raises Fault.
    """
    rest = b""
    while True:
        rest = yield from _stream(source, form, form.new(), rest)
        rest = _behind(source, form, rest)
        if not rest:
            return


def _stream(
    source: Extent, form: Form, decoder: Decoder, given: bytes
) -> Generator[bytes, None, bytes]:
    """
    Yield the content of one stream; return what was read behind it.
    """
    while not decoder.eof:
        if decoder.needs_input:
            given = given or source.read()
            if not given:
                raise _fault(form, f"cut off before its end, at byte {source.at}")
        piece = _decoded(source, form, decoder, given)
        given = b""
        if piece:
            yield piece
    return decoder.unused_data


def _decoded(source: Extent, form: Form, decoder: Decoder, given: bytes) -> bytes:
    try:
        return decoder.decompress(given, PIECE_BYTES)
    except DAMAGE as error:
        said = f"damaged before byte {source.at}: {error}"
        if "memory" in str(error).lower():  # so say zstd and xz alike
            said = f"asks for a window of more than {WINDOW_BYTES >> 20} MiB: {error}"
        raise _fault(form, said) from error


def _behind(source: Extent, form: Form, rest: bytes) -> bytes:
    """
    Return the beginning of the stream behind one that ended, empty at the end.
    """
    zeros = 0
    rest = rest or source.read()
    while rest and form.padding:
        kept = rest.lstrip(b"\0")
        zeros += len(rest) - len(kept)
        rest = kept
        if rest:
            break
        rest = source.read()
    while len(rest) < _MARK_BYTES and (more := source.read()):
        rest += more
    odd = form.padding and zeros % form.padding
    if odd or (rest and not (form.kind and is_packed_as(form.kind, rest))):
        raise _fault(form, f"something else follows its end, before byte {source.at}")
    return rest


def _fault(form: Form, said: str) -> Fault:
    return Fault(Reason.BAD_COMPRESSION, f"{form.name}: {said}")
