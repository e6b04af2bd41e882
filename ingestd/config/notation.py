"""
Values as TOML writes them, and the kind of value that a key takes, for people.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from ingestd.config.keys import Key, plain_types
from ingestd.config.not_built import NOT_BUILT
from ingestd.config.values import IS_LOCAL_PATH, IS_LOCATION, IS_SIZE, format_size

_MARKED: Final = (
    (IS_SIZE, "size"),
    (IS_LOCATION, "path or URL"),
    (IS_LOCAL_PATH, "path"),
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN: Final[dict[object, str]] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
}


def toml(value: object) -> str:
    """
    Return *value* in TOML's notation, on one line.
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(toml(item) for item in value)}]"
        case dict():
            inner = ", ".join(f"{key} = {toml(item)}" for key, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return f"{value:g}" if isinstance(value, float) else str(value)


def toml_key(name: str) -> str:
    """
    Return *name* as TOML writes a key.
    """
    return name if _BARE.fullmatch(name) else _text(name)


def header_of(path: tuple[str, ...]) -> str:
    """
    Return the header of the table at *path*.
    """
    return "[[pipelines]]" if path == ("pipelines",) else f"[{'.'.join(path)}]"


def default_of(key: Key) -> Any:  # noqa: ANN401 - whatever the field holds
    """
    Return the default of *key* as the file would say it; None where it is unset.
    """
    field = key.field
    if field.default_factory is dict:
        return {}
    if field.is_required() or field.examples or field.default is PydanticUndefined:
        return None
    return format_size(field.default) if IS_SIZE in _marks(key) else field.default


def choices_of(key: Key) -> tuple[str, ...]:
    """
    Return the values that *key* takes, where they are a closed list.
    """
    alternatives = plain_types(key.field.annotation)
    literals = (get_args(a) for a in alternatives if get_origin(a) is Literal)
    return tuple(choice for group in literals for choice in group)


def kind_of(key: Key) -> str:
    """
    Return what *key* takes, in a few words.
    """
    marks = list(_marks(key))
    for mark, kind in _MARKED:
        if mark in marks:
            return kind
    if key.path[-1] == "metrics":
        return "table"
    choices = " | ".join(f"`{choice}`" for choice in choices_of(key))
    return choices or _kind(plain_types(key.field.annotation)[0])


def note_of(key: Key) -> str:
    """
    Return what of *key* is built, "" where all is.
    """
    path = ".".join(key.path)
    row = next((row for row in NOT_BUILT if row.key == path), None)
    if row is None:
        return ""
    if row.expected:
        return f"built: {row.expected}"
    if callable(row.built) or not row.built:
        return "not built yet"
    return f"built: {', '.join(toml(value) for value in row.built)}"


def _text(value: str) -> str:
    literal = ('"' in value or "\\" in value) and "'" not in value
    if literal and value.isprintable():
        return f"'{value}'"
    quoted = json.dumps(value, ensure_ascii=False)
    # What JSON leaves as it is may steer a terminal, and TOML forbids some of it.
    return "".join(c if c.isprintable() else _code(c) for c in quoted)


def _code(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def _marks(key: Key) -> Iterator[object]:
    yield from key.field.metadata
    for alternative in get_args(key.field.annotation):
        if get_origin(alternative) is Annotated:
            yield from get_args(alternative)[1:]


def _kind(annotation: object) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin is tuple:
        return f"list of {_kind(arguments[0])}"
    return _PLAIN.get(annotation, "table")
