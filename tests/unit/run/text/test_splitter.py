"""
The property that the guided fuzz tries, on bytes that nobody guides.
"""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import example, given

from tests.fuzz.guided import MAX_BYTES
from tests.fuzz.splitter import check, split_of
from tests.fuzz.texts import bounded


@bounded(60)
@given(st.binary(max_size=MAX_BYTES))
@example(b"")
@example(b"<?" + b"\xa1" * 9 + b"\xff" * 40 + b"\xa1" * 20)
def test_any_bytes_are_split_as_the_reference_says(data):
    """
    In windows, in slices and by the count: no record is lost, doubled or made up.
    """
    check(split_of(data))
