"""
The file behind one member: opened safely, and its text in UTF-8.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingestd.model import Member
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault, changed
from ingestd.run.header import HEAD_BYTES, look
from ingestd.run.opened import check_same, read_from
from ingestd.run.text.blocks import blocks, line_start
from ingestd.run.text.decode import (
    Cutout,
    Transcript,
    check_mark,
    decoded,
    is_single_byte,
    is_utf8,
)
from ingestd.run.text.sieve import HARD
from ingestd.run.unpack import (
    KIND_BYTES,
    Packing,
    packing,
    spool,
    unpack,
    write_all,
)

SMALL_BYTES = 1 << 20
"""Files up to here are read into memory and parsed together with their neighbours."""


@dataclass(slots=True)
class Text:
    """
    The text of a member in UTF-8, up to *stop*: *data* in memory, or the open file
    *fd*. *transcript* tells where decoded text came from.

    Of a decoded slice *first* is where its first record begins, and *until* the records
    end that begin in it.
    """

    stop: int
    data: bytes | None = None
    fd: int = -1
    transcript: Transcript | Cutout | None = None
    first: int | None = None
    until: int = 0

    @property
    def source(self) -> int | bytes:
        """
        What there is to read.
        """
        return self.fd if self.data is None else self.data

    def read(self, at: int, most: int) -> bytes:
        """
        Return up to *most* bytes from offset *at* on.
        """
        if self.data is not None:
            return self.data[at : at + most]
        return os.pread(self.fd, most, at)

    def close(self) -> None:
        """
        Close what is open; harmless twice.
        """
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def offset(self, at: int) -> int:
        """
        Return the offset in the file's own encoding of the text's byte *at*.
        """
        if self.transcript is None:
            return at
        return self.transcript.source_offset(at, self.read)


def one_piece(plan: Plan, fd: int) -> bool:
    """
    Tell whether *fd* can only be read from its beginning: packed, in an encoding of
    several bytes that is to be decoded, or JSON lines that are judged as a whole.
    """
    pipeline, encoding = plan.pipeline, plan.pipeline.csv.encoding
    if packing(os.pread(fd, KIND_BYTES, 0)) is not None:
        return True
    if pipeline.source.format == "jsonl":
        # That no record has a column is known at the end of the file alone.
        fails = pipeline.drift.missing_column == "fail"
        return fails or not is_utf8(encoding)
    return not (is_utf8(encoding) or is_single_byte(encoding))


def slice_text(plan: Plan, member: Member, fd: int, begin: int | None) -> Text:
    """
    Return the text of *fd* that a slice needs, decoded from single bytes: the file's
    beginning, and behind it the slice, as far as its last record may reach. *begin* as
    for ``open_content``. Raises Fault.
    """
    options = plan.pipeline.csv
    size = os.fstat(fd).st_size
    raw = os.pread(fd, HEAD_BYTES, 0)
    check_mark(raw, options.encoding)
    head = decoded(raw, options.encoding, final=True)
    header = look(head, len(head), options)
    first = len(head[: header.end].decode("utf-8", "replace"))
    if begin is None:
        inside = member.start > first
        begin = line_start(fd, member.start, size) if inside else first
    until = max(begin, member.end)
    stop = min(size, until + 2 * HARD * options.max_line_bytes)
    text = Text(0, transcript=Cutout(len(head), begin), first=len(head))

    def pieces() -> Iterator[bytes]:
        yield head
        text.until = len(head)
        for piece in _decoded_bytes(options.encoding, fd, begin, until):
            text.until += len(piece)
            yield piece
        yield from _decoded_bytes(options.encoding, fd, until, stop)

    text.fd = spooled(plan, pieces(), 2 * (stop - begin))
    text.stop = os.fstat(text.fd).st_size
    return text


def _decoded_bytes(encoding: str, fd: int, start: int, stop: int) -> Iterator[bytes]:
    for piece in blocks(fd, start, stop, 1 << 20):
        yield decoded(bytes(piece), encoding, final=True)


def text_of(plan: Plan, member: Member, fd: int) -> Text | None:
    """
    Return the text of *fd*, unpacked and decoded; None when there is none.
    """
    options = plan.pipeline.csv
    source, ours = fd, False
    if packed := packing(os.pread(fd, KIND_BYTES, 0)):
        source, ours = _unpacked(plan, member, fd, packed), True
    try:
        if ours:
            check_same(fd, member)
        size = os.fstat(source).st_size
        head = os.pread(source, HEAD_BYTES, 0)
        if not head:
            check_same(fd, member)
            return None
        check_mark(head, options.encoding)
        if not is_utf8(options.encoding):
            return _decoded(plan, source, size)
        if size <= SMALL_BYTES and member.whole:
            data = head if size <= len(head) else read_from(source, size)
            if len(data) != size:
                raise changed("shorter than when it was admitted")
            return Text(size, data)
        # A descriptor of its own: the caller's ends with its block.
        return Text(size, fd=os.dup(source))
    finally:
        if ours:
            os.close(source)


def _unpacked(plan: Plan, member: Member, fd: int, kind: Packing) -> int:
    ratio = plan.pipeline.csv.max_unpack_ratio
    try:
        return unpack(fd, kind, member.size, ratio, plan.staging)
    except Fault:
        # A file that is written anew meanwhile is another version, not a damaged one.
        check_same(fd, member)
        raise


def _decoded(plan: Plan, source: int, size: int) -> Text:
    transcript = Transcript(plan.pipeline.csv.encoding)
    pieces = transcript.pieces(lambda at, most: os.pread(source, most, at))
    if size <= SMALL_BYTES:
        data = b"".join(pieces)
        return Text(len(data), data, transcript=transcript)
    fd = spooled(plan, pieces, 2 * size)
    return Text(os.fstat(fd).st_size, fd=fd, transcript=transcript)


def spooled(plan: Plan, pieces: Iterable[bytes | bytearray], size: int) -> int:
    """
    Return the descriptor of an unnamed file that holds *pieces*, about *size* bytes.
    """
    return _filled(spool(plan.staging, size), pieces)


def copied(pieces: Iterable[bytes | bytearray]) -> int:
    """
    Return the descriptor of a file in memory that holds *pieces*.
    """
    return _filled(os.memfd_create("ingestd", os.MFD_CLOEXEC), pieces)


def _filled(target: int, pieces: Iterable[bytes | bytearray]) -> int:
    try:
        for piece in pieces:
            write_all(target, memoryview(piece))
    except BaseException:
        os.close(target)
        raise
    return target
