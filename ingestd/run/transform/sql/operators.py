"""
Operators, and constructs of several words.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from ingestd.run.transform.sql.walk import Handlers, Walk, call
from ingestd.run.transform.syntax import Kind, Syntax

_BINARY: Final[dict[type[exp.Expr], tuple[str, ...]]] = {
    exp.Add: ("+",),
    exp.Sub: ("-",),
    exp.Mul: ("*",),
    exp.Div: ("/",),
    exp.IntDiv: ("//",),
    exp.Mod: ("%",),
    exp.EQ: ("=", "=="),
    exp.NEQ: ("<>", "!="),
    exp.LT: ("<",),
    exp.LTE: ("<=",),
    exp.GT: (">",),
    exp.GTE: (">=",),
    exp.And: ("and",),
    exp.Or: ("or",),
    exp.DPipe: ("||",),
}


def binary(walk: Walk, node: exp.Expr) -> Syntax:
    """
    Return the syntax of an operator between two operands; it is the place.
    """
    left = walk.visit(node.this)
    words = _BINARY[type(node)]
    word = next((w for w in words if walk.tokens.sees(w)), words[0])
    at = walk.tokens.take(word)
    return call(words[0], at, left, walk.visit(node.args["expression"]))


def _negative(walk: Walk, node: exp.Neg) -> Syntax:
    at = walk.tokens.take("-")
    return call("negate", at, walk.visit(node.this))


def _not(walk: Walk, node: exp.Not) -> Syntax:
    inner = node.this
    if walk.tokens.sees("not"):
        at = walk.tokens.take("not")
        return call("not", at, walk.visit(inner))
    if isinstance(inner, exp.Is):
        return _is(walk, inner, negated=True)
    if isinstance(inner, exp.In):
        return _in(walk, inner, negated=True)
    if isinstance(inner, exp.Between):
        return _between(walk, inner, negated=True)
    if isinstance(inner, exp.Like | exp.Escape):
        return _like(walk, inner, negated=True)
    raise walk.tokens.unexpected("not")


def _is(walk: Walk, node: exp.Is, *, negated: bool = False) -> Syntax:
    value = walk.visit(node.this)
    at = walk.tokens.take("is")
    negated = negated or walk.tokens.sees("not")
    if negated:
        walk.tokens.take("not")
    wanted = walk.tokens.take_any("null, true or false").word
    if wanted not in ("null", "true", "false"):
        raise walk.error("expected is null, is true or is false", at)
    return _maybe_not(call(f"is {wanted}", at, value), negated=negated)


def _in(walk: Walk, node: exp.In, *, negated: bool = False) -> Syntax:
    value = walk.visit(node.this)
    at = _negatable(walk, "in", negated=negated)
    walk.tokens.take("(")
    choices = walk.listed(node.args.get("expressions") or [])
    return _maybe_not(call("in", at, value, *choices), negated=negated)


def _between(walk: Walk, node: exp.Between, *, negated: bool = False) -> Syntax:
    value = walk.visit(node.this)
    at = _negatable(walk, "between", negated=negated)
    low = walk.visit(node.args["low"])
    walk.tokens.take("and")
    high = walk.visit(node.args["high"])
    found = call("between", at, value, low, high)
    return _maybe_not(found, negated=negated)


def _like(walk: Walk, node: exp.Like | exp.Escape, *, negated: bool = False) -> Syntax:
    escape = node.expression if isinstance(node, exp.Escape) else None
    like = node.this if isinstance(node, exp.Escape) else node
    if not isinstance(like, exp.Like):
        raise walk.unknown(like)
    value = walk.visit(like.this)
    negated = negated or bool(like.args.get("negate"))
    at = _negatable(walk, "like", negated=negated)
    args = [value, walk.visit(like.expression)]
    if escape is not None:
        walk.tokens.take("escape")
        args.append(walk.visit(escape))
    return _maybe_not(call("like", at, *args), negated=negated)


def _negatable(walk: Walk, word: str, *, negated: bool) -> int:
    return walk.tokens.take("not", word) if negated else walk.tokens.take(word)


def _case(walk: Walk, node: exp.Case) -> Syntax:
    at = walk.tokens.take("case")
    subject = walk.visit(node.this) if node.this is not None else None
    args = []
    for branch in node.args["ifs"]:
        when = walk.tokens.take("when")
        condition = walk.visit(branch.this)
        if subject is not None:
            condition = call("=", when, subject, condition)
        walk.tokens.take("then")
        args += [condition, walk.visit(branch.args["true"])]
    if walk.tokens.sees("else"):
        walk.tokens.take("else")
        args.append(walk.visit(node.args["default"]))
    else:
        args.append(Syntax(Kind.NULL, walk.tokens.at))
    walk.tokens.take("end")
    return Syntax(Kind.CASE, at, None, tuple(args))


def _at_time_zone(walk: Walk, node: exp.AtTimeZone) -> Syntax:
    value = walk.visit(node.this)
    at = walk.tokens.take("at", "time", "zone")
    return call("at time zone", at, value, walk.visit(node.args["zone"]))


def _maybe_not(node: Syntax, *, negated: bool) -> Syntax:
    return call("not", node.at, node) if negated else node


OPERATORS: Final[Handlers] = {
    **dict.fromkeys(_BINARY, binary),
    exp.Neg: _negative,
    exp.Not: _not,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.Escape: _like,
    exp.Case: _case,
    exp.AtTimeZone: _at_time_zone,
}
