"""
The reference of every key, made from the models: docs/config.md and config.toml.

``python -m ingestd.config.reference`` writes both below the current folder.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ingestd.config import example
from ingestd.config.document import Config
from ingestd.config.keys import Key, keys_of
from ingestd.config.notation import default_of, header_of, kind_of, note_of, toml
from ingestd.config.section import Section
from ingestd.config.values import COLUMN_TYPES

DOCUMENT: Final = Path("docs/config.md")
EXAMPLE: Final = Path(example.FILE_NAME)

_TYPES: Final = textwrap.indent(
    textwrap.fill(
        " ".join(f"`{name}`" for name in (*COLUMN_TYPES, "decimal(p,s)")), 86
    ),
    "  ",
)
_INTRODUCTION: Final = f"""\
# config.toml

Made from the models by `python -m ingestd.config.reference`; edit those instead.

- `-c FILE` names the file. Without it: `config.toml` in the current folder, then
  `/etc/ingestd/config.toml`. Relative paths are relative to the file.
- `ingestd init` writes an example with every key. `ingestd check` tells every problem
  at once: key, value, what was expected, nearest valid key. Exit code 78 means the
  configuration is wrong.
- A variable overrides a key: `INGESTD__CLUSTER__ADDRESS=tcp://10.0.0.5:8786`. A
  pipeline's key goes by its name: `INGESTD__PIPELINES__SENSORS__BATCH__MAX_FILES=10`.
  A value is read as TOML where it is TOML, else as text. An unknown key is an error
  here too.
- A size is a whole number of bytes or text with a unit: `"512MiB"` (1024), `"10MB"`
  (1000). Seconds may have a fraction.
- Column types:
{_TYPES}
- A value that is not built yet is refused by name; the tables say what is.
"""


def render() -> str:
    """
    Return the text of the reference.
    """
    return "\n".join([_INTRODUCTION, *_sections(Config, (), "The whole daemon")]) + "\n"


def main() -> None:
    """
    Write the reference and the example below the current folder.
    """
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(render(), encoding="utf-8")
    EXAMPLE.write_text(example.render(), encoding="utf-8")


def _sections(
    model: type[Section], path: tuple[str, ...], description: str
) -> Iterator[str]:
    keys = list(keys_of(model, path))
    title = f"`{header_of(path)}`" if path else "Top level"
    yield f"## {title}"
    yield ""
    yield description
    yield ""
    yield "| key | type | default | meaning |"
    yield "|---|---|---|---|"
    for key in keys:
        if key.section is None:
            yield _row(key)
    yield ""
    for key in keys:
        if key.section is not None:
            yield from _sections(key.section, key.path, key.field.description or "")


def _row(key: Key) -> str:
    kind = kind_of(key).replace("|", "\\|")
    return f"| `{key.path[-1]}` | {kind} | {_default(key)} | {_meaning(key)} |"


def _default(key: Key) -> str:
    if key.field.is_required():
        return "required"
    default = default_of(key)
    return "unset" if default is None else f"`{toml(default)}`"


def _meaning(key: Key) -> str:
    note, description = note_of(key), key.field.description or ""
    meaning = description[:1].upper() + description[1:]
    return f"{meaning} *({note})*".removesuffix(" *()*").replace("|", "\\|")


if __name__ == "__main__":
    main()
