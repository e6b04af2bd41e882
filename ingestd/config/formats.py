"""
Formats of dates and timestamps: a closed list of strftime's directives, read strictly.

A format says exactly how a value is written, so whatever could be read in two ways is
refused here, before any value is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

ISO: Final = "iso"
"""The format that holds where none is given: ISO 8601."""

DIRECTIVES: Final = {
    "%Y": "year",
    "%y": "year",
    "%m": "month",
    "%-m": "month",
    "%b": "month",
    "%B": "month",
    "%d": "day",
    "%-d": "day",
    "%e": "day",
    "%j": "day of the year",
    "%a": "weekday",
    "%A": "weekday",
    "%H": "hour",
    "%-H": "hour",
    "%I": "hour",
    "%-I": "hour",
    "%p": "half of the day",
    "%M": "minute",
    "%S": "second",
    "%f": "fraction",
    "%3f": "fraction",
    "%6f": "fraction",
    "%9f": "fraction",
    "%z": "offset",
    "%s": "epoch",
}
"""Each directive, and which part of a moment it tells."""

FIXED_DIGITS: Final = {"%3f": 3, "%6f": 6, "%9f": 9}
MOST_DIGITS: Final = {"timestamp": 6, "timestamp(tz)": 6, "timestamp(ns)": 9}
"""The digits of a fraction that each type holds."""

_ITEM = re.compile(r"%[-0-9EO]?.?|[^%]+", re.DOTALL)
_NO_DIGITS = ("%b", "%B", "%a", "%A", "%p")
_VARIABLE = ("%-m", "%-d", "%-H", "%-I", "%f", "%z", "%s")
_TWELVE = ("%I", "%-I")
_OF_A_DATE = frozenset({"year", "month", "day", "day of the year", "weekday"})
_REST = {
    "half of the day": "hour",
    "minute": "hour",
    "second": "minute",
    "fraction": "second",
    "offset": "hour",
}


class Piece(NamedTuple):
    """
    A directive, or *text* that stands as it is where *directive* is "".
    """

    directive: str
    text: str = ""

    @property
    def part(self) -> str:
        """
        What the directive tells; "" for text.
        """
        return DIRECTIVES.get(self.directive, "")


@lru_cache(maxsize=256)
def pieces(value: str) -> tuple[Piece, ...]:
    """
    Return what the format *value* consists of. Raises ValueError.
    """
    found: list[Piece] = []
    for item in _ITEM.findall(value):
        if item in DIRECTIVES:
            found.append(Piece(item))
        elif item.startswith("%") and item != "%%":
            known = " ".join((*DIRECTIVES, "%%"))
            raise ValueError(f"unknown directive {item}; expected {known}")
        else:
            text = "%" if item == "%%" else item
            if any(ord(c) < ord(" ") and c != "\t" for c in text):
                raise ValueError("expected no control characters")
            if found and not found[-1].directive:
                text = found.pop().text + text
            found.append(Piece("", text))
    return tuple(found)


def date_format(value: str) -> str:
    """
    Return *value* if it is a format of dates. Raises ValueError.
    """
    if value == ISO:
        return value
    for piece in pieces(value):
        if piece.part and piece.part not in _OF_A_DATE:
            raise ValueError(f"expected no {piece.directive}: a date has no time")
    return _complete(value)


def timestamp_format(value: str) -> str:
    """
    Return *value* if it is a format of timestamps. Raises ValueError.
    """
    if value == ISO:
        return value
    if is_epoch(value):
        return _counting(value)
    return _complete(value)


def is_epoch(value: str) -> bool:
    """
    Tell whether *value* counts from 1970.
    """
    return value != ISO and any(piece.part == "epoch" for piece in pieces(value))


def fits(value: str, column_type: str) -> bool:
    """
    Tell whether a value in the format *value* can be one of *column_type*.

    Moments with an offset are of timestamp(tz) alone, and it has no others; a fraction
    of more digits than the type holds is no value of it.
    """
    if value == ISO or column_type == "date":
        return True
    parts = {piece.part: piece.directive for piece in pieces(value)}
    if FIXED_DIGITS.get(parts.get("fraction", ""), 0) > MOST_DIGITS[column_type]:
        return False
    zoned = column_type == "timestamp(tz)"
    return "epoch" in parts or ("offset" in parts) == zoned


def _complete(value: str) -> str:
    found = pieces(value)
    parts = [piece.part for piece in found if piece.part]
    for part in parts:
        if parts.count(part) > 1:
            raise ValueError(f"expected one directive for the {part}")
    ordinal = "day of the year" in parts
    if ordinal and ("month" in parts or "day" in parts):
        raise ValueError("expected %j or month and day, not both")
    wanted = ("year", "day of the year") if ordinal else ("year", "month", "day")
    for part in wanted:
        if part not in parts:
            directives = [name for name, told in DIRECTIVES.items() if told == part]
            raise ValueError(f"expected one of {' '.join(directives)}: the {part}")
    _whole_time(found, parts)
    for problem in _beside(found):
        raise ValueError(problem)
    return value


def _whole_time(found: tuple[Piece, ...], parts: list[str]) -> None:
    for part, before in _REST.items():
        if part in parts and before not in parts:
            raise ValueError(f"expected the {before} beside the {part}")
    twelve = any(piece.directive in _TWELVE for piece in found)
    if twelve != ("half of the day" in parts):
        raise ValueError("expected %I and %p together")


def _beside(found: tuple[Piece, ...]) -> Iterator[str]:
    """
    Yield what lets a value be cut in two ways: digits beside digits of any number.
    """
    for left, right in pairwise(found):
        digits = _begins(right) and _ends(left)
        if digits and left.directive in _VARIABLE:
            yield f"expected no digit right behind {left.directive}"
        elif digits and not (left.directive and right.directive):
            text = left.text or right.text
            yield f"expected no digit of {text!r} beside a directive of digits"


def _begins(piece: Piece) -> bool:
    if not piece.directive:
        return piece.text[0].isdecimal()
    return piece.directive not in (*_NO_DIGITS, "%z")


def _ends(piece: Piece) -> bool:
    if not piece.directive:
        return piece.text[-1].isdecimal()
    return piece.directive not in _NO_DIGITS


def _counting(value: str) -> str:
    """
    Return *value*, a count since 1970: %s, %s.%f, %s,%f, or %s%3f for milliseconds.
    """
    match pieces(value):
        case (Piece("%s"),):
            return value
        case (Piece("%s"), Piece("", "." | ","), Piece() as last) if (
            last.part == "fraction"
        ):
            return value
        case (Piece("%s"), Piece() as last) if last.directive in FIXED_DIGITS:
            return value
    raise ValueError(
        "expected %s alone, %s.%f, or %s%3f, %s%6f, %s%9f for thousandths, millionths "
        "and billionths of a second"
    )
