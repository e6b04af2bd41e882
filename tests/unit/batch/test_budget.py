"""
How much may be in flight.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingestd.batch.budget import Budget
from ingestd.config import Limits

LIMITS = Limits(max_in_flight=3, max_bytes_in_flight=100)


def test_batches_and_bytes_bound_what_is_in_flight() -> None:
    """There is no room beyond either limit, and a batch that ends gives its share."""
    budget = Budget(LIMITS)
    assert budget.room("a", 2) == 100
    budget.take("1", "a", 60)
    assert budget.room("a", 2) == 40
    budget.take("2", "a", 10)
    assert budget.room("a", 2) == 0  # the pipeline's own limit
    assert budget.room("b", 2) == 30
    budget.take("3", "b", 1)
    assert budget.room("b", 2) == 0  # the limit over all
    budget.give("1")
    budget.give("1")
    assert budget.room("a", 2) == 89


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 300)), max_size=9))
def test_room_is_never_negative(taken: list[tuple[str, int]]) -> None:
    """However large a batch in flight is, the room left is 0 at least."""
    budget = Budget(LIMITS)
    for number, (pipeline, size) in enumerate(taken):
        budget.take(str(number), pipeline, size)
        assert budget.room("a", 99) >= 0
    assert sum(size for _, size in taken) == budget.size
