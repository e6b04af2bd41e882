"""
Read a configuration file, with the environment's overrides, and check all of it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ingestd.config.check import check
from ingestd.config.document import Config
from ingestd.config.environment import override
from ingestd.errors import ConfigError

DEFAULT_PLACES: Final = (Path("config.toml"), Path("/etc/ingestd/config.toml"))


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """
    Return the checked configuration of *path*; None looks at the default places.

    Variables of *environ* (the process's own when None) override keys. Raises
    ConfigError with a line for every problem. Reads that one file and nothing else.
    """
    place = _find() if path is None else path
    data = _parse(place)
    overridden = override(data, os.environ if environ is None else environ)
    config, found = check(overridden.data, str(place.absolute().parent))
    lines = [p.line(overridden.data, overridden.origins) for p in found]
    lines.extend(overridden.problems)
    if lines:
        raise ConfigError(list(dict.fromkeys(lines)), path=str(place))
    return config


def _find() -> Path:
    for place in DEFAULT_PLACES:
        if place.exists():
            return place
    places = " and ".join(str(place) for place in DEFAULT_PLACES)
    hint = "ingestd init writes one, -c names one"
    raise ConfigError([f"no configuration: looked for {places}; {hint}"])


def _parse(place: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_bytes().decode())
    except FileNotFoundError as error:
        problem = "no such file; ingestd init writes one"
        raise ConfigError([f"{place}: {problem}"], path=str(place)) from error
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError([f"{place}: {problem}"], path=str(place)) from error
    except UnicodeDecodeError as error:
        problem = f"expected UTF-8 text; byte {error.start} is none"
        raise ConfigError([f"{place}: {problem}"], path=str(place)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{place}: not TOML: {error}"], path=str(place)) from error
