"""
The tree of keys, read off the models: for messages, the environment and the docs.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from ingestd.config.aggregate import Metric
from ingestd.config.section import Section
from ingestd.config.spelling import nearest


class Key(NamedTuple):
    """
    One key: its *path* as in the file (pipelines without a name) and its field.

    *section* is the model of the table that it opens; None for a plain value.
    """

    path: tuple[str, ...]
    field: FieldInfo
    section: type[Section] | None


def keys_of(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[Key]:
    """
    Yield the keys of *model*'s own table, in order, as they are spelt in the file.
    """
    for name, field in model.model_fields.items():
        spelling = (*path, field.alias or name)
        yield Key(spelling, field, _section(field.annotation))


def walk(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[Key]:
    """
    Yield every key at and below *model*, each table before its keys.
    """
    for key in keys_of(model, path):
        yield key
        if key.section is not None:
            yield from walk(key.section, key.path)


def find(model: type[Section], path: Iterable[str]) -> Key | None:
    """
    Return the key at *path* below *model*, None where there is none.
    """
    section: type[Section] | None = model
    key = None
    for name in path:
        if section is None:
            return None
        key = next((k for k in keys_of(section) if k.path[-1] == name), None)
        section = key.section if key else None
    return key


def plain_types(annotation: object) -> tuple[object, ...]:
    """
    Return the alternatives of *annotation*, without None and Annotated.
    """
    if get_origin(annotation) is Annotated:
        return plain_types(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = (plain_types(a) for a in get_args(annotation) if a is not type(None))
        return tuple(alternative for group in inner for alternative in group)
    return (annotation,)


def suggest(model: type[Section], path: tuple[str, ...]) -> str:
    """
    Say which valid key was meant by the unknown *path* below *model*.

    A key of that very name in another table comes first, then the same table's nearest.
    """
    *table, name = path
    parent = find(model, table)
    section = parent.section if parent else model
    siblings = [k.path[-1] for k in keys_of(section)] if section else []
    elsewhere = [".".join(k.path) for k in walk(model) if k.path[-1] == name]
    if elsewhere:
        return f"it is a key of another section: {' or '.join(elsewhere)}"
    close = nearest(name, siblings)
    if close is not None:
        return f"did you mean {close}?"
    return f"expected one of: {', '.join(siblings)}"


def _section(annotation: object) -> type[Section] | None:
    for alternative in plain_types(annotation):
        arguments = get_args(alternative)
        candidate = arguments[0] if get_origin(alternative) is tuple else alternative
        # Metrics are models within, but "name = [column, function]" in the file.
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return None if candidate is Metric else candidate
    return None
