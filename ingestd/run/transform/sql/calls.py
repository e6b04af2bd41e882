"""
Functions and casts.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from ingestd.run.transform.sql.operators import binary
from ingestd.run.transform.sql.walk import Handlers, Walk, call
from ingestd.run.transform.syntax import Kind, Syntax

_FUNCTIONS: Final[dict[type[exp.Expr], tuple[str, ...]]] = {
    exp.Round: ("this", "decimals", "truncate"),
    exp.Abs: ("this",),
    exp.Floor: ("this", "decimals"),
    exp.Ceil: ("this", "decimals"),
    exp.Lower: ("this",),
    exp.Upper: ("this",),
    exp.Trim: ("this", "expression"),
    exp.Substring: ("this", "start", "length"),
    exp.Replace: ("this", "expression", "replacement"),
    exp.Concat: ("expressions",),
    exp.RegexpLike: ("this", "expression", "flag"),
    exp.Coalesce: ("this", "expressions"),
    exp.DateBin: ("this", "expression", "unit"),
    exp.TimestampTrunc: ("unit", "this"),
    exp.DateTrunc: ("unit", "this"),
    exp.Mod: ("this", "expression"),
    exp.Anonymous: ("expressions",),
}


def _function(walk: Walk, node: exp.Expr) -> Syntax:
    tokens, at = walk.tokens, walk.tokens.at
    if not tokens.sees_call():
        raise walk.unknown(node)
    name = tokens.take_any("a function").word
    tokens.take("(")
    if isinstance(node, exp.Trim) and not _plain_trim(walk, node):
        raise walk.error("expected trim(text) or trim(text, characters)", at)
    args: list[exp.Expr | None] = []
    for key in _FUNCTIONS[type(node)]:
        value = node.args.get(key)
        args += value if isinstance(value, list) else [value]
    return call(name, at, *_arguments(walk, [a for a in args if a is not None]))


def _plain_trim(walk: Walk, node: exp.Trim) -> bool:
    words = ("both", "leading", "trailing")
    return not any(walk.tokens.sees(word) for word in words) or node.this is None


def _arguments(walk: Walk, nodes: list[exp.Expr]) -> list[Syntax]:
    """
    Visit *nodes*; where sqlglot made a word of a text, take the text.
    """
    found = []
    for index, node in enumerate(nodes):
        if index:
            walk.tokens.take(",")
        if isinstance(node, exp.Var):
            token = walk.tokens.take_any("text")
            if not token.word.startswith("'"):
                raise walk.error("expected text in single quotes", token.start)
            found.append(Syntax(Kind.TEXT, token.start, token.value))
        else:
            found.append(walk.visit(node))
    walk.tokens.take(")")
    return found


def _remainder(walk: Walk, node: exp.Mod) -> Syntax:
    if walk.tokens.sees("mod", "("):
        return _function(walk, node)
    return binary(walk, node)


def _extract(walk: Walk, node: exp.Extract) -> Syntax:
    at = walk.tokens.take("extract", "(")
    field = walk.tokens.take_any("a field")
    walk.tokens.take("from")
    value = walk.visit(node.expression)
    walk.tokens.take(")")
    part = Syntax(Kind.TEXT, field.start, field.value)
    return call("extract", at, part, value)


def _cast(walk: Walk, node: exp.Cast) -> Syntax:
    tokens = walk.tokens
    if tokens.sees("cast", "("):
        tokens.take("cast", "(")
        value = walk.visit(node.this)
        tokens.take("as")
        name, at = _type(walk)
        tokens.take(")")
        return Syntax(Kind.CAST, at, name, (value,))
    typed = node.this
    if isinstance(typed, exp.Literal) and not tokens.sees("'"):
        name, at = _prefix_type(walk, typed)
        if name:
            return Syntax(Kind.CAST, at, name, (walk.visit(typed),))
    value = walk.visit(typed)
    tokens.take("::")
    name, at = _type(walk)
    return Syntax(Kind.CAST, at, name, (value,))


def _prefix_type(walk: Walk, literal: exp.Literal) -> tuple[str, int]:
    """
    Take the type before *literal*, as in ``date '2026-01-31'``, if there is one.
    """
    for word in ("date", "timestamp", "timestamptz"):
        if literal.is_string and walk.tokens.sees(word):
            return word, walk.tokens.take(word)
    return "", 0


def _type(walk: Walk) -> tuple[str, int]:
    token = walk.tokens.take_any("a type")
    name = token.word
    if name == "timestamp" and walk.tokens.sees("with"):
        walk.tokens.take("with", "time", "zone")
        name = "timestamp with time zone"
    if walk.tokens.sees("("):
        walk.tokens.take("(")
        numbers = [walk.tokens.take_any("a number").word]
        while walk.tokens.sees(","):
            walk.tokens.take(",")
            numbers.append(walk.tokens.take_any("a number").word)
        walk.tokens.take(")")
        name += f"({','.join(numbers)})"
    return name, token.start


CALLS: Final[Handlers] = {
    **dict.fromkeys(_FUNCTIONS, _function),
    exp.Mod: _remainder,
    exp.Extract: _extract,
    exp.Cast: _cast,
}
