"""
Parse one expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token as SqlToken

from ingestd.run.transform.sql.calls import CALLS
from ingestd.run.transform.sql.leaves import LEAVES
from ingestd.run.transform.sql.operators import OPERATORS
from ingestd.run.transform.sql.tokens import Token, Tokens
from ingestd.run.transform.sql.walk import Walk
from ingestd.run.transform.syntax import ExpressionError, Syntax

_DIALECT: Final = "duckdb"
_MOST_CHARACTERS: Final = 10_000
_HANDLERS: Final = {**LEAVES, **OPERATORS, **CALLS}


def parse(text: str) -> Syntax:
    """
    Return the syntax of *text*; raise ExpressionError where it is none.
    """
    if len(text) > _MOST_CHARACTERS:
        message = f"expected at most {_MOST_CHARACTERS} characters"
        raise ExpressionError(message, text[:_MOST_CHARACTERS], 0)
    try:
        found = sqlglot.tokenize(text, dialect=_DIALECT)
    except TokenError as error:
        at = _unclosed(text)
        raise ExpressionError("a quote is not closed", text, at) from error
    if not found:
        raise ExpressionError("expected an expression", text, 0)
    try:
        tree = sqlglot.parse_one(text, dialect=_DIALECT, into=exp.Condition)
    except ParseError as error:
        raise _syntax_error(error, text, found) from error
    except RecursionError as error:
        raise ExpressionError("nested too deeply", text, 0) from error
    tokens = [
        Token(text[t.start : t.end + 1].lower(), t.text, t.start, t.end + 1)
        for t in found
    ]
    walk = Walk(Tokens(text, tokens), _HANDLERS)
    syntax = walk.visit(tree)
    walk.tokens.finish()
    return syntax


def _unclosed(text: str) -> int:
    """
    Return the place of the first quote without an end.
    """
    at = 0
    while at < len(text):
        mark = text[at]
        if mark in "'\"":
            end = text.find(mark, at + 1)
            if end < 0:
                return at
            at = end
        at += 1
    return 0


def _syntax_error(
    error: ParseError, text: str, tokens: Sequence[SqlToken]
) -> ExpressionError:
    """
    Return what sqlglot's *error* says, for the token that it stopped at.
    """
    said = error.errors[0] if error.errors else {}
    place = (said.get("line"), said.get("col"))
    token = next((t for t in tokens if (t.line, t.col) == place), None)
    if token is None:
        return ExpressionError("expected one SQL expression", text, 0)
    # It names the last token where something is missing behind it.
    if token is tokens[-1] and "Unexpected" not in str(said.get("description")):
        return ExpressionError("the expression is cut off", text, token.end + 1)
    shown = text[token.start : token.end + 1]
    return ExpressionError(f"did not expect {shown}", text, token.start)
