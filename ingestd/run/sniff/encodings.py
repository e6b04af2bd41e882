"""
Which encodings the bytes of a sample may have: by marks, by zero bytes, by UTF-8's
form, and at last by a library's guess. The door of charset-normalizer.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from charset_normalizer import from_bytes

from ingestd.run.faults import Fault
from ingestd.run.text.decode import check_mark

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 first: its mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_WESTERN = ("cp1252", "latin-1")
_MULTI_BYTE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_FOREIGN = "cp037"
_OLD = ("mac_roman", "cp850")
_KNOWN = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp874", "koi8_r", "iso8859_2", "iso8859_15", "cp850", "mac_roman"),
    _FOREIGN,
    *_MULTI_BYTE,
]
_SURE = 0.2
"""A guess below this coherence with some language says little."""

_MARGIN = 0.1
"""By so much an encoding that few write today must be more likely."""

_LOOKED_AT = 64 << 10
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1e]")
_WRONG = re.compile(r"[\x80-\x9f]")
_LETTER = re.compile(r"[\xc0-\xff]")
_ALONE = re.compile(r"(?<![^\x00-\x7f])[\xc0-\xff](?![^\x00-\x7f])")


@dataclass(frozen=True, slots=True)
class Encoding:
    """
    An encoding that a file may have; *guessed* where another one fits as well.
    """

    name: str
    guessed: bool = False


def encodings(heads: Iterable[tuple[bytes, bool]], configured: str) -> list[Encoding]:
    """
    Return what the files that begin with *heads*, each with whether that is all, may
    be written in: what each suggests, then *configured*, which fits many by accident.
    """
    found: dict[str, Encoding] = {}
    for head, whole in heads:
        encoding = _encoding(head, configured, whole=whole)
        found.setdefault(encoding.name, encoding)
    found.pop(configured, None)
    return [*found.values(), Encoding(configured)]


def _encoding(head: bytes, configured: str, *, whole: bool) -> Encoding:
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if marked:
        return Encoding(configured if _takes(head, configured) else marked)
    plain = _decoded(head, "utf-8", whole=whole)
    if b"\0" in head:
        return _with_zeros(head, configured, whole=whole)
    own = _decoded(head, configured, whole=whole)
    if plain is not None:
        # Text of another encoding is UTF-8 by accident only if it is all ASCII.
        seven_bit = plain.isascii() and (b"\x1b" in head or b"~{" in head)
        same = own == plain or (seven_bit and own is not None)
        return Encoding(configured if same else "utf-8")
    if own is not None and _is_text(own):
        return Encoding(configured)
    return Encoding(_guess(head, whole=whole), guessed=True)


def _takes(head: bytes, configured: str) -> bool:
    try:
        check_mark(head, configured)
    except Fault:
        return False
    return True


def _with_zeros(head: bytes, configured: str, *, whole: bool) -> Encoding:
    """
    Return the wide encoding under which *head* has no zero characters, but most of
    those that every table has: digits, blanks, line ends.
    """
    best, most = configured, 0
    for name in (configured, *_WIDE):
        text = _decoded(head, name, whole=whole)
        if text is not None and "\0" not in text and _is_text(text):
            ascii_share = sum(map(str.isascii, text)) * _width(name)
            if ascii_share > most:
                best, most = name, ascii_share
    return Encoding(best)


def _width(name: str) -> int:
    return 4 if "32" in name else 2 if "16" in name else 1


def _is_text(text: str) -> bool:
    """
    Tell whether *text* has the line ends that a table has, and few control characters;
    none of those that only another encoding's letters become.
    """
    odd = len(_CONTROL.findall(text))
    lines = any(end in text for end in "\r\n")
    wrong = odd * 100 > len(text) or _WRONG.search(text) is not None
    return not wrong and (lines or len(text) < _LOOKED_AT)


def _decoded(head: bytes, name: str, *, whole: bool) -> str | None:
    """
    Return *head* in the encoding *name*, None where it is none of it.
    """
    try:
        return codecs.getincrementaldecoder(name)().decode(head, final=whole)
    except UnicodeError:
        return None


def _guess(head: bytes, *, whole: bool) -> str:
    part = _part(head)
    matches = from_bytes(
        part, cp_isolation=_KNOWN, enable_fallback=False, preemptive_behaviour=False
    )
    able = {m.encoding: m for m in matches if _decoded(head, m.encoding, whole=whole)}
    western = next(n for n in _WESTERN if _decoded(head, n, whole=whole) is not None)
    if not able:
        return western
    best = next(iter(able.values()))
    said = _decoded(head, western, whole=whole) or ""
    if best.encoding in _WESTERN or _decoded(head, best.encoding, whole=whole) == said:
        return western
    rival = able[western].coherence if western in able else 0.0
    margin = _MARGIN if best.encoding in _OLD else 0.0
    sure = best.coherence >= max(_SURE, rival + margin)
    if sure or best.encoding == _FOREIGN or _in_another_script(said):
        return best.encoding
    if best.encoding in _MULTI_BYTE and not _is_western(said):
        return best.encoding
    return western


def _in_another_script(text: str) -> bool:
    """
    Tell whether most letters of *text* that are not ASCII follow each other.
    """
    return len(_ALONE.findall(text)) * 2 < len(_LETTER.findall(text))


def _is_western(text: str) -> bool:
    """
    Tell whether most letters of *text* that are not ASCII stand alone among others.
    """
    odd = len(text) - len(text.encode("ascii", "ignore"))
    return 2 * len(_ALONE.findall(text)) > odd


def _part(head: bytes) -> bytes:
    """
    Return what of *head* says something about its encoding, up to a limit.
    """
    first = head[:_LOOKED_AT]
    if not first.isascii():
        return first
    lines = [line for line in head.splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:_LOOKED_AT]
