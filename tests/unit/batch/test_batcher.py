"""
When a batch is due.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.batch.batcher import LINGER_SECONDS, Batcher
from ingestd.config import BatchLimits

LIMITS = BatchLimits(max_files=10, max_bytes=1000, max_wait_seconds=0.2)
MOMENTS = st.floats(0, 10, allow_nan=False)


def batcher(files: int, size: int, now: float = 0.0) -> Batcher:
    made = Batcher(LIMITS)
    made.update(files, size, now)
    return made


@pytest.mark.parametrize(
    ("files", "size", "after", "idle", "why"),
    [
        (0, 0, 9.0, True, ""),
        (10, 10, 0.0, False, "files"),
        (1, 1000, 0.0, False, "bytes"),
        (1, 1, 0.1, False, ""),
        (1, 1, 0.2, False, "age"),
        (1, 1, 0.0, True, ""),
        (1, 1, LINGER_SECONDS, True, "idle"),
    ],
)
def test_files_bytes_age_and_idleness_seal(
    files: int, size: int, after: float, idle: bool, why: str
) -> None:
    """Whichever limit is reached first seals; an idle pipeline waits for no age."""
    assert why == batcher(files, size).why(after, idle=idle)


def test_a_burst_that_goes_on_is_not_cut_while_idle() -> None:
    """Each new file of a burst starts the linger anew, up to the age."""
    made = batcher(1, 1)
    made.update(2, 2, LINGER_SECONDS * 0.9)
    assert made.why(LINGER_SECONDS, idle=True) == ""
    assert made.why(LINGER_SECONDS * 2, idle=True) == "idle"


@given(
    files=st.integers(0, 12), size=st.integers(0, 1200), now=MOMENTS, idle=st.booleans()
)
def test_next_due_is_never_late(files: int, size: int, now: float, idle: bool) -> None:
    """A loop that sleeps until next_due never sleeps through a batch that is due."""
    made = batcher(files, size)
    due = made.next_due(idle=idle)
    if made.why(now, idle=idle) and not made.why(0.0, idle=idle):
        assert due is not None
        assert due <= now


@given(first=MOMENTS, second=MOMENTS, idle=st.booleans())
def test_what_is_due_stays_due(first: float, second: float, idle: bool) -> None:
    """Time alone never makes a batch undue."""
    made = batcher(1, 1)
    early, late = sorted((first, second))
    assert not made.why(early, idle=idle) or made.why(late, idle=idle)
