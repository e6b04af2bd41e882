"""
Nothing that is printed may steer the reader.
"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.observe.escape import conceal, escape, plain, printable


@given(st.one_of(st.text(), st.binary()))
def test_only_harmless_characters_remain(value):
    """
    Whatever comes in, no control, separator, bidi or surrogate comes out.
    """
    shown = printable(value)
    assert set() == {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert set() == {unicodedata.bidirectional(c) for c in shown} & bidi
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"caf\xc3\xa9.csv", "café.csv"),
        (b"\xff\n\x1b[2J.csv", "\\xff\\n\\x1b[2J.csv"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("a\u2028b\x85c\x9b", "a\\u2028b\\x85c\\x9b"),
        ("\udcff", "\\udcff"),
    ],
)
def test_shown_as(raw, shown):
    """
    A person still recognises the name.
    """
    assert shown == printable(raw)


def test_escape_is_idempotent():
    """
    Escaping twice is escaping once.
    """
    once = escape("a\tb\x00")
    assert once == escape(once)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("http://u:pa55@h/x", "http://u:***@h/x"),
        ("redis://:pa55@h", "redis://:***@h"),
        ("https://h/x?X-Amz-Signature=pa55&a=1", "https://h/x?X-Amz-Signature=***&a=1"),
        ("https://h/x?sig=pa55", "https://h/x?sig=***"),
        ("at 10:20 user@host", "at 10:20 user@host"),
    ],
)
def test_secrets_in_addresses_are_hidden(raw, shown):
    """
    A library's error message may carry an address with its password.
    """
    assert shown == conceal(raw)


def test_colours_of_others_are_taken_off():
    """
    A child's coloured line reads as text.
    """
    assert "red INFO" == plain("\x1b[1;31mred\x1b[0m INFO\x1b[K")
