"""
Along sqlglot's tree, in the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlglot import exp

from ingestd.run.transform.functions import why_not
from ingestd.run.transform.sql.tokens import Tokens
from ingestd.run.transform.syntax import ExpressionError, Kind, Syntax

_MOST_DEPTH: Final = 100


class Walk:
    """
    Visits nodes, and takes their tokens: none may be left.

    *handlers* by the type of a node: each takes the node's tokens and returns its
    syntax.
    """

    def __init__(self, tokens: Tokens, handlers: Handlers) -> None:
        self.tokens = tokens
        self._handlers = handlers
        self._depth = 0

    def visit(self, node: exp.Expr) -> Syntax:
        """
        Return the syntax of *node*; raise ExpressionError where it is not understood.
        """
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self.error(f"more than {_MOST_DEPTH} levels", self.tokens.at)
        if self.tokens.sees("+"):
            raise self.error("expected no + before an operand", self.tokens.at)
        if type(node) not in self._handlers:
            raise self.unknown(node)
        found = self._handlers[type(node)](self, node)
        self._depth -= 1
        return found

    def error(self, message: str, at: int) -> ExpressionError:
        """
        Return the error *message* for the place *at*.
        """
        return ExpressionError(message, self.tokens.text, at)

    def unknown(self, node: exp.Expr) -> ExpressionError:
        """
        Return the error for a *node* that is not in the list: a function by its name,
        an operator by its place.
        """
        tokens = self.tokens
        if isinstance(node, exp.Binary) and not tokens.sees_call():
            self.visit(node.this)
        at = tokens.at
        called = tokens.sees_call()
        word = tokens.take_any("an expression").word
        if called or (isinstance(node, exp.Func) and word.isidentifier()):
            return self.error(why_not(word), at)
        return self.error(f"{word} is not in the list of expressions", at)

    def listed(self, nodes: list[exp.Expr]) -> list[Syntax]:
        """
        Return the syntax of *nodes* with commas between, and take what closes them.
        """
        found = []
        for index, node in enumerate(nodes):
            if index:
                self.tokens.take(",")
            found.append(self.visit(node))
        self.tokens.take(")")
        return found


Handler = Callable[[Walk, Any], Syntax]
Handlers = Mapping[type[exp.Expr], Handler]


def call(name: str, at: int, *args: Syntax) -> Syntax:
    """
    Return a call of the operator or function *name*.
    """
    return Syntax(Kind.CALL, at, name, args)
