"""
The difference of two versions of a schema, as data and as a line.
"""

from __future__ import annotations

import pytest

from ingestd.ledger.versions import Difference, difference
from ingestd.model import UNTYPED, Schema

CASES = {
    "nothing": ({"a": "int64"}, {"a": "int64"}, Difference(), ""),
    "another order": (
        {"a": "int64", "b": "bool"},
        {"b": "bool", "a": "int64"},
        Difference(),
        "",
    ),
    "added": (
        {"a": "int64"},
        {"a": "int64", "b": "bool", "c": "date"},
        Difference(added=(("b", "bool"), ("c", "date"))),
        "+b bool, +c date",
    ),
    "removed": (
        {"a": "int64", "b": "bool"},
        {"a": "int64"},
        Difference(removed=(("b", "bool"),)),
        "-b",
    ),
    "retyped": (
        {"a": "int64", "b": "bool"},
        {"a": "float64", "b": "bool"},
        Difference(retyped=(("a", "int64", "float64"),)),
        "a: int64 -> float64",
    ),
    "typed": (
        {"a": UNTYPED},
        {"a": "int64"},
        Difference(retyped=(("a", UNTYPED, "int64"),)),
        "a: null -> int64",
    ),
    "renamed": (
        {"a": "int64", "Temp ": "float64"},
        {"a": "int64", "temp": "float64"},
        Difference(renamed=(("Temp ", "temp"),)),
        "Temp  is now temp",
    ),
    "renamed and retyped": (
        {"Temp": "int64"},
        {"temp": "float64"},
        Difference(
            retyped=(("temp", "int64", "float64"),), renamed=(("Temp", "temp"),)
        ),
        "temp: int64 -> float64, Temp is now temp",
    ),
    "two that could be the renamed one": (
        {"Temp": "int64", "TEMP": "int64"},
        {"temp": "int64"},
        Difference(
            added=(("temp", "int64"),),
            removed=(("Temp", "int64"), ("TEMP", "int64")),
        ),
        "+temp int64, -Temp, -TEMP",
    ),
    "one in another case beside one that stays": (
        {"a": "int64"},
        {"a": "int64", "A": "int64"},
        Difference(added=(("A", "int64"),)),
        "+A int64",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_difference_of_two_versions(case):
    """
    Each column that differs is in one list, a renamed one that is retyped in two.
    """
    before, after, expected, line = CASES[case]

    found = difference(Schema(tuple(before.items())), Schema(tuple(after.items())))

    assert expected == found
    assert line == str(found)
