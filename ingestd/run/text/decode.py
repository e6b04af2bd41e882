"""
Text of any encoding as UTF-8.

Bytes that are no text of the encoding become one byte that is no UTF-8, so that the
record they are in is set aside, and no other.
"""

from __future__ import annotations

import codecs
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ingestd.errors import Reason
from ingestd.run.faults import Fault

PIECE = 1 << 20
_NO_TEXT = "\udcff"
_NO_UTF8 = b"\xff"
_CONTINUES = 0x80
"""The upper two bits of a byte that goes on with a character of UTF-8."""
_HANDLER = "ingestd.no_text"
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8", ("utf-8", "utf-8-sig")),
    # UTF-32 first: its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "UTF-32", ("utf-32", "utf-32-le")),
    (codecs.BOM_UTF32_BE, "UTF-32", ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF16_LE, "UTF-16", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "UTF-16", ("utf-16", "utf-16-be")),
)

Read = Callable[[int, int], bytes]  # (offset, most) -> bytes, empty at the end


def _no_text(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return _NO_TEXT, error.end
    if isinstance(error, UnicodeEncodeError):
        # A surrogate: the mark from above, or one that the encoding let through.
        return _NO_UTF8 * (error.end - error.start), error.end
    raise error


codecs.register_error(_HANDLER, _no_text)


def is_utf8(encoding: str) -> bool:
    """
    Tell whether text of *encoding* is read as it is.
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


@lru_cache(maxsize=64)
def is_single_byte(encoding: str) -> bool:
    """
    Tell whether each byte of *encoding* is a character by itself, and those of ASCII
    are the same: then a text of it may be cut anywhere.
    """
    try:
        same = all(bytes([b]).decode(encoding) == chr(b) for b in range(128))
        every = bytes(range(256)).decode(encoding, "replace")
        alone = "".join(bytes([b]).decode(encoding, "replace") for b in range(256))
    except UnicodeError:
        return False
    return same and every == alone and len(every) == len(range(256))


def check_mark(head: bytes, encoding: str) -> None:
    """
    Raise Fault where *head*, a file's first bytes, has the byte order mark of another
    encoding than *encoding*.
    """
    name = codecs.lookup(encoding).name
    for mark, said, fitting in _MARKS:
        if head.startswith(mark):
            if "utf-32" in fitting and not _is_utf32(head):
                continue
            if name not in fitting:
                raise Fault(
                    Reason.BAD_ENCODING,
                    f"begins with the byte order mark of {said}, expected {encoding}",
                )
            return


def _is_utf32(head: bytes) -> bool:
    """
    Tell whether *head* is text of UTF-32; UTF-16 that begins with a NUL has its mark.
    """
    try:
        head[: len(head) // 4 * 4].decode("utf-32")
    except UnicodeDecodeError:
        return False
    return True


def decoded(raw: bytes, encoding: str, *, final: bool) -> bytes:
    """
    Return *raw*, the beginning of a text, in UTF-8 without its byte order mark.
    """
    decoder = codecs.getincrementaldecoder(encoding)(_HANDLER)
    text = decoder.decode(raw, final=final).removeprefix("\ufeff")
    return text.encode("utf-8", _HANDLER)


@dataclass(frozen=True, slots=True)
class Cutout:
    """
    A stretch of a text of single bytes, from byte *at* on, decoded behind *head* bytes:
    the decoded beginning of the file.
    """

    head: int
    at: int

    def source_offset(self, offset: int, text: Read) -> int:
        """
        Return the byte of the source from which byte *offset* of the text came.
        """
        start, before = (self.head, self.at) if offset >= self.head else (0, 0)
        while start < offset and (piece := text(start, min(PIECE, offset - start))):
            # A byte that is no text became one that begins no character, and is one.
            array = np.frombuffer(piece, np.uint8)
            before += int(np.count_nonzero((array & 0xC0) != _CONTINUES))
            start += len(piece)
        return before


@dataclass(slots=True)
class Transcript:
    """
    A text that was decoded: where each piece of it came from.
    """

    encoding: str
    _from: list[int] = field(default_factory=lambda: [0])
    _to: list[int] = field(default_factory=lambda: [0])

    def pieces(self, read: Read) -> Iterator[bytes]:
        """
        Yield the text that *read* gives, in UTF-8 and without its byte order mark.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)(_HANDLER)
        at, done, first = 0, 0, True
        while True:
            raw = read(at, PIECE)
            text = decoder.decode(raw, final=not raw)
            at += len(raw)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            piece = text.encode("utf-8", _HANDLER)
            done += len(piece)
            # Bytes that the decoder keeps back belong to the next piece.
            self._from.append(at - len(decoder.getstate()[0]))
            self._to.append(done)
            if piece:
                yield piece
            if not raw:
                return

    def source_offset(self, offset: int, text: Read) -> int:
        """
        Return the byte of the source from which byte *offset* of the text came.

        *text* reads what the source became. Behind bytes that were no text it is exact
        only from the next mebibyte on.
        """
        index = bisect_right(self._to, offset) - 1
        before = text(self._to[index], offset - self._to[index])
        said = before.decode("utf-8", "replace")
        name = codecs.lookup(self.encoding).name
        # Without the mark that an encoder of the bare name would put in front.
        plain = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}
        size = len(said.encode(plain.get(name, name), "replace"))
        return self._from[index] + size + (self._mark if index == 0 else 0)

    @property
    def _mark(self) -> int:
        return {"utf-16": 2, "utf-32": 4}.get(codecs.lookup(self.encoding).name, 0)
