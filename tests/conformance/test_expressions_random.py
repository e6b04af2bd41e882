"""
Random expressions over random rows mean here what they mean in DuckDB.

``python -m tests.fuzz.transform`` is the long run; here Hypothesis makes a difference
small.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.duckdb_sql import Reference
from tests.fuzz.grammar import Dice, expression
from tests.fuzz.rows import table


class Drawn:
    """
    Choices from Hypothesis.
    """

    def __init__(self, data) -> None:
        self._draw = data.draw

    def pick(self, options: Sequence):
        return self._draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """
    One table for all expressions.
    """
    return Reference(table(Dice(7), 24))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_as_duckdb(reference, data):
    """
    Each row has the value that DuckDB computes, or is in error where DuckDB's is.
    """
    drawn = Drawn(data)
    reference.compare(expression(drawn, drawn.number(1, 3)))
