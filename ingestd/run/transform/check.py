"""
From syntax to a typed tree: names, types and constants are checked here.

Where SQL's dialects differ, DuckDB's meaning is taken; where DuckDB converts what may
be a mistake (text to numbers, numbers to booleans, naive timestamps to zoned ones),
the user is asked to say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from ingestd.config.spelling import nearest
from ingestd.run.transform import types
from ingestd.run.transform.arithmetic import arithmetic, negated
from ingestd.run.transform.conversion import (
    Given,
    Mismatch,
    can_cast,
    converted,
    unified,
)
from ingestd.run.transform.functions import FUNCTIONS, why_not
from ingestd.run.transform.literals import NotOne, moment
from ingestd.run.transform.signatures import SIGNATURES
from ingestd.run.transform.syntax import ExpressionError, Kind, Syntax
from ingestd.run.transform.tree import (
    Call,
    Case,
    Literal,
    Node,
    Op,
    depth_of,
    size_of,
)

_COMPARISONS: Final = ("=", "<>", "<", "<=", ">", ">=")
_ARITHMETIC: Final = ("+", "-", "*", "/", "//", "%", "mod")
_OPERATORS: Final = ("||", "like", "extract", "at time zone")
_MOST_NODES: Final = 10_000
_MOST_LEVELS: Final = 200


def checked(syntax: Syntax, text: str, scope: Mapping[str, Node]) -> Node:
    """
    Return the tree of *syntax*, which was parsed from *text*.

    *scope* has the columns by name: those of the schema, and the trees of derived ones.
    Raises ExpressionError with the place.
    """
    checker = _Checker(text, scope)
    try:
        node = checker.check(syntax).node
    except RecursionError as error:
        raise ExpressionError("nested too deeply", text, syntax.at) from error
    if node.type == types.NULL:
        message = "null has no type here; write cast(null as …)"
        raise ExpressionError(message, text, syntax.at)
    if size_of(node) > _MOST_NODES or depth_of(node) > _MOST_LEVELS:
        message = f"too large: more than {_MOST_NODES} parts or {_MOST_LEVELS} levels"
        raise ExpressionError(message, text, 0)
    return node


class _Checker:
    """
    Checks one expression.
    """

    def __init__(self, text: str, scope: Mapping[str, Node]) -> None:
        self._text = text
        self._scope = scope
        self._kinds: dict[Kind, Callable[[Syntax], Given]] = {
            Kind.COLUMN: self._column,
            Kind.INTEGER: self._integer,
            Kind.DECIMAL: self._decimal,
            Kind.INTERVAL: self._interval,
            Kind.CAST: self._cast,
            Kind.CASE: self._case,
            Kind.CALL: self._call,
        }
        self._plain = {
            Kind.FLOAT: types.FLOAT64,
            Kind.TEXT: types.TEXT,
            Kind.BOOL: types.BOOL,
            Kind.NULL: types.NULL,
        }

    def check(self, syntax: Syntax) -> Given:
        """
        Return the checked operand that *syntax* is.
        """
        if syntax.kind in self._plain:
            literal = Literal(syntax.value, self._plain[syntax.kind])
            return Given(literal, constant=syntax.kind is Kind.TEXT)
        return self._kinds[syntax.kind](syntax)

    def _error(self, message: str, at: int) -> ExpressionError:
        return ExpressionError(message, self._text, at)

    def _column(self, syntax: Syntax) -> Given:
        name = str(syntax.value)
        if name in self._scope:
            return Given(self._scope[name])
        close = nearest(name, self._scope)
        hint = (
            f"did you mean {close!r}?"
            if close
            else f"there are {', '.join(self._scope)}"
        )
        raise self._error(f"no column {name!r}; {hint}", syntax.at)

    def _integer(self, syntax: Syntax) -> Given:
        return self._whole(int(syntax.value or 0), syntax.at)

    def _whole(self, value: int, at: int) -> Given:
        for kind in ("int32", "int64", "uint64"):
            low, high = types.bounds(kind)
            if low <= value <= high:
                return Given(Literal(value, kind), constant=True)
        raise self._error("expected a whole number of at most 64 bits", at)

    def _decimal(self, syntax: Syntax) -> Given:
        text = str(syntax.value)
        precision, scale = len(text) - 1, len(text) - text.index(".") - 1
        if precision > types.MAX_DIGITS:
            message = f"expected at most {types.MAX_DIGITS} digits"
            raise self._error(message, syntax.at)
        return Given(Literal(Decimal(text), types.decimal(precision, scale)))

    def _interval(self, syntax: Syntax) -> Given:
        message = "an interval stands in time_bucket, or after + or - of a moment"
        raise self._error(message, syntax.at)

    def _cast(self, syntax: Syntax) -> Given:
        (inner,) = syntax.args
        operand = self.check(inner)
        target = self._target(str(syntax.value), syntax.at)
        if not can_cast(operand.type, target):
            message = f"no cast from {operand.type} to {target}"
            if target == types.TEXT:
                message += "; cast to decimal first"
            raise self._error(message, syntax.at)
        if operand.text is not None and target in types.TEMPORAL:
            if target != types.TIMESTAMP_NS:
                return Given(self._moment(operand.text, target, inner.at))
        elif operand.number is None:
            return Given(converted(operand.node, target))
        # A number that was written is cast where the rows are: it may not fit.
        return Given(Call(Op.CAST, (operand.node,), target))

    def _target(self, name: str, at: int) -> str:
        if name.startswith(("decimal(", "numeric(")):
            numbers = name.split("(", 1)[1].removesuffix(")").split(",")
            numbers = numbers if len(numbers) > 1 else [*numbers, "0"]
            if len(numbers) == 2 and all(n.isdigit() for n in numbers):  # noqa: PLR2004
                precision, scale = int(numbers[0]), int(numbers[1])
                if 1 <= precision <= types.MAX_DIGITS and scale <= precision:
                    return types.decimal(precision, scale)
        found = types.named(name)
        if found is not None:
            return found
        if name == "int8":
            message = "int8 is 8 bytes in SQL and 8 bits here; write bigint or tinyint"
            raise self._error(message, at)
        close = nearest(name, types.TYPE_NAMES)
        hint = f"did you mean {close}? " if close else ""
        choices = " ".join(types.TYPE_NAMES)
        raise self._error(f"no type {name}; {hint}expected one of {choices}", at)

    def _moment(self, text: str, target: str, at: int) -> Literal:
        try:
            return Literal(moment(text, target), target)
        except NotOne as error:
            raise self._error(str(error), at) from error

    def _case(self, syntax: Syntax) -> Given:
        *branches, last = syntax.args
        conditions, results = branches[::2], [*branches[1::2], last]
        tests = [self._bool(condition) for condition in conditions]
        # What stands last has its say first, as in DuckDB.
        kind, (otherwise, *values) = self._unified([results[-1], *results[:-1]])
        pairs = tuple(zip(tests, values, strict=True))
        return Given(Case(pairs, otherwise, kind))

    def _bool(self, syntax: Syntax) -> Node:
        node = self.check(syntax).node
        if node.type not in (types.BOOL, types.NULL):
            message = f"expected a condition; this is {node.type}"
            raise self._error(message, syntax.at)
        return converted(node, types.BOOL)

    def _unified(self, syntaxes: list[Syntax]) -> tuple[str, tuple[Node, ...]]:
        operands = [self.check(syntax) for syntax in syntaxes]
        try:
            return unified(operands)
        except Mismatch as error:
            raise self._error(str(error), syntaxes[error.operand].at) from error

    def _call(self, syntax: Syntax) -> Given:
        name = str(syntax.value)
        if name in ("and", "or", "not"):
            args = tuple(self._bool(arg) for arg in syntax.args)
            return Given(Call(Op(name), args, types.BOOL))
        if name in _COMPARISONS:
            return self._compare(Op(name), syntax, list(syntax.args))
        if name == "between":
            return self._between(syntax)
        if name == "in":
            _, nodes = self._unified(list(syntax.args))
            return Given(Call(Op.IN, nodes, types.BOOL))
        if name.startswith("is "):
            return self._is(Op(name), syntax)
        return self._computed(name, syntax)

    def _compare(self, op: Op, syntax: Syntax, args: list[Syntax]) -> Given:
        operands = [self.check(arg) for arg in args]
        try:
            _, nodes = unified(operands)
        except Mismatch as error:
            raise self._error(str(error), syntax.at) from error
        return Given(Call(op, nodes, types.BOOL))

    def _between(self, syntax: Syntax) -> Given:
        # The type is one for all three, as in DuckDB.
        _, (value, low, high) = self._unified(list(syntax.args))
        least = Call(Op.GREATER_EQUAL, (value, low), types.BOOL)
        most = Call(Op.LESS_EQUAL, (value, high), types.BOOL)
        return Given(Call(Op.AND, (least, most), types.BOOL))

    def _is(self, op: Op, syntax: Syntax) -> Given:
        (inner,) = syntax.args
        if op is Op.IS_NULL:
            node = self.check(inner).node
            if node.type == types.NULL:
                node = Literal(None, types.BOOL)
        else:
            node = self._bool(inner)
        return Given(Call(op, (node,), types.BOOL))

    def _computed(self, name: str, syntax: Syntax) -> Given:
        self._counted(name, syntax)
        operands = [self._operand(arg) for arg in syntax.args]
        try:
            if name in _ARITHMETIC:
                return Given(arithmetic(Op("%" if name == "mod" else name), operands))
            if name == "negate":
                return self._negated(syntax, operands[0])
            return Given(SIGNATURES[name](operands))
        except Mismatch as error:
            at = syntax.args[error.operand].at if error.operand >= 0 else syntax.at
            raise self._error(str(error), at) from error

    def _operand(self, syntax: Syntax) -> Given:
        """
        Check an operand that may be an interval: its text is a constant then.
        """
        if syntax.kind is Kind.INTERVAL:
            return Given(Literal(str(syntax.value), "interval"), constant=True)
        return self.check(syntax)

    def _negated(self, syntax: Syntax, operand: Given) -> Given:
        if operand.number is not None:
            return self._whole(-operand.number, syntax.at)
        node = operand.node
        if isinstance(node, Literal) and isinstance(node.value, float | Decimal):
            return Given(Literal(-node.value, node.type))
        return Given(negated(operand))

    def _counted(self, name: str, syntax: Syntax) -> None:
        if name in _ARITHMETIC[:-1] or name in ("negate", *_OPERATORS):
            return
        if name not in FUNCTIONS:
            raise self._error(why_not(name), syntax.at)
        function, count = FUNCTIONS[name], len(syntax.args)
        most = count if function.most is None else function.most
        if not function.least <= count <= most:
            raise self._error(f"expected {function.usage}", syntax.at)
