"""
Read a configuration file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from ingestd.config.document import Config


def load(path: Path | None) -> Config:
    """
    Return the configuration of *path*; None looks at the default places.
    """
    place = path or Path("config.toml")
    with place.open("rb") as stream:
        data = tomllib.load(stream)
    return Config.model_validate(data, context={"folder": str(place.parent.absolute())})
