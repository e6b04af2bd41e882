"""
The functions: what they take, and the type of what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from ingestd.run.transform import types
from ingestd.run.transform.arithmetic import INTERVAL
from ingestd.run.transform.conversion import (
    Given,
    Mismatch,
    can_cast,
    converted,
    unified,
)
from ingestd.run.transform.literals import (
    NotOne,
    field,
    length,
    moment,
    truncate_unit,
    zone,
)
from ingestd.run.transform.pattern import BadPattern, like, regular
from ingestd.run.transform.tree import Call, Literal, Node, Op, Value

Signature = Callable[[Sequence[Given]], Node]

_MOST_PLACES: Final = 38
_EPOCH: Final = date(1970, 1, 1).toordinal()
_MONDAY: Final = datetime(2000, 1, 3)  # noqa: DTZ001 - naive by meaning
_CENTURY: Final = datetime(2000, 1, 1)  # noqa: DTZ001


def _number(operand: Given, index: int = 0) -> str:
    if not types.is_number(operand.type):
        raise Mismatch(f"expected a number; this is {operand.type}", index)
    return operand.type


def _text(operand: Given, index: int = 0) -> Node:
    if operand.type not in (types.TEXT, types.NULL):
        message = f"expected text; this is {operand.type}, see cast"
        raise Mismatch(message, index)
    return converted(operand.node, types.TEXT)


def _constant(operands: Sequence[Given], index: int) -> str:
    text = operands[index].text
    if text is None:
        raise Mismatch("expected text in single quotes", index)
    return text


def _round(operands: Sequence[Given]) -> Node:
    kind = _number(operands[0])
    places = 0
    if len(operands) > 1:
        given = operands[1].number
        if given is None or abs(given) > _MOST_PLACES:
            raise Mismatch(f"expected a number of at most {_MOST_PLACES} digits", 1)
        places = given
    node = operands[0].node
    if types.is_integer(kind) and not types.is_signed(kind):
        kind = types.common(kind, "int64") or ""
        if kind != "int64":
            raise Mismatch("expected a signed number; cast to decimal(20,0)")
        node = converted(node, kind)
    if types.is_decimal(kind):
        precision, scale = types.digits(kind)
        if places >= scale:
            return Call(Op.ROUND, (node,), kind, (scale,))
        kept = max(places, 0)
        # Rounding up may give one digit more.
        precision = max(precision, precision - scale + 1 + kept)
        kind = types.decimal(min(precision, types.MAX_DIGITS), kept)
    return Call(Op.ROUND, (node,), kind, (places,))


def _abs(operands: Sequence[Given]) -> Node:
    return Call(Op.ABS, (operands[0].node,), _number(operands[0]))


def _whole(op: Op) -> Signature:
    def signature(operands: Sequence[Given]) -> Node:
        kind, node = _number(operands[0]), operands[0].node
        if types.is_integer(kind):
            kind = types.FLOAT64
            node = converted(node, kind)
        elif types.is_decimal(kind):
            kind = types.decimal(types.digits(kind)[0], 0)
        return Call(op, (node,), kind)

    return signature


def _case(op: Op) -> Signature:
    def signature(operands: Sequence[Given]) -> Node:
        return Call(op, (_text(operands[0]),), types.TEXT)

    return signature


def _trim(op: Op) -> Signature:
    def signature(operands: Sequence[Given]) -> Node:
        characters = _constant(operands, 1) if len(operands) > 1 else " "
        return Call(op, (_text(operands[0]),), types.TEXT, (characters,))

    return signature


def _substr(operands: Sequence[Given]) -> Node:
    args = [_text(operands[0])]
    for index, operand in enumerate(operands[1:], 1):
        kind = operand.type
        if kind != types.NULL and types.common(kind, "int64") != "int64":
            raise Mismatch(f"expected a whole number; this is {kind}", index)
        args.append(converted(operand.node, "int64"))
    return Call(Op.SUBSTR, tuple(args), types.TEXT)


def _replace(operands: Sequence[Given]) -> Node:
    what, by = _constant(operands, 1), _constant(operands, 2)
    return Call(Op.REPLACE, (_text(operands[0]),), types.TEXT, (what, by))


def _concat(op: Op) -> Signature:
    def signature(operands: Sequence[Given]) -> Node:
        for index, operand in enumerate(operands):
            if not can_cast(operand.type, types.TEXT):
                raise Mismatch(f"no text of {operand.type}; cast to decimal", index)
        args = tuple(converted(operand.node, types.TEXT) for operand in operands)
        return Call(op, args, types.TEXT)

    return signature


def _like(operands: Sequence[Given]) -> Node:
    pattern = _constant(operands, 1)
    escape = _constant(operands, 2) if len(operands) > len("xy") else ""
    if len(escape) > 1:
        raise Mismatch("expected one character", 2)
    try:
        like(pattern, escape)
    except BadPattern as error:
        raise Mismatch(str(error), 1) from error
    node = _text(operands[0])
    return Call(Op.LIKE, (node,), types.BOOL, (pattern, escape))


def _matches(operands: Sequence[Given]) -> Node:
    flags = _constant(operands, 2) if len(operands) > len("xy") else "c"
    if flags not in ("i", "c"):
        raise Mismatch("expected 'i' (upper and lower case alike) or 'c'", 2)
    pattern = _constant(operands, 1)
    try:
        written = regular(pattern)
    except BadPattern as error:
        message = f"{error}, at character {error.at + 1} of the pattern"
        raise Mismatch(message, 1) from error
    if flags == "i":
        written = f"(?i){written}"
    return Call(Op.MATCHES, (_text(operands[0]),), types.BOOL, (written,))


def _coalesce(operands: Sequence[Given]) -> Node:
    kind, nodes = unified(operands)
    return Call(Op.COALESCE, nodes, kind)


def _moment(operand: Given, index: int) -> Node:
    """
    Return a moment; of nanoseconds, DuckDB keeps the microseconds in these functions.
    """
    if operand.type not in types.TEMPORAL:
        message = f"expected a date or timestamp; this is {operand.type}"
        raise Mismatch(message, index)
    if operand.type == types.TIMESTAMP_NS:
        return converted(operand.node, types.TIMESTAMP)
    return operand.node


def _date_trunc(operands: Sequence[Given]) -> Node:
    try:
        unit = truncate_unit(_constant(operands, 0))
    except NotOne as error:
        raise Mismatch(str(error), 0) from error
    node = _moment(operands[1], 1)
    if node.type == types.DATE:
        node = converted(node, types.TIMESTAMP)
    return Call(Op.TRUNCATE, (node,), node.type, (unit,))


def _extract(operands: Sequence[Given]) -> Node:
    try:
        part = field(_constant(operands, 0))
    except NotOne as error:
        raise Mismatch(str(error), 0) from error
    kind = types.FLOAT64 if part == "epoch" else "int64"
    node = _moment(operands[1], 1)
    if node.type == types.DATE:
        node = converted(node, types.TIMESTAMP)
    return Call(Op.EXTRACT, (node,), kind, (part,))


def _time_bucket(operands: Sequence[Given]) -> Node:
    if operands[0].type != INTERVAL:
        raise Mismatch("expected interval '15 minutes'", 0)
    try:
        width = length(operands[0].text or "")
    except NotOne as error:
        raise Mismatch(str(error), 0) from error
    if (width.months != 0) == (width.micros != 0) or min(width.months, width.micros):
        message = "expected a length above zero, of months or of shorter units"
        raise Mismatch(message, 0)
    node = _moment(operands[1], 1)
    kind = node.type
    if kind == types.DATE:
        node = converted(node, types.TIMESTAMP)
    origin = _MONDAY if width.micros else _CENTURY
    if len(operands) > len("xy"):
        origin = _origin(operands[2], kind)
    begin = _since_epoch(origin, months=bool(width.months))
    given = (width.months, width.micros, begin)
    found = Call(Op.BUCKET, (node,), node.type, given)
    return converted(found, kind)


def _origin(operand: Given, kind: str) -> datetime:
    value: Value = operand.node.value if isinstance(operand.node, Literal) else None
    if operand.text is not None:
        try:
            value = moment(operand.text, kind)
        except NotOne as error:
            raise Mismatch(str(error), 2) from error
    if isinstance(value, datetime) and kind != types.DATE:
        zoned = value.tzinfo is not None
        if zoned == (kind == types.TIMESTAMP_TZ):
            return value.astimezone(UTC).replace(tzinfo=None) if zoned else value
    elif isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    raise Mismatch(f"expected a constant origin, {kind} '2000-01-03'", 2)


def _since_epoch(origin: datetime, *, months: bool) -> int:
    if months:
        return (origin.year - 1970) * 12 + origin.month - 1
    seconds = (origin.toordinal() - _EPOCH) * 86_400
    seconds += origin.hour * 3600 + origin.minute * 60 + origin.second
    return seconds * 1_000_000 + origin.microsecond


def _at_time_zone(operands: Sequence[Given]) -> Node:
    try:
        name = zone(_constant(operands, 1))
    except NotOne as error:
        raise Mismatch(str(error), 1) from error
    node, kind = operands[0].node, operands[0].type
    if kind == types.TIMESTAMP_TZ:
        return Call(Op.TO_LOCAL, (node,), types.TIMESTAMP, (name,))
    if kind == types.TIMESTAMP:
        return Call(Op.FROM_LOCAL, (node,), types.TIMESTAMP_TZ, (name,))
    raise Mismatch(f"expected a timestamp; this is {kind}, see cast", 0)


SIGNATURES: Final[dict[str, Signature]] = {
    "round": _round,
    "abs": _abs,
    "floor": _whole(Op.FLOOR),
    "ceil": _whole(Op.CEIL),
    "ceiling": _whole(Op.CEIL),
    "lower": _case(Op.LOWER),
    "upper": _case(Op.UPPER),
    "trim": _trim(Op.TRIM),
    "ltrim": _trim(Op.LTRIM),
    "rtrim": _trim(Op.RTRIM),
    "substr": _substr,
    "substring": _substr,
    "replace": _replace,
    "concat": _concat(Op.CONCAT),
    "||": _concat(Op.JOIN),
    "like": _like,
    "regexp_matches": _matches,
    "coalesce": _coalesce,
    "date_trunc": _date_trunc,
    "extract": _extract,
    "date_part": _extract,
    "time_bucket": _time_bucket,
    "at time zone": _at_time_zone,
}
