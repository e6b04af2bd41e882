"""
A checked expression: every node has a type, and every conversion is a node.

This is what the engines compile, and what travels to the workers: the parser is not
needed there. An engine handles each ``Op`` for operands that are of one type already
where ``check`` says so; see the table in docs/transform.md for meanings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Op(StrEnum):
    """
    The operations, and what ``Call.given`` holds beside the operands.
    """

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"  # floats
    DIVIDE_WHOLE = "//"  # integers, towards zero; floats: as /, zero is an error
    REMAINDER = "%"  # has the sign of the dividend
    NEGATE = "negate"
    EQUAL = "="
    UNEQUAL = "<>"
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    AND = "and"  # the right one counts where the left one is not false
    OR = "or"
    NOT = "not"
    IN = "in"  # the value, then the list
    IS_NULL = "is null"
    IS_TRUE = "is true"
    IS_FALSE = "is false"
    LIKE = "like"  # given: kind of pattern and text, see pattern.like
    MATCHES = "regexp_matches"  # given: the pattern in Rust's syntax
    CAST = "cast"
    COALESCE = "coalesce"
    ROUND = "round"  # given: digits after the point
    ABS = "abs"
    FLOOR = "floor"
    CEIL = "ceil"
    LOWER = "lower"
    UPPER = "upper"
    TRIM = "trim"  # given: characters
    LTRIM = "ltrim"
    RTRIM = "rtrim"
    SUBSTR = "substr"  # text, start, length; both int64
    REPLACE = "replace"  # given: what and by what
    CONCAT = "concat"  # nulls are left out
    JOIN = "||"  # null where one is
    TRUNCATE = "date_trunc"  # given: unit
    BUCKET = "time_bucket"  # given: months or microseconds, origin in the same
    EXTRACT = "extract"  # given: field
    SHIFT = "shift"  # given: months, microseconds
    ADD_DAYS = "add days"  # a date and int32
    DAYS_BETWEEN = "days between"
    TO_LOCAL = "to local"  # timestamp(tz) at time zone; given: the zone
    FROM_LOCAL = "from local"  # timestamp at time zone


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of the schema.
    """

    name: str
    type: str


Value = bool | int | float | str | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Literal:
    """
    A constant; None is the null of *type*.
    """

    value: Value
    type: str


@dataclass(frozen=True, slots=True)
class Call:
    """
    An operation on *args*; *given* are constants that are no operands.
    """

    op: Op
    args: tuple[Node, ...]
    type: str
    given: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """
    The result of the first of *branches* whose condition is true, else *otherwise*.
    """

    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node
    type: str


Node = Column | Literal | Call | Case


def inner(node: Node) -> Iterator[Node]:
    """
    Yield the nodes that *node* is made of.
    """
    match node:
        case Call(_, args):
            yield from args
        case Case(branches, otherwise):
            for branch in branches:
                yield from branch
            yield otherwise


def bottom_up(node: Node) -> list[Node]:
    """
    Return all nodes of *node*, each after those it is made of; without recursion.
    """
    found, waiting = [], [node]
    while waiting:
        last = waiting.pop()
        found.append(last)
        waiting.extend(inner(last))
    return found[::-1]


def columns_of(node: Node) -> Iterator[str]:
    """
    Yield the name of each column that *node* reads, as often as it does.
    """
    return (part.name for part in bottom_up(node) if isinstance(part, Column))


def size_of(node: Node) -> int:
    """
    Return the number of nodes.
    """
    return len(bottom_up(node))


def depth_of(node: Node) -> int:
    """
    Return the number of levels.
    """
    levels, at_level = 0, [node]
    while at_level:
        levels += 1
        at_level = [part for above in at_level for part in inner(above)]
    return levels
