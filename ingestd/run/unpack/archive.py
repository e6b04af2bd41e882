"""
The directory of a zip archive, read with suspicion: everything that it says twice must
agree, and nothing that it says is used before it lies within the file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.unpack.streams import Extent

_END = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MARK = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MARK = b"PK\x06\x06"
_ENTRY = struct.Struct("<4s4x2H4x3L4H2x4xL")
_ENTRY_MARK = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s2x2H16x2H")
_LOCAL_MARK = b"PK\x03\x04"
_EXTRA = struct.Struct("<2H")
_LONGEST_COMMENT = 0xFFFF
_SEE_EXTRA = 0xFFFFFFFF
_EXTRA_64_BIT = 1
_ENCRYPTED = 1 | 1 << 6 | 1 << 13


def zip_fault(said: str) -> Fault:
    """
    Return the fault of a zip archive that is not as it should be.
    """
    return Fault(Reason.BAD_COMPRESSION, f"zip: {said}")


def damaged(said: str) -> Fault:
    """
    Return the fault of a zip archive that is not whole.
    """
    return zip_fault(f"cut off or damaged: {said}")


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One file of an archive, as the directory has it.
    """

    name: bytes
    encrypted: bool
    method: int
    crc: int
    packed_size: int
    size: int
    at: int


@dataclass(frozen=True, slots=True)
class _Directory:
    """
    Where the directory is, and how many entries it has.
    """

    entries: int
    at: int
    stop: int


class Archive:
    """
    The open zip archive *fd* of *size* bytes. Every method raises Fault.
    """

    def __init__(self, fd: int, size: int) -> None:
        self._fd = fd
        self._size = size
        self._directory = self._found()

    def entries(self) -> Iterator[Entry]:
        """
        Yield every entry, as it is read; the last only when the directory is whole.
        """
        at, stop = self._directory.at, self._directory.stop
        for _ in range(self._directory.entries):
            (
                _,
                flags,
                method,
                crc,
                packed_size,
                size,
                name,
                extra,
                comment,
                disk,
                by,
            ) = self._record(_ENTRY, at, _ENTRY_MARK)
            at += _ENTRY.size
            title = os.pread(self._fd, name, at)
            wide = _wide(os.pread(self._fd, extra, at + name))
            at += name + extra + comment
            if at > stop or disk:
                raise damaged("its directory")
            size, packed_size, begin = (
                _next(wide) if value == _SEE_EXTRA else value
                for value in (size, packed_size, by)
            )
            encrypted = bool(flags & _ENCRYPTED)
            yield Entry(title, encrypted, method, crc, packed_size, size, begin)
        if at != stop:
            raise damaged("its directory is longer than its entries")

    def content(self, entry: Entry) -> Extent:
        """
        Return where the packed content of *entry* is.
        """
        _, _, method, name, extra = self._record(_LOCAL, entry.at, _LOCAL_MARK)
        at = entry.at + _LOCAL.size
        title = os.pread(self._fd, name, at)
        if (title, method) != (entry.name, entry.method):
            raise damaged("its directory and the file's own header differ")
        at += name + extra
        if at + entry.packed_size > self._directory.at:
            raise damaged("the file reaches into the directory")
        return Extent(self._fd, at, at + entry.packed_size)

    def _found(self) -> _Directory:
        stop = self._end()
        _, disk, first, here, entries, size, at, _ = self._record(_END, stop, _END_MARK)
        if self._marked(stop - _LOCATOR.size, _LOCATOR_MARK):
            _, _, stop, _ = self._record(_LOCATOR, stop - _LOCATOR.size, _LOCATOR_MARK)
            _, _, _, _, disk, first, here, entries, size, at = self._record(
                _END64, stop, _END64_MARK
            )
        if disk or first or here != entries:
            raise zip_fault("one part of several, expected a whole archive")
        if at + size != stop:
            raise damaged("its directory is not where it should be")
        return _Directory(entries, at, stop)

    def _end(self) -> int:
        """
        Return where the record is that ends the archive: a comment may follow it.
        """
        begin = max(0, self._size - _END.size - _LONGEST_COMMENT)
        tail = os.pread(self._fd, self._size - begin, begin)
        at = tail.rfind(_END_MARK)
        while at >= 0:
            end = at + _END.size
            if end + int.from_bytes(tail[end - 2 : end], "little") == len(tail):
                return begin + at
            at = tail.rfind(_END_MARK, 0, at)
        raise damaged("it does not end like an archive")

    def _marked(self, at: int, mark: bytes) -> bool:
        return at >= 0 and os.pread(self._fd, len(mark), at) == mark

    def _record(self, form: struct.Struct, at: int, mark: bytes) -> tuple[Any, ...]:
        inside = 0 <= at <= self._size - form.size
        raw = os.pread(self._fd, form.size, at) if inside else b""
        if len(raw) != form.size or not raw.startswith(mark):
            raise damaged(f"no record {mark!r} at byte {at}")
        return form.unpack(raw)


def _wide(extra: bytes) -> Iterator[int]:
    """
    Yield the 64-bit numbers in *extra*, which stand for those that are too large.
    """
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, size = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == _EXTRA_64_BIT:
            block = extra[at : at + size]
            whole = len(block) // 8 * 8
            yield from (number for (number,) in struct.iter_unpack("<Q", block[:whole]))
        at += size


def _next(wide: Iterator[int]) -> int:
    number = next(wide, None)
    if number is None:
        raise damaged("a size is missing")
    return number
