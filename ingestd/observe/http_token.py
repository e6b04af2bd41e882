"""
The token that POSTs must carry, and whether a request does.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import stat
from pathlib import Path
from typing import Final

from ingestd.errors import ConfigError

_SHORTEST: Final = 16
_LONGEST: Final = 4_096
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_token(path: str) -> str:
    """
    Return the token in the file *path*, without blanks around it.

    Raises ConfigError when it cannot be read, is open to others, or is no token.
    """
    key = f"http.token_file = {path!r}"
    try:
        with Path(path).open("rb") as file:
            mode = Path(path).stat().st_mode
            text = file.read(_LONGEST + 1).decode("ascii").strip()
    except OSError as error:
        raise ConfigError([f"{key}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{key}: expected a token of ASCII characters"]) from error
    if mode & _OTHERS:
        expected = "expected a file for its owner alone: chmod 600"
        raise ConfigError([f"{key}: {expected}"])
    if not _SHORTEST <= len(text) <= _LONGEST or not text.isprintable():
        raise ConfigError([f"{key}: expected one line of at least {_SHORTEST} letters"])
    return text


def carries(header: str | None, token: str) -> bool:
    """
    Return whether the Authorization *header* brings *token*: as Bearer, or as the
    password of Basic. Takes as long for a wrong token as for the right one.
    """
    scheme, _, given = (header or "").strip().partition(" ")
    brought = given.strip().encode("utf-8", "replace")
    if scheme.lower() == "basic":
        try:
            brought = base64.b64decode(brought, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(brought, token.encode())
