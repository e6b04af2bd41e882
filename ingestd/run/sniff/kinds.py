"""
What the values of columns are, under given forms of nulls, numbers, words and dates.

A first judgement, to choose between dialects without any engine; the engine's own
inference has the last word.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from ingestd.config import Csv
from ingestd.run.sniff.moments import fits
from ingestd.run.sniff.trial import Trial
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import Plain
from ingestd.run.text.tokens import read_record

ISO = "iso"
NUMBER, TRUTH, DATE, MOMENT, ZONED = "number", "bool", "date", "timestamp", "zoned"
TEXT = "text"

_TRUTHS = ("true", "false")
_PADDED = re.compile(r"[+-]?0[0-9]")
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_MOMENT = re.compile(
    rf"{_DATE.pattern}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]"
    rf"(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?(?P<zone>{_OFFSET})?"
)
_WHOLE = "(?:0|[1-9][0-9]*)"
_EXPONENT = "(?:[eE][+-]?[0-9]+)?"
_NAMED = "(?i:inf|infinity|nan)"


@dataclass(frozen=True, slots=True)
class Rows:
    """
    The records of one text: the *first*, which may be a header, and the rest.
    """

    first: list[str]
    rest: list[list[str]]


@dataclass(frozen=True, slots=True)
class Forms:
    """
    How values are written, as far as it matters here.
    """

    nulls: frozenset[str] = frozenset(("",))
    decimal: str = "."
    thousands: str = ""
    words: frozenset[str] = field(default_factory=frozenset)
    any_case: bool = True
    dates: tuple[str, ...] = ()
    timestamps: tuple[str, ...] = ()

    @classmethod
    def of(cls, options: Csv) -> Forms:
        """
        Return the forms that *options* describe.
        """
        words = (*options.true_values, *options.false_values)
        return cls(
            frozenset(options.nulls),
            options.decimal,
            options.thousands,
            frozenset(words),
            options.words_in_any_case,
            options.date_formats,
            options.timestamp_formats,
        )


def rows_of(trial: Trial, most: int | None = None) -> Rows:
    """
    Return the records that *trial* kept, the first *most* of them.
    """
    records = list(itertools.islice(_records(trial), most))
    return Rows(records[0] if records else [], records[1:])


def behind_first(trial: Trial) -> bytes:
    """
    Return what *trial* kept without its first record.
    """
    text = trial.kept
    return text[read_record(text, 0, _dialect_of(trial.plain)).end :]


def _records(trial: Trial) -> Iterable[list[str]]:
    text, quote = trial.kept, trial.plain.quote
    if not quote or quote not in text:
        between = trial.plain.delimiter.decode()
        for line in text.split(b"\n")[:-1]:
            yield line.removesuffix(b"\r").decode("utf-8", "replace").split(between)
        return
    at, dialect = 0, _dialect_of(trial.plain)
    while at < len(text):
        record = read_record(text, at, dialect)
        yield [value.decode("utf-8", "replace") for value in record.fields]
        at = record.end


def columns_of(rows: Iterable[Rows], width: int, behind: int = 0) -> list[set[str]]:
    """
    Return the values of each column, those of the first record and of *behind* more
    left out.
    """
    found: list[set[str]] = [set() for _ in range(width)]
    for part in rows:
        for column, values in zip(
            found, zip(*part.rest[behind:], strict=True), strict=False
        ):
            column.update(values)
    return found


def kind_of(values: Iterable[str], forms: Forms) -> str:
    """
    Return what all *values* are, "" where all are nulls.
    """
    left = [value for value in values if value not in forms.nulls]
    if not left:
        return ""
    kind = kind_of_one(left[0], forms)
    return kind if all(kind_of_one(value, forms) == kind for value in left) else TEXT


def kind_of_one(value: str, forms: Forms) -> str:
    """
    Return what *value* is that is no null.
    """
    if is_number(value, forms.decimal, forms.thousands):
        return NUMBER
    if value in forms.words or (forms.any_case and value.lower() in _TRUTHS):
        return TRUTH
    return _moment(value, forms)


def _moment(value: str, forms: Forms) -> str:
    found = _MOMENT.fullmatch(value)
    if _in_any(value, forms.dates, iso=_DATE.fullmatch(value) is not None):
        return DATE
    if _in_any(value, forms.timestamps, iso=found is not None):
        return ZONED if found and found["zone"] else MOMENT
    return TEXT


def _in_any(value: str, forms: tuple[str, ...], *, iso: bool) -> bool:
    if iso and (not forms or ISO in forms):
        return True
    return any(fits(value, form) for form in forms if form != ISO)


def is_number(value: str, decimal: str, thousands: str) -> bool:
    """
    Tell whether *value* is a number with these marks; with zeros in front it is a code.
    """
    if _PADDED.match(value):
        return False
    return _number(decimal, thousands).fullmatch(value) is not None


@lru_cache(maxsize=64)
def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    whole, mark = _WHOLE, re.escape(decimal)
    if thousands:
        whole = f"(?:{_WHOLE}|[1-9][0-9]{{0,2}}(?:{re.escape(thousands)}[0-9]{{3}})+)"
    fraction = f"{mark}[0-9]"
    return re.compile(
        f" *[+-]?(?:(?:{whole}(?:{mark}[0-9]*)?|{fraction}+){_EXPONENT}|{_NAMED})"
    )


@lru_cache(maxsize=64)
def _dialect_of(plain: Plain) -> Dialect:
    return Dialect(plain.delimiter, plain.quote)
