"""
The tokens of an expression, taken one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingestd.run.transform.syntax import ExpressionError


@dataclass(frozen=True, slots=True)
class Token:
    """
    *word* is the text in lower case as it stands there, quotes included; *value* what
    it means: the text inside quotes. *start* and *end* are places in the expression.
    """

    word: str
    value: str
    start: int
    end: int


class Tokens:
    """
    A cursor over the tokens of *text*.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._next = 0

    @property
    def at(self) -> int:
        """
        The place of the next token; after the last one, the end of the text.
        """
        if self._next < len(self._tokens):
            return self._tokens[self._next].start
        return len(self.text.rstrip())

    def sees(self, *words: str) -> bool:
        """
        Tell whether the next tokens are *words*.
        """
        upcoming = self._tokens[self._next : self._next + len(words)]
        return [token.word for token in upcoming] == list(words)

    def sees_call(self) -> bool:
        """
        Tell whether the next tokens are a name and an opening parenthesis.
        """
        upcoming = self._tokens[self._next : self._next + 2]
        words = [token.word for token in upcoming]
        return words[1:] == ["("] and words[0].isidentifier()

    def take(self, *words: str) -> int:
        """
        Take *words*, one token each, and return the place of the first.

        Raises ExpressionError where something else stands.
        """
        at = self.at
        for word in words:
            if not self.sees(word):
                raise self.unexpected(word)
            self._next += 1
        return at

    def take_any(self, what: str) -> Token:
        """
        Take one token, whatever it is; *what* is expected there.
        """
        if self._next >= len(self._tokens):
            raise self.unexpected(what)
        self._next += 1
        return self._tokens[self._next - 1]

    def finish(self) -> None:
        """
        Raise ExpressionError unless all tokens were taken.
        """
        if self._next < len(self._tokens):
            raise self.unexpected("the end")

    def unexpected(self, wanted: str) -> ExpressionError:
        """
        Return the error for a next token that is not *wanted*.
        """
        if self._next >= len(self._tokens):
            found = "the expression ends"
        else:
            token = self._tokens[self._next]
            found = f"found {self.text[token.start : token.end]}"
        return ExpressionError(f"expected {wanted}, {found}", self.text, self.at)
