"""
Lines at the end that are no records.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from ingestd.run.text import footer
from ingestd.run.text.footer import without_footer
from tests.fuzz.sifting import opened
from tests.fuzz.texts import bounded

PIECES = st.lists(st.sampled_from([b"a", b",", b"\n", b"\r", b"\r\n"]), max_size=20)


def lines(text: bytes, *, returns: bool) -> list[bytes]:
    if returns:
        return text.splitlines(keepends=True)
    return text.replace(b"\n", b"\n\0").removesuffix(b"\0").split(b"\0")


def is_blank(line: bytes) -> bool:
    return line.removesuffix(b"\n").removesuffix(b"\r") == b""


@bounded(80)
@given(PIECES.map(b"".join), st.integers(0, 4), st.booleans(), st.integers(1, 4))
def test_the_last_lines_are_left_out(text, skip, returns, piece):
    """
    As many as are asked for, blank ones not counted; what is before them stays.
    """
    left = lines(text, returns=returns)
    more = skip
    while more and left:
        more -= not is_blank(left.pop())
    before, footer._PIECE = footer._PIECE, piece
    try:
        with opened(b"head" + text) as fd:
            stop = without_footer(fd, 4, 4 + len(text), skip, returns=returns)
    finally:
        footer._PIECE = before

    assert 4 + len(b"".join(left)) == stop


def test_a_return_in_a_footer_ends_no_line():
    """
    Where lines end in LF nothing is left of a footer with a CR in it.
    """
    text = b"a,b\nthe\rend"

    assert 4 == without_footer(text, 0, len(text), 1)
    assert 0 == without_footer(text[4:], 0, 7, 1)
