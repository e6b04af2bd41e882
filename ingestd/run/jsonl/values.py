"""
Single lines of JSON, and their values as fields of plain CSV.

A value keeps its text: a number is never a float on its way, and an object or an array
stays as it was written. This is the one door of msgspec, which is strict and hands out
the text of values without making them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import DecodeError, Raw

from ingestd.config.dialect import NULL_MARK
from ingestd.errors import Reason

NULL = NULL_MARK.encode()
BLANKS = b" \t\r"
"""What may stand around values in a line."""

KEY_END = b'":'
"""What ends a key; elsewhere it occurs where a string begins with a colon, and behind
escapes."""

__all__ = [
    "BLANKS",
    "KEY_END",
    "NULL",
    "Alike",
    "DecodeError",
    "Object",
    "Raw",
    "Unfit",
    "alike",
    "as_object",
    "field_of",
    "is_hard",
    "is_object",
    "is_string",
    "keys_apart",
    "object_of",
    "text_of",
]

_SHOWN = 40
_QUOTE, _NULL, _BRACKETS = ord('"'), ord("n"), b"{["
_DECODED = msgspec.json.Decoder(str).decode
_OBJECT = msgspec.json.Decoder(dict[str, Raw]).decode
_APART = re.compile(rb'"[ \t\r]+:')
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
_PLAIN_KEY = re.compile(r'[^"\\\x00-\x1f]+')

Object = Mapping[str, Raw]
"""The text of each value by its decoded key, of a key that stands twice the last."""


class Unfit(Exception):
    """
    A line that is no record: its reason and a sentence.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def object_of(line: bytes, *, apart: bool = True) -> Object:
    """
    Return the object that *line* is, text in UTF-8. Raises Unfit for anything else, and
    where a key stands twice. Not *apart*: ``keys_apart`` is false.
    """
    try:
        found: Object = _OBJECT(line)
        if line.count(KEY_END) != len(found) or (apart and keys_apart(line)):
            _check_keys(line, found, apart=apart)
    except (DecodeError, RecursionError) as error:
        if _HALVES.search(line) and _is_json(line):
            detail = "an escape is half of a character"
            raise Unfit(Reason.BAD_ENCODING, detail) from error
        raise Unfit(Reason.BAD_JSON, _no_object(line, error)) from error
    return found


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def keys_apart(text: bytes) -> bool:
    """
    Tell whether a blank may stand between a key of *text* and its colon.
    """
    return _APART.search(text) is not None


def _check_keys(line: bytes, found: Object, *, apart: bool) -> None:
    """
    Raise Unfit where a key of *line* stands twice.
    """
    within = b"".join([b"%b\n" % raw for raw in found.values()]).count(KEY_END)
    told = not apart or not keys_apart(line)
    if told and line.count(KEY_END) == len(found) + within:
        return
    pairs: list[tuple[str, object]] = []

    def last(given: list[tuple[str, object]]) -> None:
        # The outermost object is the last that is complete.
        pairs[:] = given

    json.loads(line, object_pairs_hook=last, parse_int=str, parse_float=str)
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            detail = f"the key {key[:_SHOWN]!r} stands twice"
            raise Unfit(Reason.DUPLICATE_COLUMN, detail)
        seen.add(key)


def _no_object(line: bytes, error: Exception) -> str:
    bare = line.lstrip(BLANKS)
    if not bare.startswith(b"{"):
        start = bare[:_SHOWN].decode("utf-8", "replace")
        return f"no JSON object: it begins with {start!r}"
    if isinstance(error, RecursionError):
        return "no JSON object that can be read: nested too deep"
    return f"no JSON object: {str(error).removeprefix('JSON is malformed: ')}"


def field_of(raw: Raw) -> bytes:
    """
    Return the JSON text *raw* of a value as a field of plain CSV. Raises Unfit.
    """
    text = bytes(raw)
    first = text[0]
    if first == _QUOTE:
        # Without an escape a JSON string is a quoted field as it stands.
        return _quoted(_text(text)) if b"\\" in text else text
    if first in _BRACKETS:
        return _quoted(text)
    return NULL if first == _NULL else text


def is_hard(text: bytes, lines: int = 1) -> bool:
    """
    Tell whether a value in *text*, so many *lines*, may be no field of CSV as it
    stands.
    """
    marked = b"\\" in text or b"null" in text or b"[" in text
    return marked or text.count(b"{") != lines


def text_of(raw: Raw) -> str | None:
    """
    Return the JSON text *raw* of a value as the text of a field, None for null.
    """
    text = bytes(raw)
    if text[:1] == b'"':
        return _text(text).decode()
    return None if text == b"null" else text.decode()


def is_string(raw: Raw) -> bool:
    """
    Tell whether the JSON text *raw* of a value is a string.
    """
    return bytes(raw)[:1] == b'"'


def is_object(raw: Raw) -> bool:
    """
    Tell whether the JSON text *raw* of a value is an object.
    """
    return bytes(raw)[:1] == b"{"


def as_object(pairs: Sequence[tuple[str, Raw]]) -> bytes:
    """
    Return *pairs* of keys and JSON text as a quoted field that holds one object; null
    where there are none.
    """
    if not pairs:
        return NULL
    inner = b",".join(
        b"%b:%b" % (msgspec.json.encode(key), bytes(raw)) for key, raw in pairs
    )
    return _quoted(b"{%b}" % inner)


def _text(raw: bytes) -> bytes:
    text: str = _DECODED(raw)
    if "\0" in text:
        raise Unfit(Reason.NUL_BYTE, "a NUL character in a string")
    return text.encode()


def _quoted(text: bytes) -> bytes:
    return b'"%b"' % text.replace(b'"', b'""')


Alike = Callable[[bytes, Sequence[bytes]], list[tuple[Raw, ...]]]


def alike(columns: Sequence[str]) -> Alike | None:
    """
    Return what reads a text and its lines, which have exactly *columns* as keys, into
    the text of their values; raises DecodeError for others. None where a name cannot be
    looked for so.

    A key that stands twice is taken once: whoever calls counts the keys.
    """
    if not columns or not all(_PLAIN_KEY.fullmatch(name) for name in columns):
        return None
    fields = [(f"f{place}", Raw) for place in range(len(columns))]
    kind = msgspec.defstruct(
        "Line",
        fields,
        rename={f"f{place}": name for place, name in enumerate(columns)},
        forbid_unknown_fields=True,
        gc=False,
    )
    decoder, values = msgspec.json.Decoder(kind), msgspec.structs.astuple

    def read(text: bytes, lines: Sequence[bytes]) -> list[tuple[Raw, ...]]:
        if _one_on_each(text, len(lines)):
            found = decoder.decode_lines(text)
            if len(found) == len(lines):
                return list(map(values, found))
        return list(map(values, map(decoder.decode, lines)))

    return read


def _one_on_each(text: bytes, lines: int) -> bool:
    """
    Tell whether *text*, so many *lines*, has one object on each if it is as many.

    Between two braces that face away from each other no object goes on over a line end.
    """
    faced = text.count(b"}\n{") == lines - 1 and text.startswith(b"{")
    return faced and text.endswith((b"}\n", b"}"))
