"""
Columns, constants, and what only holds others together.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from ingestd.run.transform.sql.tokens import Token
from ingestd.run.transform.sql.walk import Handlers, Walk
from ingestd.run.transform.syntax import Kind, Syntax


def _paren(walk: Walk, node: exp.Paren) -> Syntax:
    # Where an operand is an operation, sqlglot adds marks of its own.
    if not walk.tokens.sees("("):
        return walk.visit(node.this)
    walk.tokens.take("(")
    found = walk.visit(node.this)
    walk.tokens.take(")")
    return found


def _column(walk: Walk, node: exp.Column) -> Syntax:
    token = walk.tokens.take_any("a column")
    if node.args.get("table") is not None or not isinstance(node.this, exp.Identifier):
        raise walk.error("expected a column's name alone", token.start)
    if node.this.name != token.value:
        raise walk.error("expected a column", token.start)
    return Syntax(Kind.COLUMN, token.start, token.value)


def _literal(walk: Walk, node: exp.Literal) -> Syntax:
    token = walk.tokens.take_any("a value")
    if node.is_string:
        if not token.word.startswith("'"):
            raise walk.error("expected text in single quotes", token.start)
        return Syntax(Kind.TEXT, token.start, token.value)
    return _number(walk, token)


def _number(walk: Walk, token: Token) -> Syntax:
    word, at = token.word, token.start
    if not (word.isascii() and word[0].isdigit() and word[-1].isdigit()):
        raise walk.error("expected digits before and after the point", at)
    if "_" in word:
        raise walk.error("expected a number without _", at)
    if "e" in word:
        return Syntax(Kind.FLOAT, at, float(word))
    if "." in word:
        return Syntax(Kind.DECIMAL, at, word)
    return Syntax(Kind.INTEGER, at, int(word))


def _boolean(walk: Walk, node: exp.Boolean) -> Syntax:
    at = walk.tokens.take("true" if node.this else "false")
    return Syntax(Kind.BOOL, at, bool(node.this))


def _null(walk: Walk, _: exp.Null) -> Syntax:
    return Syntax(Kind.NULL, walk.tokens.take("null"))


def _interval(walk: Walk, node: exp.Interval) -> Syntax:
    at = walk.tokens.take("interval")
    if walk.tokens.sees("("):
        raise walk.error("expected a number or text after interval", at)
    text = walk.tokens.take_any("a length").value
    # '1' day: the unit is a word of its own.
    unit = node.args.get("unit")
    if unit is not None and not any(letter.isalpha() for letter in text):
        text += f" {walk.tokens.take_any('a unit').value}"
    return Syntax(Kind.INTERVAL, at, text)


LEAVES: Final[Handlers] = {
    exp.Paren: _paren,
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.Interval: _interval,
}
