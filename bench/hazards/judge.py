"""
What a reader made of a file beside the records that are in it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from bench.hazards.files import Fields, Hazard

_MOST_SHOWN = 2
_WIDTH = 24

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """
    What a reader gives: the names of the columns, and rows of its own values.
    """

    names: Fields
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Refused:
    """
    The class of the error with which a reader gives nothing.
    """

    error: str


def differences(hazard: Hazard, found: Table) -> list[str]:
    """
    Say how *found* is not what is in the file; nothing where it is.

    Values are compared as what they mean: the integer 1 is the text 1.
    """
    said = []
    if found.names != hazard.names and not hazard.renames:
        said.append(_of_names(hazard, found))
    wanted = Counter(alike(row) for row in hazard.sound)
    given = Counter(alike(row) for row in found.rows)
    made = [row for row in found.rows if alike(row) not in wanted]
    said += _of_rows(hazard, found, made)
    lost = sum((wanted - given).values())
    if lost > len(made):
        said.append(f"{lost:,} of {len(hazard.sound):,} rows lost")
    twice = sum((given - wanted).values()) - len(made)
    if twice:
        said.append(f"{twice:,} rows twice")
    told = any(_comes_of(row, bad) for row in made for bad in hazard.unsound)
    if hazard.unsound and not told and not _whole_lines(found):
        bad = len(hazard.unsound)
        said.append(f"{bad} of {len(hazard.records)} records dropped without a word")
    return said


def alike(row: Sequence[object]) -> Row:
    """
    Return *row* so that rows that mean the same are equal.
    """
    return tuple(map(_meaning, row))


def _meaning(value: object) -> object:
    item = getattr(value, "item", None)
    if item is not None:
        value = item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        return value
    return _number_or_text(str(value))


@lru_cache(maxsize=1 << 16)
def _number_or_text(text: str) -> Fraction | str:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return text


def _of_names(hazard: Hazard, found: Table) -> str:
    if _whole_lines(found) and len(hazard.names) > 1:
        return f"whole lines in one column {_code(found.names[0])}"
    if not hazard.names:
        return f"a column {_code(found.names[0])} that is not there"
    return f"columns {', '.join(map(_code, found.names))}"


def _whole_lines(found: Table) -> bool:
    return len(found.names) == 1 and "," in found.names[0]


def _of_rows(hazard: Hazard, found: Table, made: list[Row]) -> Iterator[str]:
    """
    Say what the rows *made* are, which the file does not have; kind by kind.
    """
    if _whole_lines(found):
        return
    kinds: dict[str, list[Row]] = {}
    for row in made:
        kinds.setdefault(_kind(hazard, row), []).append(row)
    for kind, rows in kinds.items():
        shown = ", ".join(map(_row, rows[:_MOST_SHOWN]))
        more = ", …" if len(rows) > _MOST_SHOWN else ""
        yield f"{kind}: {shown}{more}"


def _kind(hazard: Hazard, row: Row) -> str:
    """
    Say what *row* is, which is none of the file's.
    """
    values = alike(row)
    kinds = {
        "rows of nulls": all(value is None for value in values),
        "bytes for text": any(isinstance(value, bytes) for value in values),
        "a broken row taken for a whole one": values in map(alike, hazard.unsound),
        "nulls for what is missing": any(_padded(row, r) for r in hazard.unsound),
        "shifted by a column": any(_shifted(row, r.fields) for r in hazard.records),
        "lines swallowed by a field": any("\n" in str(value) for value in row),
        "text cut short": any(_cut(row, fields) for fields in hazard.sound),
        "digits lost": any(_rounded(row, fields) for fields in hazard.sound),
        "nulls for text": any(_nulled(row, fields) for fields in hazard.sound),
    }
    return next((kind for kind, holds in kinds.items() if holds), "not in the file")


def _comes_of(row: Row, bad: Fields) -> bool:
    """
    Tell whether *row* is what a reader made of the record *bad*.
    """
    swallows = any("\n" in str(value) for value in row) and str(row[0]) == bad[0]
    whole = alike(row) == alike(bad)
    return whole or swallows or _padded(row, bad) or _shifted(row, bad)


def _padded(row: Row, fields: Fields) -> bool:
    missing = len(row) - len(fields)
    return missing > 0 and alike(row) == alike((*fields, *[None] * missing))


def _shifted(row: Row, fields: Fields) -> bool:
    moved = (*fields[1:], *[None] * len(row))[: len(row)]
    return alike(row) == alike(moved)


def _cut(row: Row, fields: Fields) -> bool:
    pairs = list(zip(map(str, row), fields, strict=False))
    return len(row) == len(fields) and all(text.startswith(v) for v, text in pairs)


def _rounded(row: Row, fields: Fields) -> bool:
    try:
        return [float(str(value)) for value in row] == [float(text) for text in fields]
    except ValueError:
        return False


def _nulled(row: Row, fields: Fields) -> bool:
    pairs = zip(alike(row), alike(fields), strict=False)
    return all(value in (None, text) for value, text in pairs)


def _row(row: Row) -> str:
    return _code(f"({', '.join(map(_value, row))})")


def _value(value: object) -> str:
    if _meaning(value) is None:
        return "null"
    text = str(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _code(text: str) -> str:
    marks = {"\r": "\\r", "\n": "\\n", "\0": "\\0"}
    return f"`{''.join(marks.get(mark, mark) for mark in text)}`"
