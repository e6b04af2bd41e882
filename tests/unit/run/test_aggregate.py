"""
What each metric needs, and the split that makes sums of floats stable.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Aggregate
from ingestd.errors import ConfigError
from ingestd.model import Schema
from ingestd.run.aggregate import check, needs, split

SCHEMA = Schema((("k", "string"), ("i", "int64"), ("f", "float64"), ("d", "date")))


def aggregate(**metrics) -> Aggregate:
    return Aggregate.model_validate({"group_by": ["k"], "metrics": metrics})


def test_each_partial_is_needed_once():
    """
    Metrics of one column share what they need.
    """
    wanted = aggregate(
        a=["f", "mean"],
        b=["f", "var"],
        c=["f", "median"],
        d=["f", "quantile", 0.9],
        e=["*", "count"],
        g=["i", "sum"],
    )

    assert [
        "count:f",
        "hi:f",
        "lo:f",
        "square:f",
        "values:f",
        "total:i",
    ] == [need.name for need in needs(wanted, SCHEMA)]


@given(
    st.lists(st.floats(-1e200, 1e200, allow_subnormal=False), min_size=1, max_size=50),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_the_split_loses_nothing(values, largest):
    """
    High and low part add up to the value exactly, whatever the guess.
    """
    grid = split(largest)
    for value in values:
        high = (value + grid) - grid
        assert value == math.fsum([high, value - high])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=200))
def test_high_parts_add_up_without_rounding(values):
    """
    In any order, since they lie on one grid.
    """
    grid = split(max(map(abs, values)))
    highs = [(value + grid) - grid for value in values]

    assert math.fsum(highs) == sum(highs) == sum(sorted(highs))


@pytest.mark.parametrize(
    "spec", [["x", "sum"], ["k", "sum"], ["d", "mean"], ["k", "quantile", 0.5]]
)
def test_a_metric_that_its_column_has_not_is_told(spec):
    """
    For schemas that were inferred after the configuration was checked.
    """
    with pytest.raises(ConfigError) as caught:
        check(aggregate(m=spec), SCHEMA)

    assert ["aggregate.metrics.m"] == [p.split(":")[0] for p in caught.value.problems]


@pytest.mark.parametrize(
    "function", ["count", "min", "max", "first", "last", "n_unique"]
)
@pytest.mark.parametrize("column", ["k", "i", "f", "d"])
def test_order_and_counts_are_for_every_type(function, column):
    """
    No problem is told.
    """
    check(aggregate(m=[column, function]), SCHEMA)
