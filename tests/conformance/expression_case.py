"""
What a case of the expressions is.

Dates, timestamps and decimals are written as text, in values and in results.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

ERROR: Final = "<error>"
NAN, INF = math.nan, math.inf
T, F, N = True, False, None


class Case(NamedTuple):
    """
    An expression on the column x of type *kind*, with *values*; what it gives.
    """

    text: str
    kind: str
    values: list[Any]
    expected: list[Any]


class Deviation(NamedTuple):
    """
    A case for which DuckDB gives *theirs*.
    """

    case: Case
    theirs: list[Any]
