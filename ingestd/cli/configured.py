"""
Finding and reading the configuration that ``-c`` names, or the one that is there.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ingestd.config import Config
from ingestd.config import load as load_config
from ingestd.config.loader import DEFAULT_PLACES


def load(arguments: Namespace) -> tuple[Config, Path]:
    """
    Return the checked configuration and the file it is from; raises ConfigError.
    """
    named: str | None = arguments.config
    if named is not None:
        return load_config(Path(named)), Path(named)
    config = load_config(None)
    # Looked up again only for its name: load found one, or raised.
    return config, next(place for place in DEFAULT_PLACES if place.exists())
