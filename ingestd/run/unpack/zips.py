"""
A zip archive with one file in it.

Folders do not count, nor does what macOS lays beside a file that it packs
(``__MACOSX/…``, ``._…``, ``.DS_Store``).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ingestd.run.unpack.archive import Archive, Entry, damaged, zip_fault
from ingestd.run.unpack.decoders import DEFLATE, FORMS, Form, crc32
from ingestd.run.unpack.kinds import Packing
from ingestd.run.unpack.streams import stored, unpacked

_STORED = 0
_FORMS: dict[int, Form] = {
    8: DEFLATE,
    12: FORMS[Packing.BZIP2],
    93: FORMS[Packing.ZSTD],
    95: FORMS[Packing.XZ],
}
_NOT_READ = {1: "Shrink", 6: "Implode", 9: "Deflate64", 14: "LZMA", 98: "PPMd"}
_OFFICE = (b"[Content_Types].xml", b"mimetype")
_SHOWN = 3
_SHOWN_LETTERS = 80


def unzipped(fd: int, size: int) -> Iterator[bytes]:
    """
    Yield the content of the only file in the archive *fd* of *size* bytes.

    Raises Fault; a checksum that does not match shows after the last piece.
    """
    archive = Archive(fd, size)
    entry = _only(archive)
    source = archive.content(entry)
    if entry.method == _STORED:
        pieces = stored(source)
    else:
        pieces = unpacked(source, _FORMS[entry.method])
    crc, total = 0, 0
    for piece in pieces:
        crc, total = crc32(piece, crc), total + len(piece)
        yield piece
    if (crc, total) != (entry.crc, entry.size):
        raise damaged("the content does not match its checksum")


def _only(archive: Archive) -> Entry:
    files = list(islice(filter(_counts, archive.entries()), _SHOWN + 1))
    if len(files) != 1:
        names = [_shown(entry.name) for entry in files]
        names[_SHOWN:] = ["…"] * (len(files) > _SHOWN)
        office = any(entry.name in _OFFICE for entry in files)
        hint = "; save an Office document as CSV" if office else ""
        said = ", ".join(names) or "no file"
        raise zip_fault(f"holds {said}, expected one CSV file{hint}")
    (entry,) = files
    if entry.encrypted:
        raise zip_fault("encrypted, expected a file that needs no password")
    if entry.method != _STORED and entry.method not in _FORMS:
        method = _NOT_READ.get(entry.method, f"method {entry.method}")
        raise zip_fault(f"packed with {method}, expected Deflate: pack it again")
    return entry


def _counts(entry: Entry) -> bool:
    """
    Tell whether *entry* is a file that somebody packed.
    """
    *folders, last = entry.name.split(b"/")
    beside = folders[:1] == [b"__MACOSX"] or last.startswith(b"._")
    return bool(last) and not beside and last != b".DS_Store"


def _shown(name: bytes) -> str:
    return repr(name.decode("utf-8", "backslashreplace")[:_SHOWN_LETTERS])
