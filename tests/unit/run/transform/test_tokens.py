"""
Taking the tokens of an expression: none is passed over.
"""

from __future__ import annotations

import pytest

from ingestd.run.transform.sql.tokens import Token, Tokens
from ingestd.run.transform.syntax import ExpressionError


def tokens(text: str) -> Tokens:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append(Token(word.lower(), word, at, at + len(word)))
        at += len(word)
    return Tokens(text, found)


def test_take():
    """
    Words are taken in order, and their place is that of the first.
    """
    cursor = tokens("x IS NOT null")
    cursor.take("x")
    assert 2 == cursor.take("is", "not")
    assert cursor.sees("null")


def test_what_is_left():
    """
    A token that no rule took is an error at its place: nothing is read in part.
    """
    cursor = tokens("date_trunc ( hour , ts , utc )")
    cursor.take("date_trunc", "(", "hour", ",", "ts")
    with pytest.raises(ExpressionError) as caught:
        cursor.finish()
    assert ("expected the end, found ,", 23) == (caught.value.message, caught.value.at)


def test_end():
    """
    Behind the last token the place is the end of the text, blanks left out.
    """
    cursor = tokens("x  ")
    cursor.take("x")
    cursor.finish()
    with pytest.raises(ExpressionError) as caught:
        cursor.take(")")
    assert ("expected ), the expression ends", 1) == (
        caught.value.message,
        caught.value.at,
    )
