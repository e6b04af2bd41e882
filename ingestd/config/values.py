"""
The kinds of value that keys take: sizes, seconds, locations, column types.

A location is resolved against the folder of the configuration file, which travels as
pydantic's validation context; without one, against the current folder.
"""

from __future__ import annotations

import math
import os
import re
import unicodedata
from typing import Annotated, Any, Final
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from ingestd.config.spelling import nearest

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

_BINARY = {f"{letter}iB": 1024 ** (i + 1) for i, letter in enumerate("KMGTP")}
_DECIMAL = {f"{letter}B": 1000 ** (i + 1) for i, letter in enumerate("KMGTP")}
_FACTORS: Final[dict[str, int]] = {"": 1, "B": 1, "kB": 1000, **_DECIMAL, **_BINARY}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_EXPECTED_SIZE = 'expected a size such as "512MiB", "10MB" or a whole number of bytes'

LOCAL_SCHEME: Final = "file"
SCHEMES: Final = (LOCAL_SCHEME, "s3", "gs", "az", "sftp")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

INTEGERS: Final = tuple(
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
)
FLOATS: Final = ("float32", "float64")
TIMESTAMPS: Final = ("timestamp", "timestamp(ns)", "timestamp(tz)")
COLUMN_TYPES: Final = ("string", "bool", *INTEGERS, *FLOATS, "date", *TIMESTAMPS)
_DECIMAL_TYPE = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_MAX_PRECISION = 38
_MAX_PORT = 65535


def parse_size(value: object) -> int:
    """
    Return the bytes that *value* means: a whole number, or text with a unit.

    KiB, MiB, GiB, TiB, PiB count in 1024; kB, MB, GB, TB, PB in 1000. Raises
    ValueError.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in _FACTORS:
        raise ValueError(_EXPECTED_SIZE)
    number, factor = match[1], _FACTORS[match[2]]
    return int(number) * factor if number.isdigit() else round(float(number) * factor)


def format_size(size: int) -> str:
    """
    Return *size* as text that ``parse_size`` reads back, with the largest exact unit.
    """
    for unit, factor in reversed(_BINARY.items()):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def scheme_of(location: str) -> str:
    """
    Return the scheme of *location*: ``file`` for a path.
    """
    match = _SCHEME.match(location)
    return match[1].lower() if match else LOCAL_SCHEME


def resolve(location: str, folder: str) -> str:
    """
    Return a local *location* as an absolute path, any other unchanged.

    A ``file://`` URL is unquoted; a path is taken as it stands, relative to *folder*.
    Raises ValueError for an unknown scheme, a remote host, and an empty one.
    """
    if not location or "\0" in location:
        raise ValueError("expected a folder or a URL")
    scheme = scheme_of(location)
    if scheme not in SCHEMES:
        raise ValueError(f"expected a folder or one of {' '.join(SCHEMES)}://")
    if scheme != LOCAL_SCHEME:
        user, at, _ = location.partition("://")[2].partition("/")[0].rpartition("@")
        if at and (scheme != "sftp" or ":" in user):
            raise ValueError("expected a bucket; keys come from the environment")
        return location
    if _SCHEME.match(location):
        path = location[len("file://") :].removeprefix("localhost")
        if not path.startswith("/"):
            raise ValueError("expected file:/// and an absolute path")
        location = unquote(path)
    return os.path.normpath(os.path.join(folder, os.path.expanduser(location)))  # noqa: PTH111, PTH118 - normalises text, touches no disk


def _resolve(value: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder") or os.getcwd()  # noqa: PTH109 - text
    return resolve(value, folder)


def _resolve_local(value: str, info: ValidationInfo) -> str:
    if scheme_of(value) != LOCAL_SCHEME:
        raise ValueError("expected a path on this machine")
    return _resolve(value, info)


def _column_type(value: str) -> str:
    if value in COLUMN_TYPES:
        return value
    match = _DECIMAL_TYPE.fullmatch(value)
    if (
        match
        and 1 <= int(match[1]) <= _MAX_PRECISION
        and int(match[2]) <= int(match[1])
    ):
        return f"decimal({int(match[1])},{int(match[2])})"
    if value.startswith("decimal"):
        raise ValueError(
            f"expected decimal(p,s), p at most {_MAX_PRECISION}, s at most p"
        )
    close = nearest(value, COLUMN_TYPES)
    hint = f"did you mean {close}? " if close else ""
    raise ValueError(f"{hint}expected one of: decimal(p,s) {' '.join(COLUMN_TYPES)}")


def is_numeric(column_type: str) -> bool:
    """
    Tell whether sums and means of *column_type* exist: integers, floats, decimals.
    """
    return column_type in (*INTEGERS, *FLOATS) or column_type.startswith("decimal(")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("expected a finite number of seconds")
    return value


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    valid_port = port.isascii() and port.isdigit() and int(port) <= _MAX_PORT
    bracketed = host.startswith("[") and host.endswith("]")
    if value and not (host and valid_port and (bracketed or ":" not in host)):
        raise ValueError('expected host:port such as "127.0.0.1:8750", or ""')
    return value


def _ascii_byte(value: str) -> str:
    if len(value) > 1 or not value.isascii() or value in ("\n", "\r", "\0"):
        raise ValueError('expected one ASCII character, or ""')
    return value


def _mark(value: str) -> str:
    kind = unicodedata.category(value) if len(value) == 1 else ""
    usable = kind == "Zs" or kind[:1] in ("P", "S")
    if value and (value in ("+", "-") or not usable):
        raise ValueError("expected one character that is no letter, digit or sign")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"expected each once; twice: {', '.join(twice)}")
    return values


def _function_name(value: str) -> str:
    """
    Accept ``package.module:function``; raise ValueError for what is none.
    """
    module, colon, function = value.partition(":")
    if not colon or not all(map(str.isidentifier, (*module.split("."), function))):
        raise ValueError('expected "package.module:function"')
    return value


# Named, so that the reference can tell these kinds from plain numbers and text.
IS_SIZE: Final = BeforeValidator(parse_size)
IS_LOCATION: Final = AfterValidator(_resolve)
IS_LOCAL_PATH: Final = AfterValidator(_resolve_local)

Size = Annotated[int, IS_SIZE, Field(ge=1)]
SizeOrZero = Annotated[int, IS_SIZE, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0), AfterValidator(_finite)]
SecondsOrZero = Annotated[float, Field(ge=0), AfterValidator(_finite)]
Count = Annotated[int, Field(ge=1)]
CountOrZero = Annotated[int, Field(ge=0)]
Location = Annotated[str, IS_LOCATION]
LocalPath = Annotated[str, IS_LOCAL_PATH]
Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(_distinct)]
Strings = Annotated[tuple[str, ...], Field(strict=False)]
ColumnType = Annotated[str, AfterValidator(_column_type)]
Listen = Annotated[str, AfterValidator(_listen)]
AsciiByte = Annotated[str, AfterValidator(_ascii_byte)]
Mark = Annotated[str, AfterValidator(_mark)]
FunctionName = Annotated[str, AfterValidator(_function_name)]
Storage = dict[str, Any]
