"""
One valid specimen of every event, and a log on a string.
"""

import io
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import pytest

from ingestd.observe import log
from ingestd.observe.events import Event

SPECIMEN = {
    "str": "text",
    "int": 3,
    "float": 1.5,
    "bool": True,
    "bytes": b"a\xff\n.csv",
    "tuple[str, ...]": ("one", "two"),
    "Mapping[str, float]": {"plan": 0.25, "total": 1.5},
    "Mapping[str, int]": {"bad_value": 2, "too_few_fields": 1},
}


@dataclass
class Settings:
    format: str = "json"
    level: str = "info"
    file: Path | None = None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def make(kind: type[Event], **changes) -> Event:
    values = {f.name: SPECIMEN[f.type] for f in fields(kind) if f.default is MISSING}
    return kind(**{**values, **changes})


@pytest.fixture
def configured():
    """
    Return a function that configures a log on a stream, and close it afterwards.
    """
    logs = []

    def configure(stream, **settings):
        logs.append(log.configure(Settings(**settings), stream))
        return logs[-1]

    yield configure
    for one in reversed(logs):
        one.close()


@pytest.fixture
def specimen():
    """
    Return a function that makes a valid event of a class, with changes.
    """
    return make


@pytest.fixture
def terminal():
    """
    Return a stream that says it is a terminal.
    """
    return Terminal()
