"""
The base of all sections: frozen, strict about keys, silent about secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

HIDDEN = "***"
_SECRET = re.compile(r"secret|password|passwd|token|credential|storage", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=://)[^/@\s]+@")


def redact(key: str, value: object) -> object:
    """
    Return *value* as it may be shown: hidden where *key* names a secret.

    Everything below ``storage`` is hidden too, and the user information of a URL.
    """
    if value is not None and value != {} and _SECRET.search(key):
        return HIDDEN
    if isinstance(value, str):
        return _USER_INFO.sub(f"{HIDDEN}@", value)
    if isinstance(value, dict):
        return {k: redact(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(redact("", v) for v in value)
    return value


class Section(BaseModel):
    """
    A table of the configuration. Keys are those of the file; unknown ones are errors.

    Picklable, so that it travels to workers; its repr shows no secret.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_default=True,
        validate_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
        # Building the validators costs much: only who validates pays.
        defer_build=True,
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """
        Yield the fields for ``repr`` and ``str``, secrets hidden.
        """
        for key, value in super().__repr_args__():
            yield key, redact(key or "", value)
