"""
Which names a source takes.
"""

import os

import pytest

from ingestd.config import Source
from ingestd.discover.rules import Rules

CSV = ("*.csv", "*.csv.gz")


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (b"a.csv", True),
        (b"a.csv.gz", True),
        (b"a.CSV", False),
        (b"a.csv.tmp", False),
        (b".a.csv", False),
        (b"~a.csv", False),
        (b"a.csv.part", False),
        (b"below/a.csv", False),
        (b"\xff\n.csv", True),
        (b"a.txt", False),
    ],
)
def test_flat(path, taken):
    """
    By default files of the folder itself are taken, by name, unfinished ones left.
    """
    assert taken == Rules(CSV).takes(path)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (b"a.csv", True),
        (b"below/deep/a.csv", True),
        (b".hidden/a.csv", False),
        (b"below/~partial/a.csv", False),
        (b"below/.a.csv", False),
    ],
)
def test_recursive(path, taken):
    """
    A recursive source takes what lies below, except in hidden folders.
    """
    assert taken == Rules(CSV, recursive=True).takes(path)


@pytest.mark.parametrize(
    ("include", "exclude", "path", "taken"),
    [
        (("*.part",), (), b"a.part", True),
        (("*",), (), b"a.part", False),
        (("*",), (), b"a.tmp", False),
        ((".*.csv",), (), b".a.csv", True),
        (("~*",), (), b"~a.csv", True),
        (("*.csv",), ("b*",), b"b.csv", False),
        (("*.csv",), ("b*",), b"a.csv", True),
        (("2026/*.csv",), (), b"2026/a.csv", True),
        (("2026/*.csv",), (), b"2026/01/a.csv", False),
        (("2026/**/*.csv",), (), b"2026/01/02/a.csv", True),
        (("2026/**/*.csv",), (), b"2026/a.csv", True),
        (("*.csv",), ("old/**",), b"old/a.csv", False),
        (("*.csv",), ("old/*",), b"new/a.csv", True),
        (("**/*.csv",), (), b"a.tmp", False),
        (("a[0-9].csv",), (), b"a1.csv", True),
        (("a[0-9].csv",), (), b"ax.csv", False),
    ],
)
def test_globs(include, exclude, path, taken):
    """
    Globs without a slash match names, those with one whole paths; exclude wins, and
    an unfinished file is taken only by a glob that asks for its kind.
    """
    assert taken == Rules(include, exclude, recursive=True).takes(path)


def test_the_marker_is_never_a_file():
    """
    With a marker's suffix, markers point to their files and are not taken themselves.
    """
    rules = Rules.of(Source(include=("*",), done_suffix=".[ok]"))
    assert rules.takes(b"a.csv")
    assert not rules.takes(b"a.csv.[ok]")
    assert rules.takes(b"a.csv.o")
    assert rules.marked(b"a.csv.[ok]") == b"a.csv"
    assert rules.marked(b"a.csv") is None


def test_in_folder_agrees_with_takes():
    """
    The scan's test by folder and name is the hints' test by path.
    """
    rules = Rules(("*.csv", "x/*.gz"), ("x/b.csv",), recursive=True)
    for path in (b"x/a.csv", b"x/b.csv", b"x/c.gz", b"y/c.gz", b"c.gz"):
        folder, _, name = os.fsdecode(path).rpartition("/")
        assert rules.takes(path) == bool(rules.in_folder(folder)(name))
