"""
What the compiler of one operation gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from ingestd.run.transform.tree import Call


@dataclass(frozen=True, slots=True)
class Result:
    """
    The value of an operation, an expression that never raises.

    *fallible*: where it is null and no operand is, the operation has failed.
    """

    value: pl.Expr
    fallible: bool = False


Compiler = Callable[[Call, Sequence[pl.Expr]], Result]


def sure(value: pl.Expr) -> Result:
    """
    Return *value* of an operation that cannot fail.
    """
    return Result(value)


def failing(value: pl.Expr) -> Result:
    """
    Return *value* of an operation that fails where it is null without a null operand.
    """
    return Result(value, fallible=True)
