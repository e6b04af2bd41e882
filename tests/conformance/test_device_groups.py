"""
Groups by the kernels' own table, beside those of the library that groups all else.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ingestd.run.engines.cudf.device import Ask, Column
from ingestd.run.engines.cudf.few import few_groups
from tests.conformance.device_kit import device_fixture  # noqa: F401 - fixture

ELEMENTS = {
    "int8": st.integers(-128, 127),
    "uint16": st.integers(0, 2**16 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**61), 2**61),
    # Quarters add up exactly, in any order.
    "float32": st.integers(-(10**5), 10**5).map(lambda n: n / 4),
    "float64": st.integers(-(10**9), 10**9).map(lambda n: n / 4),
    # Sums of both are asked for, which only hold 63 bits.
    "uint64": st.integers(0, 2**58),
}
WILD = {
    "float32": st.floats(width=32, allow_nan=False),
    "float64": st.floats(allow_nan=False),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
}
OPERATIONS = ("rows", "count", "min", "max")
TEXTS = st.sampled_from(["", "a", "ab", "b"])


def column(device, element: str, values: list) -> Column:
    """
    Return *values* on *device*; None stands for null.
    """
    valid = np.array([value is not None for value in values], np.uint8)
    kept = None if valid.all() else device.put(valid)
    rows = len(values)
    if element == "string":
        texts = [(value or "").encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
        raw = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
        return Column(element, rows, device.put(raw), kept, device.put(ends))
    filled = np.array([0 if value is None else value for value in values], element)
    return Column(element, rows, device.put(filled), kept)


def drawn(data, rows: int, values) -> list:
    nullable = st.one_of(st.none(), values) if data.draw(st.booleans()) else values
    return data.draw(st.lists(nullable, min_size=rows, max_size=rows))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 60))
def test_both_ways_give_the_same_groups(device, data, rows):
    """
    Whatever the keys are, and where values are missing.
    """
    keys = {
        "text": column(device, "string", drawn(data, rows, TEXTS)),
        "number": column(device, "int32", drawn(data, rows, st.integers(-1, 1))),
    }
    kinds = data.draw(st.sampled_from([ELEMENTS, WILD]))
    element = data.draw(st.sampled_from(sorted(kinds)))
    values = column(device, element, drawn(data, rows, kinds[element]))
    wanted = OPERATIONS if kinds is WILD else (*OPERATIONS, "sum")
    asks = [Ask(operation, values, operation) for operation in wanted]

    found, expected = few_groups(device, keys, asks), device.group(keys, asks)

    by = [pl.col(name) for name in keys]
    assert found is not None
    assert_frame_equal(
        expected.sort(by), found.sort(by), check_dtypes=False, check_exact=True
    )


def test_more_groups_than_fit_are_left(device):
    """
    The table is small; nothing of what was begun is used.
    """
    numbers = column(device, "int64", list(range(200_000)))

    assert few_groups(device, {"n": numbers}, [Ask("rows", numbers, "rows")]) is None


@pytest.mark.parametrize("operation", ["first", "last", "variance"])
def test_other_questions_are_left(device, operation):
    """
    cuDF answers them.
    """
    numbers = column(device, "int64", [1, 2])

    assert few_groups(device, {"n": numbers}, [Ask("a", numbers, operation)]) is None


def test_neighbours_in_the_table_are_told_apart(device):
    """
    Thousands of groups are not one row too few or too many, also where their slots lie
    side by side.
    """
    keys = [f"key {number % 5000}" for number in range(50_000)]
    named = column(device, "string", keys)
    numbers = column(device, "int64", list(range(50_000)))

    found = few_groups(device, {"k": named}, [Ask("sum", numbers, "sum")])

    assert found is not None
    expected = {f"key {n}": sum(range(n, 50_000, 5000)) for n in range(5000)}
    assert expected == dict(found.rows())
