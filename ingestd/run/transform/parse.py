"""
From text to syntax: the door of sqlglot.

sqlglot says what the structure is, and this module takes the tokens along with it: the
places of operators come from there. sqlglot is made to translate between dialects,
reads on where it can and leaves out what it does not know (a third argument of
``date_trunc``, for one); here each token must be taken, so nothing is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from ingestd.run.transform.functions import why_not
from ingestd.run.transform.syntax import ExpressionError, Kind, Syntax
from ingestd.run.transform.tokens import Token, Tokens

_DIALECT: Final = "duckdb"
_MOST_CHARACTERS: Final = 10_000
_MOST_DEPTH: Final = 100

_BINARY: Final[dict[type[exp.Expression], tuple[str, ...]]] = {
    exp.Add: ("+",),
    exp.Sub: ("-",),
    exp.Mul: ("*",),
    exp.Div: ("/",),
    exp.IntDiv: ("//",),
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
_FUNCTIONS: Final[dict[type[exp.Expression], tuple[str, ...]]] = {
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
    exp.Anonymous: ("expressions",),
}


def parse(text: str) -> Syntax:
    """
    Return the syntax of *text*; raise ExpressionError where it is none.
    """
    if len(text) > _MOST_CHARACTERS:
        message = f"expected at most {_MOST_CHARACTERS} characters"
        raise ExpressionError(message, text[:_MOST_CHARACTERS], 0)
    tokens = _tokens(text)
    if not tokens:
        raise ExpressionError("expected an expression", text, 0)
    try:
        tree = sqlglot.parse_one(text, dialect=_DIALECT, into=exp.Condition)
    except ParseError as error:
        raise _syntax_error(error, text, tokens) from error
    except RecursionError as error:
        raise ExpressionError("nested too deeply", text, 0) from error
    walk = _Walk(Tokens(text, tokens))
    found = walk.visit(tree)
    walk.tokens.finish()
    return found


def _tokens(text: str) -> list[Token]:
    try:
        found = sqlglot.tokenize(text, dialect=_DIALECT)
    except TokenError as error:
        at = _unclosed(text)
        raise ExpressionError("a quote is not closed", text, at) from error
    return [
        Token(text[t.start : t.end + 1].lower(), t.text, t.start, t.end + 1)
        for t in found
    ]


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
    error: ParseError, text: str, tokens: list[Token]
) -> ExpressionError:
    said = error.errors[0] if error.errors else {}
    before = said.get("start_context") or ""
    if not said or not text.startswith(before):
        return ExpressionError("expected one SQL expression", text, 0)
    at = len(before)
    if at == tokens[-1].start and "Unexpected" not in str(said["description"]):
        return ExpressionError("the expression is cut off", text, tokens[-1].end)
    word = next((t for t in tokens if t.start == at), tokens[-1])
    shown = text[word.start : word.end]
    return ExpressionError(f"did not expect {shown}", text, word.start)


class _Walk:
    """
    Visits the nodes of sqlglot's tree in the order of the text, and takes the tokens.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._depth = 0
        self._special: dict[type[exp.Expression], Callable[[Any], Syntax]] = {
            exp.Paren: self._paren,
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Boolean: self._boolean,
            exp.Null: self._null,
            exp.Interval: self._interval,
            exp.Neg: self._negative,
            exp.Not: self._not,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Escape: self._like,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Mod: self._remainder,
            exp.Extract: self._extract,
            exp.AtTimeZone: self._at_time_zone,
        }

    def visit(self, node: exp.Expression) -> Syntax:
        """
        Return the syntax of *node*.
        """
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise self._error("nested too deeply", self.tokens.at)
        if type(node) in self._special:
            found = self._special[type(node)](node)
        elif type(node) in _BINARY:
            found = self._binary(node, _BINARY[type(node)])
        elif type(node) in _FUNCTIONS:
            found = self._function(node, _FUNCTIONS[type(node)])
        else:
            found = self._unknown(node)
        self._depth -= 1
        return found

    def _error(self, message: str, at: int) -> ExpressionError:
        return ExpressionError(message, self.tokens.text, at)

    def _unknown(self, node: exp.Expression) -> Syntax:
        """
        Return a call of an unknown function, so that it is refused by its name.
        """
        tokens, at = self.tokens, self.tokens.at
        word = tokens.take_any("an expression").word
        named = isinstance(node, exp.Func) and (tokens.sees("(") or word.isidentifier())
        if named and word.isidentifier():
            raise self._error(why_not(word), at)
        kind = " ".join(type(node).key.split("_"))
        raise self._error(f"not in the list of expressions: {kind}", at)

    def _binary(self, node: exp.Expression, words: tuple[str, ...]) -> Syntax:
        left = self.visit(node.this)
        word = next((w for w in words if self.tokens.sees(w)), words[0])
        at = self.tokens.take(word)
        return _call(words[0], at, left, self.visit(node.expression))

    def _remainder(self, node: exp.Mod) -> Syntax:
        if self.tokens.sees("mod", "("):
            return self._function(node, ("this", "expression"))
        return self._binary(node, ("%",))

    def _paren(self, node: exp.Paren) -> Syntax:
        # Where an operand is an operation, sqlglot adds marks of its own.
        if not self.tokens.sees("("):
            return self.visit(node.this)
        self.tokens.take("(")
        found = self.visit(node.this)
        self.tokens.take(")")
        return found

    def _column(self, node: exp.Column) -> Syntax:
        token = self.tokens.take_any("a column")
        if node.args.get("table") is not None or not isinstance(
            node.this, exp.Identifier
        ):
            raise self._error("expected a column's name alone", token.start)
        if node.this.name != token.value:
            raise self._error("expected a column", token.start)
        return Syntax(Kind.COLUMN, token.start, token.value)

    def _literal(self, node: exp.Literal) -> Syntax:
        token = self.tokens.take_any("a value")
        if node.is_string:
            if not token.word.startswith("'"):
                raise self._error("expected text in single quotes", token.start)
            return Syntax(Kind.TEXT, token.start, token.value)
        return self._number(token)

    def _number(self, token: Token) -> Syntax:
        word, at = token.word, token.start
        if not (word.isascii() and word[0].isdigit() and word[-1].isdigit()):
            raise self._error("expected digits before and after the point", at)
        if "_" in word:
            raise self._error("expected a number without _", at)
        if "e" in word:
            return Syntax(Kind.FLOAT, at, float(word))
        if "." in word:
            return Syntax(Kind.DECIMAL, at, word)
        return Syntax(Kind.INTEGER, at, int(word))

    def _boolean(self, node: exp.Boolean) -> Syntax:
        at = self.tokens.take("true" if node.this else "false")
        return Syntax(Kind.BOOL, at, bool(node.this))

    def _null(self, _: exp.Null) -> Syntax:
        return Syntax(Kind.NULL, self.tokens.take("null"))

    def _interval(self, node: exp.Interval) -> Syntax:
        at = self.tokens.take("interval")
        if self.tokens.sees("("):
            raise self._error("expected a number or text after interval", at)
        text = self.tokens.take_any("a length").value
        # '1' day: the unit is a word of its own.
        unit = node.args.get("unit")
        if unit is not None and not any(letter.isalpha() for letter in text):
            text += f" {self.tokens.take_any('a unit').value}"
        return Syntax(Kind.INTERVAL, at, text)

    def _negative(self, node: exp.Neg) -> Syntax:
        at = self.tokens.take("-")
        return _call("negate", at, self.visit(node.this))

    def _not(self, node: exp.Not) -> Syntax:
        inner = node.this
        if self.tokens.sees("not"):
            at = self.tokens.take("not")
            return _call("not", at, self.visit(inner))
        if isinstance(inner, exp.Is):
            return self._is(inner, negated=True)
        if isinstance(inner, exp.In):
            return self._in(inner, negated=True)
        if isinstance(inner, exp.Between):
            return self._between(inner, negated=True)
        if isinstance(inner, exp.Like | exp.Escape):
            return self._like(inner, negated=True)
        raise self.tokens.unexpected("not")

    def _negatable(self, word: str, *, negated: bool) -> int:
        return self.tokens.take("not", word) if negated else self.tokens.take(word)

    def _is(self, node: exp.Is, *, negated: bool = False) -> Syntax:
        value = self.visit(node.this)
        at = self.tokens.take("is")
        negated = negated or self.tokens.sees("not")
        if negated:
            self.tokens.take("not")
        wanted = self.tokens.take_any("null, true or false").word
        if wanted not in ("null", "true", "false"):
            raise self._error("expected is null, is true or is false", at)
        return _maybe_not(_call(f"is {wanted}", at, value), negated=negated)

    def _in(self, node: exp.In, *, negated: bool = False) -> Syntax:
        value = self.visit(node.this)
        at = self._negatable("in", negated=negated)
        self.tokens.take("(")
        choices = self._list(node.args.get("expressions") or [])
        return _maybe_not(_call("in", at, value, *choices), negated=negated)

    def _list(self, nodes: list[exp.Expression]) -> list[Syntax]:
        found = []
        for index, node in enumerate(nodes):
            if index:
                self.tokens.take(",")
            found.append(self.visit(node))
        self.tokens.take(")")
        return found

    def _between(self, node: exp.Between, *, negated: bool = False) -> Syntax:
        value = self.visit(node.this)
        at = self._negatable("between", negated=negated)
        low = self.visit(node.args["low"])
        self.tokens.take("and")
        high = self.visit(node.args["high"])
        found = _call("between", at, value, low, high)
        return _maybe_not(found, negated=negated)

    def _like(
        self, node: exp.Like | exp.Escape, *, negated: bool = False
    ) -> Syntax:
        escape = node.expression if isinstance(node, exp.Escape) else None
        like = node.this if isinstance(node, exp.Escape) else node
        if not isinstance(like, exp.Like):
            return self._unknown(like)
        value = self.visit(like.this)
        negated = negated or bool(like.args.get("negate"))
        at = self._negatable("like", negated=negated)
        args = [value, self.visit(like.expression)]
        if escape is not None:
            self.tokens.take("escape")
            args.append(self.visit(escape))
        return _maybe_not(_call("like", at, *args), negated=negated)

    def _case(self, node: exp.Case) -> Syntax:
        at = self.tokens.take("case")
        subject = self.visit(node.this) if node.this is not None else None
        args = []
        for branch in node.args["ifs"]:
            when = self.tokens.take("when")
            condition = self.visit(branch.this)
            if subject is not None:
                condition = _call("=", when, subject, condition)
            self.tokens.take("then")
            args += [condition, self.visit(branch.args["true"])]
        if self.tokens.sees("else"):
            self.tokens.take("else")
            args.append(self.visit(node.args["default"]))
        else:
            args.append(Syntax(Kind.NULL, self.tokens.at))
        self.tokens.take("end")
        return Syntax(Kind.CASE, at, None, tuple(args))

    def _cast(self, node: exp.Cast) -> Syntax:
        tokens = self.tokens
        if tokens.sees("cast", "("):
            tokens.take("cast", "(")
            value = self.visit(node.this)
            tokens.take("as")
            name, at = self._type()
            tokens.take(")")
            return Syntax(Kind.CAST, at, name, (value,))
        typed = node.this
        if isinstance(typed, exp.Literal) and not tokens.sees("'"):
            name, at = self._prefix_type(typed)
            if name:
                return Syntax(Kind.CAST, at, name, (self.visit(typed),))
        value = self.visit(typed)
        tokens.take("::")
        name, at = self._type()
        return Syntax(Kind.CAST, at, name, (value,))

    def _prefix_type(self, literal: exp.Literal) -> tuple[str, int]:
        """
        Take the type before *literal*, as in ``date '2026-01-31'``, if there is one.
        """
        for word in ("date", "timestamp", "timestamptz"):
            if literal.is_string and self.tokens.sees(word):
                return word, self.tokens.take(word)
        return "", 0

    def _type(self) -> tuple[str, int]:
        token = self.tokens.take_any("a type")
        name = token.word
        if name == "timestamp" and self.tokens.sees("with"):
            self.tokens.take("with", "time", "zone")
            name = "timestamp with time zone"
        if self.tokens.sees("("):
            self.tokens.take("(")
            numbers = [self.tokens.take_any("a number").word]
            while self.tokens.sees(","):
                self.tokens.take(",")
                numbers.append(self.tokens.take_any("a number").word)
            self.tokens.take(")")
            name += f"({','.join(numbers)})"
        return name, token.start

    def _extract(self, node: exp.Extract) -> Syntax:
        at = self.tokens.take("extract", "(")
        field = self.tokens.take_any("a field")
        self.tokens.take("from")
        value = self.visit(node.expression)
        self.tokens.take(")")
        part = Syntax(Kind.TEXT, field.start, field.value)
        return _call("extract", at, part, value)

    def _at_time_zone(self, node: exp.AtTimeZone) -> Syntax:
        value = self.visit(node.this)
        at = self.tokens.take("at", "time", "zone")
        return _call("at time zone", at, value, self.visit(node.args["zone"]))

    def _function(self, node: exp.Expression, keys: tuple[str, ...]) -> Syntax:
        tokens, at = self.tokens, self.tokens.at
        name = tokens.take_any("a function").word
        if not tokens.sees("("):
            raise self._error(f"not in the list of expressions: {name}", at)
        tokens.take("(")
        if isinstance(node, exp.Trim) and not self._plain_trim(node):
            raise self._error("expected trim(text) or trim(text, characters)", at)
        args = []
        for key in keys:
            value = node.args.get(key)
            args += value if isinstance(value, list) else [value]
        return _call(name, at, *self._arguments([a for a in args if a is not None]))

    def _plain_trim(self, node: exp.Trim) -> bool:
        words = ("both", "leading", "trailing")
        return not any(self.tokens.sees(word) for word in words) or node.this is None

    def _arguments(self, nodes: list[exp.Expression]) -> list[Syntax]:
        """
        Visit *nodes*; where sqlglot made a word of a text, take the text.
        """
        found = []
        for index, node in enumerate(nodes):
            if index:
                self.tokens.take(",")
            if isinstance(node, exp.Var):
                token = self.tokens.take_any("text")
                if not token.word.startswith("'"):
                    raise self._error("expected text in single quotes", token.start)
                found.append(Syntax(Kind.TEXT, token.start, token.value))
            else:
                found.append(self.visit(node))
        self.tokens.take(")")
        return found


def _call(name: str, at: int, *args: Syntax) -> Syntax:
    return Syntax(Kind.CALL, at, name, args)


def _maybe_not(node: Syntax, *, negated: bool) -> Syntax:
    return _call("not", node.at, node) if negated else node
