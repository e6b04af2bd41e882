"""
An expression as it was written: a tree without types, each node with its place.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_WIDE = ("W", "F")
_UNSEEN = ("Mn", "Me", "Cf")


class Kind(StrEnum):
    """
    What a node is; *value* and *args* of ``Syntax`` depend on it.
    """

    COLUMN = "column"  # value: its name
    INTEGER = "integer"  # value: int
    DECIMAL = "decimal"  # value: the digits as they were written
    FLOAT = "float"  # value: float
    TEXT = "text"  # value: str
    BOOL = "bool"  # value: bool
    NULL = "null"
    INTERVAL = "interval"  # value: the text inside, "15 minutes"
    CALL = "call"  # value: name of an operator or a function, in lower case
    CAST = "cast"  # value: the type's name as it was written; one argument
    CASE = "case"  # args: condition, result, condition, result, …, else


@dataclass(frozen=True, slots=True)
class Syntax:
    """
    One node; *at* is the index of the character that a message points to.
    """

    kind: Kind
    at: int
    value: bool | int | float | str | None = None
    args: tuple[Syntax, ...] = ()


class ExpressionError(Exception):
    """
    An expression that is not in the language: what is wrong, and the place in *text*.
    """

    def __init__(self, message: str, text: str = "", at: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.at = at

    def __str__(self) -> str:
        """
        Return the message, the line at fault, and a caret under the place.
        """
        start = self.text.rfind("\n", 0, self.at) + 1
        line = self.text[start:].split("\n", 1)[0]
        before = line[: self.at - start]
        return f"{self.message}\n    {line}\n    {_blank(before)}^"


def _blank(text: str) -> str:
    """
    Return blanks as wide as a terminal shows *text*; tabs stay, so that they match.
    """
    return "".join(_blanks(character) for character in text)


def _blanks(character: str) -> str:
    if character == "\t":
        return character
    if unicodedata.category(character) in _UNSEEN:
        return ""
    return "  " if unicodedata.east_asian_width(character) in _WIDE else " "
