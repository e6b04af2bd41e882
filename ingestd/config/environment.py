"""
Keys from the environment: ``INGESTD__CLUSTER__ADDRESS=…`` overrides cluster.address.

A pipeline's key goes by its name: ``INGESTD__PIPELINES__SENSORS__BATCH__MAX_FILES``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

from ingestd.config.document import Config
from ingestd.config.keys import Key, find, keys_of, plain_types, suggest
from ingestd.config.pipeline import Pipeline
from ingestd.config.problems import Place
from ingestd.config.section import Section
from ingestd.config.spelling import nearest

PREFIX: Final = "INGESTD__"
_SEPARATOR: Final = "__"


class Overridden(NamedTuple):
    """
    The file's *data* with the environment's values in it.

    *origins* names the variable behind a place; *problems* has a line for each variable
    that names no key.
    """

    data: dict[str, Any]
    origins: dict[Place, str]
    problems: tuple[str, ...]


class _UnknownKey(Exception):
    pass


def override(data: Mapping[str, Any], environ: Mapping[str, str]) -> Overridden:
    """
    Return *data*, unchanged itself, overridden by the variables of *environ*.
    """
    result = deepcopy(dict(data))
    origins: dict[Place, str] = {}
    problems = []
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        try:
            place, key = _locate(name.removeprefix(PREFIX), result)
            _put(result, place, _value(environ[name], key))
        except _UnknownKey as unknown:
            problems.append(f"{name}: {unknown}")
        else:
            origins[place] = name
    return Overridden(result, origins, tuple(problems))


def _locate(rest: str, data: Mapping[str, Any]) -> tuple[Place, Key]:
    top, _, below = rest.partition(_SEPARATOR)
    if top.lower() != "pipelines":
        return _descend(Config, rest, (), data)
    pipelines = dict(_named(data))
    unknown = None
    # Both "a" and "a__batch" are names: the longest first, then the one with the key.
    for name in sorted(pipelines, key=len, reverse=True):
        if below.lower().startswith(name + _SEPARATOR):
            place = ("pipelines", pipelines[name])
            key = below[len(name + _SEPARATOR) :]
            try:
                return _descend(Pipeline, key, place, data["pipelines"][place[1]])
            except _UnknownKey as error:
                unknown = unknown or error
    raise unknown or _no_pipeline(below, pipelines)


def _no_pipeline(below: str, pipelines: Mapping[str, int]) -> _UnknownKey:
    wanted = below.lower().partition(_SEPARATOR)[0]
    if wanted in pipelines:
        keys = ", ".join(k.path[-1] for k in keys_of(Pipeline))
        return _UnknownKey(f"a table, not a value; expected a key of it: {keys}")
    close = nearest(wanted, pipelines)
    hint = f"did you mean {close}?" if close else f"expected {' or '.join(pipelines)}"
    return _UnknownKey(f"no pipeline {wanted!r}; {hint}")


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    pipelines = data.get("pipelines")
    for index, item in enumerate(pipelines if isinstance(pipelines, list) else ()):
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            yield item["name"], index


def _descend(
    model: type[Section], rest: str, prefix: Place, data: Mapping[str, Any]
) -> tuple[Place, Key]:
    path: tuple[str, ...] = ()
    while True:
        name, _, rest = rest.partition(_SEPARATOR)
        path = (*path, name.lower())
        key = find(model, path)
        if key is None:
            raise _UnknownKey(f"unknown key {'.'.join(path)}; {suggest(model, path)}")
        if key.section is None:
            break
        if not rest:
            keys = ", ".join(k.path[-1] for k in keys_of(key.section))
            raise _UnknownKey(f"a table, not a value; expected a key of it: {keys}")
    if not rest:
        return (*prefix, *path), key
    return _inside_table(path, rest, prefix, data, key)


def _inside_table(
    path: tuple[str, ...], rest: str, prefix: Place, data: Mapping[str, Any], key: Key
) -> tuple[Place, Key]:
    alternatives = plain_types(key.field.annotation)
    if path[-1] != "metrics" and not any(_is_dict(a) for a in alternatives):
        raise _UnknownKey(f"unknown key {'.'.join(path)}.{rest.lower()}; it is a value")
    table: object = data
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    # Columns may be spelt in capitals, variables usually are: the file's spelling wins.
    spelt = {str(k).lower(): str(k) for k in table} if isinstance(table, dict) else {}
    return (*prefix, *path, spelt.get(rest.lower(), rest.lower())), key


def _is_dict(alternative: object) -> bool:
    return getattr(alternative, "__origin__", alternative) is dict


def _value(text: str, key: Key) -> object:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    if parsed.keys() != {"value"}:
        return text
    value = parsed["value"]
    # A password of digits is text all the same.
    is_text = plain_types(key.field.annotation) == (str,)
    return text if is_text and not isinstance(value, str) else value


def _put(data: dict[str, Any], place: Place, value: object) -> None:
    table: Any = data
    for part in place[:-1]:
        if isinstance(table, dict):
            table.setdefault(part, {})
        table = table[part]
        if not isinstance(table, dict | list):
            return  # the file has a value for a table: its own mistake is reported
    table[place[-1]] = value
