"""
Names that a rotation makes.
"""

from __future__ import annotations

import pytest

from ingestd.config import Source
from ingestd.discover.rules import Rules
from ingestd.discover.tail.names import TailRules


def base(path, *include, recursive=False):
    """The name that a source with *include* knows *path* by."""
    source = Source(url="/logs", include=include or ("*.log",), recursive=recursive)
    return TailRules(Rules.of(source)).base(path)


@pytest.mark.parametrize(
    "name",
    [
        *("app.log", "app.log.1", "app.log.12", "app.log.1.gz", "app.log.gz"),
        *("app.log-20261125", "app.log-20261125.gz", "app.log.2026-11-25"),
        *("app.log.2026-11-25_10", "app.log-20261125-1795578", "app.log.old"),
        *("app.log.bak.zst", "app.log_20261125"),
    ],
)
def test_a_rotated_name_belongs_to_the_name_that_is_taken(name):
    """Whatever the rotation appends."""
    assert "app.log" == base(name)


@pytest.mark.parametrize("name", ["other.txt", "app.log.lock", "app.log.swp", ".1"])
def test_other_names_belong_to_none(name):
    """What no rotation makes is not looked at."""
    assert base(name) is None


def test_a_name_with_a_date_that_is_taken_is_its_own():
    """By date, each file is one by itself."""
    assert "app-20261125.log" == base("app-20261125.log")


def test_folders_stay(tmp_path):
    """A name belongs to one in the same folder."""
    assert "a/app.log" == base("a/app.log.1", recursive=True)
