"""
The section that makes groups of rows: keys, and metrics as pandas names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from ingestd.config.section import Section
from ingestd.config.values import Names, Text

Function = Literal[
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "var",
    "std",
    "first",
    "last",
    "n_unique",
    "median",
    "quantile",
]
FUNCTIONS: Final[tuple[str, ...]] = get_args(Function)
NUMERIC_FUNCTIONS: Final = frozenset(
    {"sum", "mean", "var", "std", "median", "quantile"}
)
EVERY_ROW: Final = "*"
_PAIR = 2


class Metric(Section):
    """
    One output column: *function* of *column*, with *arguments*.

    In the file: ``name = [column, function, arguments…]``.
    """

    name: Text
    column: Text
    function: Function
    arguments: Annotated[tuple[float, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.column == EVERY_ROW and self.function != "count":
            raise ValueError('expected a column: only count takes "*"')
        if self.function == "quantile":
            if len(self.arguments) != 1 or not 0 <= self.arguments[0] <= 1:
                raise ValueError("expected one number from 0 to 1 after quantile")
        elif self.arguments:
            raise ValueError(f"expected no arguments after {self.function}")
        return self


def _spell_out(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    return tuple(_metric(name, spec) for name, spec in value.items())


def _metric(name: object, spec: object) -> object:
    if not isinstance(spec, list | tuple) or len(spec) < _PAIR:
        return spec
    column, function, *arguments = spec
    return {
        "name": name,
        "column": column,
        "function": function,
        "arguments": arguments,
    }


Metrics = Annotated[
    tuple[Metric, ...], BeforeValidator(_spell_out), Field(strict=False)
]


class Aggregate(Section):
    """
    Group rows and write one row per group.
    """

    group_by: Annotated[Names, Field(min_length=1)] = Field(
        description="The key columns; output is sorted by them.",
        examples=[["device", "region"]],
    )
    mode: Literal["append", "complete"] = Field(
        default="append",
        description="each batch's groups, or running totals.",
    )
    metrics: Metrics = Field(
        default=(),
        description="name = [column, function, arguments…]; functions: "
        + " ".join(FUNCTIONS)
        + '. ["*", "count"] counts rows.',
    )
