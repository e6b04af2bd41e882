"""
The types of ``+ - * / // %``: those of DuckDB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ingestd.run.transform import types
from ingestd.run.transform.conversion import (
    Given,
    Mismatch,
    converted,
    natural,
    no_common,
)
from ingestd.run.transform.literals import NotOne, length
from ingestd.run.transform.tree import Call, Node, Op

INTERVAL: Final = "interval"
_OPERATOR: Final = -1
_MACHINE_DIGITS: Final = 18


def arithmetic(op: Op, operands: Sequence[Given]) -> Node:
    """
    Return *op* of two *operands*; raise Mismatch.
    """
    left, right = operands
    if left.type in types.TEMPORAL or right.type in types.TEMPORAL:
        return _moved(op, left, right)
    for index, operand in enumerate(operands):
        if operand.type != types.NULL and not types.is_number(operand.type):
            raise Mismatch(f"expected a number; this is {operand.type}", index)
    one, other = natural(left, right.type), natural(right, left.type)
    one, other = (
        (other if one == types.NULL else one),
        (one if other == types.NULL else other),
    )
    if one == types.NULL:
        raise Mismatch("null has no type here; write cast(null as …)")
    kind, wanted = _result(op, one, other)
    nodes = (converted(left.node, wanted[0]), converted(right.node, wanted[1]))
    return Call(op, nodes, kind)


def negated(operand: Given) -> Node:
    """
    Return minus *operand*; raise Mismatch.
    """
    if not types.is_number(operand.type):
        raise Mismatch(f"expected a number; this is {operand.type}")
    return Call(Op.NEGATE, (operand.node,), operand.type)


def _result(op: Op, one: str, other: str) -> tuple[str, tuple[str, str]]:
    """
    Return the type of the result and those that the operands are converted to.
    """
    if types.is_integer(one) and types.is_integer(other) and op is not Op.DIVIDE:
        found = types.sum_integer(one, other)
        if found is None:
            raise Mismatch(no_common(one, other), _OPERATOR)
        return found, (found, found)
    if types.FLOAT64 in (one, other):
        return types.FLOAT64, (types.FLOAT64, types.FLOAT64)
    if types.FLOAT32 in (one, other):
        return types.FLOAT32, (types.FLOAT32, types.FLOAT32)
    if op in (Op.DIVIDE, Op.DIVIDE_WHOLE):
        return types.FLOAT64, (types.FLOAT64, types.FLOAT64)
    return _decimal(op, one, other)


def _decimal(op: Op, one: str, other: str) -> tuple[str, tuple[str, str]]:
    (p1, s1), (p2, s2) = types.digits(one), types.digits(other)
    if op is Op.MULTIPLY:
        scale = s1 + s2
        if scale > types.MAX_DIGITS:
            message = f"the product has {scale} digits after the point; cast one"
            raise Mismatch(message, _OPERATOR)
        precision = p1 + p2
        # As in DuckDB, operands that fit into 64 bits give a product that does.
        if scale < _MACHINE_DIGITS and max(p1, p2) <= _MACHINE_DIGITS:
            precision = min(precision, _MACHINE_DIGITS)
        kind = types.decimal(min(precision, types.MAX_DIGITS), scale)
        return kind, (types.decimal(p1, s1), types.decimal(p2, s2))
    scale, whole = max(s1, s2), max(p1 - s1, p2 - s2)
    precision = whole + scale + (op is not Op.REMAINDER)
    if op is Op.REMAINDER and precision > types.MAX_DIGITS:
        raise Mismatch(no_common(one, other), _OPERATOR)
    kind = types.decimal(min(precision, types.MAX_DIGITS), scale)
    return kind, (kind, kind)


def _moved(op: Op, left: Given, right: Given) -> Node:
    """
    Return a moment moved by an interval, a date by days, or the days between dates.
    """
    if op is Op.ADD and left.type not in types.TEMPORAL:
        left, right = right, left
    if op not in (Op.ADD, Op.SUBTRACT) or left.type not in types.TEMPORAL:
        raise Mismatch(f"no {op} of {left.type} and {right.type}", _OPERATOR)
    if right.type == INTERVAL:
        return _shifted(op, left, right)
    if left.type == types.DATE and right.type == types.DATE and op is Op.SUBTRACT:
        return Call(Op.DAYS_BETWEEN, (left.node, right.node), "int64")
    days = natural(right, "int32")
    if left.type == types.DATE and types.common(days, "int32") == "int32":
        number = converted(right.node, "int32")
        if op is Op.SUBTRACT:
            number = Call(Op.NEGATE, (number,), "int32")
        return Call(Op.ADD_DAYS, (left.node, number), types.DATE)
    message = f"no {op} of {left.type} and {right.type}; expected interval '…'"
    raise Mismatch(message, _OPERATOR)


def _shifted(op: Op, left: Given, right: Given) -> Node:
    if left.type == types.TIMESTAMP_NS:
        raise Mismatch("expected a timestamp; cast timestamp(ns) first", _OPERATOR)
    target = types.TIMESTAMP if left.type == types.DATE else left.type
    try:
        by = length(right.text or "")
    except NotOne as error:
        raise Mismatch(str(error), _OPERATOR) from error
    sign = -1 if op is Op.SUBTRACT else 1
    moment = converted(left.node, target)
    return Call(Op.SHIFT, (moment,), target, (sign * by.months, sign * by.micros))
