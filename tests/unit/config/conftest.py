"""
A configuration as text, and what is wrong with it.
"""

from __future__ import annotations

import pytest

from ingestd.config import load
from ingestd.errors import ConfigError

PIPELINE = '[[pipelines]]\nname = "sensors"\n'


@pytest.fixture
def loaded(tmp_path):
    """
    Load a text as a file in an empty folder; *environ* is the whole environment.
    """

    def _loaded(text, environ=None):
        place = tmp_path / "config.toml"
        place.write_text(text)
        return load(place, environ or {})

    return _loaded


@pytest.fixture
def wrong(loaded):
    """
    Return the problem lines of a text, none for a right one.
    """

    def _wrong(text, environ=None):
        try:
            loaded(text, environ)
        except ConfigError as error:
            return error.problems
        return []

    return _wrong


@pytest.fixture
def sensors(wrong):
    """
    The same for the inside of one pipeline called sensors.
    """
    return lambda text, environ=None: wrong(PIPELINE + text, environ)
