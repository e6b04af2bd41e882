"""
Lines that hold something, counted over the bytes.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.run.text.count import filled_lines


@given(st.text("a \t\r\n", max_size=30))
def test_blank_lines_are_none(text):
    """
    As counted line by line.
    """
    expected = sum(bool(line.strip(" \t\r")) for line in text.split("\n"))
    assert expected == filled_lines(text.encode())


@pytest.mark.parametrize(
    ("count", "text"), [(0, b""), (1, b"a"), (2, b"a\nb"), (1, b"\n\xff\n")]
)
def test_ends(count, text):
    """
    With a last newline and without.
    """
    assert count == filled_lines(text)
