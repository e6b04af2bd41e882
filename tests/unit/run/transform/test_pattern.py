"""
Patterns: what is taken, and that it means one thing.
"""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestd.run.transform.pattern import Any, BadPattern, like, quoted, regular


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("abc", "abc"),
        ("a.c", r"a[^\n]c"),
        ("^a$", r"\Aa\z"),
        (r"\d+", "[0-9]+"),
        (r"\W", "[^0-9A-Za-z_]"),
        (r"[\d_-]", r"[0-9_\-]"),
        (r"[^\s]", r"[^\t\n\f\r ]"),
        ("[a-z]{2,3}?", "[a-z]{2,3}?"),
        ("(a|b)*", "(?:a|b)*"),
        ("(?:a)", "(?:a)"),
        (r"\.\-", r"\.\-"),
        (r"\bx\B", r"(?-u:\b)x(?-u:\B)"),
        ("[]a]", r"[\]a]"),
        ("a#b&c~d", r"a\#b\&c\~d"),
        ("[a&&b]", r"[a\&\&b]"),
    ],
)
def test_regular(pattern, written):
    """
    A pattern is written out, so that no library reads Unicode classes, sets of sets or
    comments into it.
    """
    assert written == regular(pattern)


@pytest.mark.parametrize(
    ("pattern", "at"),
    [
        ("a(", 1),
        ("a)", 1),
        ("[a", 0),
        ("*a", 0),
        ("a**", 2),
        ("a{2}{3}", 4),
        ("a{,2}", 1),
        ("a{3,2}", 1),
        ("a{1001}", 0),
        ("(a{100}){11}", 0),
        ("\\", 1),
        (r"\q", 0),
        (r"\1", 0),
        (r"\pL", 0),
        ("(?i)a", 0),
        ("(?=a)", 0),
        ("(?P<n>a)", 0),
        ("[[:alpha:]]", 1),
        ("[z-a]", 1),
        ("a]", 1),
        ("}", 0),
        ("a|*", 2),
    ],
)
def test_bad_regular(pattern, at):
    """
    What is not in the list is refused, with its place: look-around and back references,
    which some libraries lack, and what they read differently.
    """
    with pytest.raises(BadPattern) as caught:
        regular(pattern)
    assert at == caught.value.at


@settings(deadline=None)
@given(st.text(max_size=20))
def test_regular_never_fails_otherwise(pattern):
    """
    Any text is a pattern that compiles, or is refused with a place in it.
    """
    assert 0 <= place_or_end(pattern) <= len(pattern)


def place_or_end(pattern: str) -> int:
    try:
        written = regular(pattern)
    except BadPattern as error:
        return error.at
    pl.select(pl.lit("x").str.contains(written))
    return len(pattern)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_quoted(text):
    """
    A quoted text matches itself alone.
    """
    assert re.fullmatch(quoted(text), text)
    assert not re.fullmatch(quoted(text), text + "x")


@pytest.mark.parametrize(
    ("pattern", "escape", "pieces"),
    [
        ("abc", "", ["abc"]),
        ("", "", []),
        ("a%_b", "", ["a", Any(many=True), Any(many=False), "b"]),
        ("a\\%b", "", ["a\\", Any(many=True), "b"]),
        ("a!%b!!", "!", ["a%b!"]),
    ],
)
def test_like(pattern, escape, pieces):
    """
    Without an escape character, each % and _ is a wildcard.
    """
    assert pieces == like(pattern, escape)


def test_like_ends_with_escape():
    """
    An escape character with nothing behind it is an error, not a character.
    """
    with pytest.raises(BadPattern):
        like("a!", "!")
