"""
Make any value safe to print: no name, message or cell may steer a terminal or a log.
"""

from __future__ import annotations

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 with ESC, DEL, C1
    "\u2028\u2029"  # line and paragraph separators: new lines to many readers
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi: text that shows as another
    "\ufeff\ufff9-\ufffb"
    "\ud800-\udfff]"  # surrogates, which no UTF-8 stream takes
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+@")
_SIGNATURE = re.compile(
    r"(?i)\b(x-amz-signature|x-amz-security-token|sig|signature|access_token|password"
    r"|secret|token)=[^&\s\"']+"
)


def escape(text: str) -> str:
    """
    Return *text* with every character that steers, hides or reorders written out.
    """
    return _UNSAFE.sub(_written_out, text)


def printable(value: bytes | str) -> str:
    """
    Return a path or message as safe text; bytes that are no UTF-8 in hexadecimal.
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return escape(value)


def plain(text: str) -> str:
    """
    Return *text* without terminal colours, which other programs like to write.
    """
    return _ANSI.sub("", text)


def conceal(text: str) -> str:
    """
    Return *text* without the passwords and signatures that addresses may carry.

    A second fence: secrets are not handed to events in the first place.
    """
    return _SIGNATURE.sub(r"\1=***", _PASSWORD.sub(r"\1:***@", text))


def _written_out(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004
