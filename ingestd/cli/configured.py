"""
Finding and reading the configuration that ``-c`` names, or the one that is there.
"""

from __future__ import annotations

import os
import tomllib
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ingestd.config import Config

# Those of ingestd.config.loader, which takes a third of a second to import.
PLACES: Final = (Path("config.toml"), Path("/etc/ingestd/config.toml"))
_STATE_DIR: Final = "var"
_VARIABLE: Final = "INGESTD__STATE_DIR"


@dataclass(frozen=True, slots=True)
class Located:
    """
    What a question to the ledger needs of a configuration.
    """

    path: Path
    state_dir: Path
    pipelines: tuple[str, ...]


def load(arguments: Namespace) -> tuple[Config, Path]:
    """
    Return the checked configuration and the file it is from; raises ConfigError.
    """
    from ingestd.config import load as load_config  # noqa: PLC0415 - pydantic

    named: str | None = arguments.config
    config = load_config(None if named is None else Path(named))
    # Looked up again only for its name: load found one, or raised.
    places = PLACES if named is None else (Path(named),)
    path = next(place for place in places if place.exists())
    if any(pipeline.shapes_rows for pipeline in config.pipelines):
        _check_transforms(config, path)
    return config, path


def _check_transforms(config: Config, path: Path) -> None:
    from ingestd.errors import ConfigError  # noqa: PLC0415 - with what follows
    from ingestd.run.transform.pipeline import check  # noqa: PLC0415 - the SQL parser

    try:
        check(config)
    except ConfigError as error:
        raise ConfigError(error.problems, path=str(path)) from error


def locate(arguments: Namespace) -> Located:
    """
    Return where the ledger is and which pipelines there are, in milliseconds.

    Reads two keys and checks nothing else, so a wrong key elsewhere does not keep an
    operator from asking. Whatever is not plain is left to ``load`` and its messages.
    """
    return _plainly(arguments) or _from_config(*load(arguments))


def _from_config(config: Config, path: Path) -> Located:
    names = tuple(pipeline.name for pipeline in config.pipelines)
    return Located(path, Path(config.state_dir), names)


def _plainly(arguments: Namespace) -> Located | None:
    if any(name.upper().startswith(_VARIABLE) for name in os.environ):
        return None
    places = PLACES if arguments.config is None else (Path(arguments.config),)
    try:
        path = next(place for place in places if place.exists())
        data = tomllib.loads(path.read_text("utf-8"))
    except (StopIteration, OSError, ValueError):
        return None
    state_dir, names = data.get("state_dir", _STATE_DIR), _names(data)
    if not isinstance(state_dir, str) or not state_dir or ":" in state_dir or not names:
        return None
    folder = path.absolute().parent / Path(state_dir).expanduser()
    return Located(path, Path(os.path.normpath(folder)), names)


def _names(data: dict[str, Any]) -> tuple[str, ...]:
    pipelines = data.get("pipelines")
    if not isinstance(pipelines, list):
        return ()
    names = [p.get("name") if isinstance(p, dict) else None for p in pipelines]
    plain = tuple(name for name in names if isinstance(name, str) and name)
    return plain if len(plain) == len(names) else ()
