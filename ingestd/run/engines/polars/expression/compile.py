"""
From checked trees to Polars expressions: a value, and whether the row is in error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Final

import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.arithmetic import ARITHMETIC
from ingestd.run.engines.polars.expression.casts import cast
from ingestd.run.engines.polars.expression.logic import LOGIC
from ingestd.run.engines.polars.expression.moments import MOMENTS
from ingestd.run.engines.polars.expression.outcome import Compiler
from ingestd.run.engines.polars.expression.text import TEXT
from ingestd.run.transform.tree import (
    Call,
    Case,
    Column,
    Literal,
    Node,
    Op,
    bottom_up,
    inner,
)

_COMPILERS: Final[dict[Op, Compiler]] = {
    Op.CAST: cast,
    **LOGIC,
    **ARITHMETIC,
    **TEXT,
    **MOMENTS,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Two expressions that never raise, on the frame that ``Program.applied`` returns.

    *value* is null where the row is in error. *error* is true there and never null;
    None where no row can be in error. *constant*: all rows have the same.
    """

    value: pl.Expr
    error: pl.Expr | None = None
    step: int = 0
    constant: bool = False


class Program:
    """
    Compiles the expressions of one frame.

    What is used more than once becomes a column of its own for a while: expressions
    hold each other whole, and would grow with each level. Equal parts are one column,
    and what has no column in it is computed once, not for each row.
    """

    def __init__(self, prefix: str = "ingestd:x") -> None:
        self._prefix = prefix
        self._steps: list[list[pl.Expr]] = []
        self._known: dict[Node, Outcome] = {}
        self._count = 0

    def applied(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """
        Return *frame* with the columns that the outcomes need.
        """
        return reduce(lambda found, step: found.with_columns(step), self._steps, frame)

    def outcome(self, node: Node) -> Outcome:
        """
        Return *node* as expressions; its columns must have the types it says.
        """
        for part in bottom_up(node):
            if part not in self._known:
                self._known[part] = self._folded(part) or self._compiled(part)
        return self._known[node]

    def _folded(self, node: Node) -> Outcome | None:
        """
        Return *node* computed, where it has no column in it; None where it has.
        """
        made_of = list(inner(node))
        if not made_of or not all(self._known[part].constant for part in made_of):
            return None
        alone = Program()
        alone._known = {part: self._known[part] for part in made_of}
        found = alone._compiled(node)
        one = alone.applied(pl.LazyFrame({self._prefix: [0]}))
        row = one.select(value=found.value, error=_flag(found.error)).collect()
        kind = row.schema["value"]
        if kind == pl.Datetime and getattr(kind, "time_unit", "") == "ns":
            return None  # Python has no such value
        error = pl.lit(value=True) if row["error"].item() else None
        return Outcome(pl.lit(row["value"].item(), dtype=kind), error, constant=True)

    def _compiled(self, node: Node) -> Outcome:
        match node:
            case Column(name):
                return Outcome(pl.col(name))
            case Literal(value, kind):
                return Outcome(pl.lit(value, dtype=data_type(kind)), constant=True)
            case Case():
                return self._case(node)
            case Call(Op.AND | Op.OR):
                return self._connected(node)
            case Call(Op.COALESCE):
                return self._coalesced(node)
            case Call():
                return self._called(node)

    def _operand(self, node: Node) -> Outcome:
        """
        Return *node* with a value that may be used many times.
        """
        found = self._known[node]
        if isinstance(node, Column) or found.constant:
            return found
        kept = self._kept(found)
        self._known[node] = kept
        return kept

    def _kept(self, found: Outcome) -> Outcome:
        """
        Return *found* with its value in a column.
        """
        if found.value.meta.is_column():
            return found
        while len(self._steps) <= found.step:
            self._steps.append([])
        name = f"{self._prefix}{self._count}"
        self._count += 1
        self._steps[found.step].append(found.value.alias(name))
        return Outcome(pl.col(name), found.error, found.step + 1)

    def _called(self, node: Call) -> Outcome:
        args = [self._operand(arg) for arg in node.args]
        result = _COMPILERS[node.op](node, [arg.value for arg in args])
        step = max(arg.step for arg in args)
        if not result.fallible:
            return Outcome(result.value, either(arg.error for arg in args), step)
        kept = self._kept(Outcome(result.value, None, step))
        given = (arg.value.is_not_null() for arg in args)
        own = kept.value.is_null() & reduce(lambda one, other: one & other, given)
        error = either([own, *(arg.error for arg in args)])
        return Outcome(kept.value, error, kept.step)

    def _connected(self, node: Call) -> Outcome:
        """
        Connect two conditions; where the left one decides, an error of the right one
        does not count.
        """
        left, right = (self._known[arg] for arg in node.args)
        if right.error is not None:
            left = self._operand(node.args[0])
        both = node.op is Op.AND
        value = left.value & right.value if both else left.value | right.value
        error = left.error
        if right.error is not None:
            decides = left.value.eq_missing(pl.lit(not both))
            error = either([error, ~decides & right.error])
        return Outcome(value, error, max(left.step, right.step))

    def _case(self, node: Case) -> Outcome:
        branches = [(self._operand(c), self._operand(r)) for c, r in node.branches]
        last = self._operand(node.otherwise)
        value, error, step = last.value, last.error, last.step
        # From the last one: a branch counts only where no earlier condition is true.
        for test, result in reversed(branches):
            value = pl.when(test.value).then(result.value).otherwise(value)
            if result.error is not None or error is not None:
                chosen = pl.when(test.value).then(_flag(result.error))
                error = chosen.otherwise(_flag(error))
            error = either([test.error, error])
            step = max(step, test.step, result.step)
        return Outcome(value, error, step)

    def _coalesced(self, node: Call) -> Outcome:
        args = [self._operand(arg) for arg in node.args]
        error = args[-1].error
        for arg in reversed(args[:-1]):
            later = None if error is None else arg.value.is_null() & error
            error = either([arg.error, later])
        value = pl.coalesce([arg.value for arg in args])
        return Outcome(value, error, max(arg.step for arg in args))


def either(errors: Iterable[pl.Expr | None]) -> pl.Expr | None:
    """
    Return the expression that is true where one of *errors* is.
    """
    present = [error for error in errors if error is not None]
    return reduce(lambda one, other: one | other, present) if present else None


def _flag(error: pl.Expr | None) -> pl.Expr:
    return pl.lit(value=False) if error is None else error
