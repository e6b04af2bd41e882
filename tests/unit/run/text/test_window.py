"""
Windows and blocks: every byte is looked at, once and in order.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ingestd.run.text.blocks import blocks, line_start
from ingestd.run.text.window import Window
from tests.fuzz.sifting import opened
from tests.fuzz.texts import bounded

TEXT = bytes(range(256)) * 3


@bounded(100)
@given(
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(1, 9),
    st.lists(st.integers(0, 6), max_size=12),
    st.booleans(),
)
def test_a_window_shows_what_is_there(start, length, size, steps, in_memory):
    """
    However it moves and grows, its bytes are those from *at* on, and it is final where
    they reach the end.
    """
    stop = start + length
    with opened(TEXT) as fd:
        window = Window(TEXT if in_memory else fd, start, stop, size)
        at = start
        for step in steps:
            if step:
                used = min(step, len(window.array))
                window.move(used)
                at += used
            else:
                before = len(window.array)
                window.grow()
                assert len(window.array) > before or window.final
            shown = window.array.tobytes()
            assert at == window.at
            assert shown == TEXT[at:stop][: len(shown)]
            assert (at + len(shown) == stop) == window.final
            assert shown or at == stop


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_file_that_became_shorter_ends_earlier(size):
    """
    Its fingerprint tells that afterwards; here nothing waits for ever.
    """
    with opened(b"abc") as fd:
        window = Window(fd, 1, 100, size)
        seen = b""
        while len(window.array):
            seen += window.array.tobytes()
            window.move(len(window.array))

    assert b"bc" == seen
    assert window.final


@bounded(50)
@given(st.integers(0, 30), st.integers(0, 60), st.integers(1, 9), st.booleans())
def test_blocks_are_the_text(start, length, size, in_memory):
    """
    In order, and none is longer than asked for.
    """
    with opened(TEXT) as fd:
        source = TEXT if in_memory else fd
        found = [bytes(b) for b in blocks(source, start, start + length, size)]

    assert TEXT[start : start + length] == b"".join(found)
    assert all(0 < len(block) <= size for block in found)


@bounded(50)
@given(st.binary(max_size=30).map(lambda b: b.replace(b"a", b"\n")), st.data())
def test_a_line_starts_behind_a_newline(text, data):
    """
    The first one at or behind the place; at 0 the first is there.
    """
    at = data.draw(st.integers(0, len(text)))
    starts = [i for i in range(at, len(text)) if i == 0 or text[i - 1 : i] == b"\n"]

    assert min(starts, default=len(text)) == line_start(text, at, len(text))
