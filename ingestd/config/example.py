"""
The commented configuration that ``ingestd init`` writes, made from the models.

It shows every key: with its default, or commented out where it is better left out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ingestd.config.document import Config
from ingestd.config.keys import Key, keys_of
from ingestd.config.notation import choices_of, default_of, header_of, note_of, toml
from ingestd.config.section import Section
from ingestd.errors import ConfigError

FILE_NAME: Final = "config.toml"
_FOLDERS: Final = ("data/inbox", "data/outbox")
_WIDTH: Final = 88
_INTRODUCTION: Final = """\
The configuration of ingestd. Every key is here with its default; a key that is
commented out is unset. Relative paths are relative to this file. A variable overrides
a key: INGESTD__CLUSTER__WORKERS=2, INGESTD__PIPELINES__SENSORS__BATCH__MAX_FILES=10."""

_TABLES: Final[dict[str, dict[str, Any]]] = {
    "pipelines.schema": {
        "ts": "timestamp",
        "device": "int64",
        "region": "string",
        "temp": "float64",
    },
    "pipelines.aggregate.metrics": {
        "n": ["*", "count"],
        "temp_mean": ["temp", "mean"],
        "temp_p95": ["temp", "quantile", 0.95],
    },
}


def render() -> str:
    """
    Return the text of the example configuration.
    """
    lines = [*_comment(_INTRODUCTION), "", *_table(Config, ())]
    return "\n".join(lines) + "\n"


def write_template(folder: Path) -> list[Path]:
    """
    Write the example configuration and its folders into *folder*; return the paths.

    Raises ConfigError where a configuration stands already: it is never overwritten.
    """
    place = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as stream:
            stream.write(render())
        folders = [folder / name for name in _FOLDERS]
        for made in folders:
            made.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        problem = f"{error.filename}: exists already, and is left as it is"
        hint = "expected a folder without a configuration: ingestd init FOLDER"
        raise ConfigError([f"{problem}; {hint}"], path=str(place)) from error
    except OSError as error:
        problem = f"{error.filename}: cannot be written: {error.strerror}"
        raise ConfigError([problem], path=str(place)) from error
    return [place, *folders]


def _table(model: type[Section], path: tuple[str, ...]) -> Iterator[str]:
    keys = list(keys_of(model, path))
    # TOML ends a table at the next header: plain values have to come first.
    for key in keys:
        if not _is_table(key):
            yield from _value(key)
    for key in keys:
        if _is_table(key):
            yield ""
            yield from _comment(key.field.description or "")
            yield header_of(key.path)
            if key.section is None:
                values = _TABLES[".".join(key.path)]
                yield from (f"{name} = {toml(value)}" for name, value in values.items())
            else:
                yield from _table(key.section, key.path)


def _is_table(key: Key) -> bool:
    return key.section is not None or ".".join(key.path) in _TABLES


def _value(key: Key) -> Iterator[str]:
    yield from _comment(_explained(key))
    name, examples = key.path[-1], key.field.examples
    if key.field.is_required() and examples:
        yield f"{name} = {toml(examples[0])}"
    elif examples:
        yield f"# {name} = {toml(examples[0])}"
    else:
        yield f"{name} = {toml(default_of(key))}"


def _explained(key: Key) -> str:
    choices, note = " | ".join(choices_of(key)), note_of(key)
    parts = (f"{choices}:" if choices else "", key.field.description or "")
    return " ".join((*filter(None, parts), f"({note})" if note else "")).rstrip()


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_on_hyphens=False,
    )
