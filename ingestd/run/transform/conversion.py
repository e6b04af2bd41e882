"""
Conversions between types: those that are asked for, and those that SQL does by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ingestd.run.transform import types
from ingestd.run.transform.literals import NotOne, moment
from ingestd.run.transform.tree import Call, Literal, Node, Op

_TEXTUAL: Final = (types.BOOL, *types.TEMPORAL)
_CASTS: Final = {
    types.DATE: (*types.MOMENTS, types.TEXT),
    types.TIMESTAMP: (types.DATE, types.TIMESTAMP_NS, types.TIMESTAMP_TZ, types.TEXT),
    types.TIMESTAMP_NS: (types.DATE, types.TIMESTAMP, types.TEXT),
    types.TIMESTAMP_TZ: (types.DATE, types.TIMESTAMP, types.TEXT),
}


class Mismatch(Exception):
    """
    Types that do not go together; *operand* is the index of the one at fault.
    """

    def __init__(self, message: str, operand: int = 0) -> None:
        super().__init__(message)
        self.operand = operand


@dataclass(frozen=True, slots=True)
class Given:
    """
    A checked operand; *constant* when it was written as a number or text.

    Such a constant takes the type of what it meets, where it fits.
    """

    node: Node
    constant: bool = False

    @property
    def type(self) -> str:
        """
        The type that it has by itself.
        """
        return self.node.type

    @property
    def number(self) -> int | None:
        """
        The value of a whole number that was written, None for all else.
        """
        node = self.node
        if self.constant and isinstance(node, Literal) and types.is_integer(node.type):
            return int(node.value) if isinstance(node.value, int) else None
        return None

    @property
    def text(self) -> str | None:
        """
        The value of a text that was written, None for all else.
        """
        value = self.node.value if isinstance(self.node, Literal) else None
        return value if self.constant and isinstance(value, str) else None


def can_cast(source: str, target: str) -> bool:
    """
    Tell whether ``cast`` takes *source* to *target*.
    """
    if source in (target, types.NULL):
        return True
    if source == types.TEXT:
        return True
    if source in _CASTS:
        return target in _CASTS[source]
    if source == types.BOOL:
        simple = types.is_integer(target) or target in types.FLOATS
        return simple or target == types.TEXT
    if target == types.TEXT:
        return source not in types.FLOATS
    return types.is_number(target) or target == types.BOOL


def converted(node: Node, target: str) -> Node:
    """
    Return *node* as *target*; constants become constants of it.
    """
    if node.type == target:
        return node
    if isinstance(node, Literal):
        if node.value is None:
            return Literal(None, target)
        if isinstance(node.value, int) and types.is_integer(target):
            return Literal(node.value, target)
        if _exact(node, target):
            return Literal(Decimal(str(node.value)), target)
    return Call(Op.CAST, (node,), target)


def _exact(node: Literal, target: str) -> bool:
    """
    Tell whether the number *node* is one of the decimal type *target*.
    """
    number = types.is_integer(node.type) or types.is_decimal(node.type)
    if not number or not types.is_decimal(target):
        return False
    (p1, s1), (p2, s2) = types.digits(node.type), types.digits(target)
    return s1 <= s2 and p1 - s1 <= p2 - s2


def unified(operands: Sequence[Given]) -> tuple[str, tuple[Node, ...]]:
    """
    Return the one type of *operands*, and them as that type; raise Mismatch.

    As in DuckDB, one after the other: a number that was written takes the type of the
    integer it meets, but not of one that follows two of them.
    """
    moments = [o.type for o in operands if _is_moment(o.type)]
    target, number = types.NULL, None
    for index, operand in enumerate(operands):
        if operand.text is not None and moments:
            continue
        beside = operand.type
        if index and operand.number is not None and number is None:
            beside = natural(operand, target)
        elif number is not None and operand.number is None:
            target = natural(number, beside)
        target = _joined(target, beside, index)
        number = operand if index == 0 and operand.number is not None else None
    nodes = tuple(_as(operand, target, i) for i, operand in enumerate(operands))
    return target, nodes


def natural(operand: Given, other: str) -> str:
    """
    Return the type of *operand* beside one of type *other*.

    A whole number that was written has the type of the integer beside it if it fits.
    """
    number = operand.number
    if number is None or not types.is_integer(other):
        return operand.type
    low, high = types.bounds(other)
    return other if low <= number <= high else operand.type


def _is_moment(target: str) -> bool:
    return target in (types.DATE, types.TIMESTAMP, types.TIMESTAMP_TZ)


def _joined(target: str, other: str, index: int) -> str:
    found = types.common(target, other)
    if found is None:
        raise Mismatch(no_common(target, other), index)
    return found


def no_common(one: str, other: str) -> str:
    """
    Return the sentence for two types without a common one, with what to do.
    """
    if types.is_number(one) and types.is_number(other):
        hint = "cast one of them"
    elif one in types.MOMENTS and other in types.MOMENTS:
        hint = "cast one, or use at time zone"
    else:
        hint = f"cast one, as in cast(… as {_sql(one)})"
    return f"{one} and {other} do not go together; {hint}"


def _sql(kind: str) -> str:
    """
    Return how SQL names *kind*.
    """
    names = {
        "int8": "tinyint",
        types.TEXT: "varchar",
        types.TIMESTAMP_NS: "timestamp_ns",
        types.TIMESTAMP_TZ: "timestamptz",
    }
    return names.get(kind, kind)


def _as(operand: Given, target: str, index: int) -> Node:
    text = operand.text
    if text is None or target == types.TEXT:
        return converted(operand.node, target)
    try:
        return Literal(moment(text, target), target)
    except NotOne as error:
        raise Mismatch(str(error), index) from error
