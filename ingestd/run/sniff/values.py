"""
Forms of nulls, numbers, booleans and dates under which more columns get a type.

A form is proposed only where a column that was text has a type with it: a word that
looks like a null marker may be a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ingestd.config import Csv
from ingestd.run.sniff.kinds import (
    DATE,
    ISO,
    MOMENT,
    TEXT,
    ZONED,
    Forms,
    is_number,
    kind_of,
)
from ingestd.run.sniff.moments import date_formats, fits, swapped, timestamp_formats

MARKERS = frozenset(
    (
        *("NA", "N/A", "n/a", "na", "#N/A", "#NA", "<NA>", "n.a.", "N.A.", "\\N"),
        *("NULL", "Null", "null", "(null)", "nil", "NIL", "None", "none", "NONE"),
        *("nan", "NaN", "NAN", "-", "--", "?", ".", "..", "*", "missing"),
    )
)
"""Words that often mean null."""

NO_WORDS = frozenset(("\\N", "#N/A", "<NA>", "(null)"))
"""Of these, what means nothing else, and so null in a column of text too."""

TRUE_AND_FALSE = (
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    ("ja", "nein"),
    ("j", "n"),
    ("oui", "non"),
    ("si", "no"),
    ("sí", "no"),
    ("sim", "não"),
    ("vrai", "faux"),
    ("wahr", "falsch"),
    ("tak", "nie"),
    ("да", "нет"),
)
GROUPS = (
    ("decimal", "thousands"),
    ("true_values", "false_values"),
    ("date_formats",),
    ("timestamp_formats",),
    ("nulls",),
)
"""The keys of values, those together that are of use together."""

_POINT, _COMMA = ".", ","
_NUMBERS = (
    (_COMMA, ""),
    (_POINT, _COMMA),
    (_COMMA, _POINT),
    (_POINT, " "),
    (_COMMA, " "),
    (_POINT, "\u00a0"),
    (_COMMA, "\u00a0"),
    (_POINT, "\u202f"),
    (_COMMA, "\u202f"),
    (_POINT, "'"),
    (_COMMA, "'"),
    (_POINT, "\u2019"),
)
Columns = Sequence[set[str]]


@dataclass(frozen=True, slots=True)
class Note:
    """
    What could not be told of a *column*, by its place.
    """

    column: int
    text: str


@dataclass(slots=True)
class Values:
    """
    The keys of [pipelines.csv] to *change*, and what remains in doubt.
    """

    change: dict[str, object] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def values_of(columns: Columns, configured: Csv) -> Values:
    """
    Return what *columns* suggest beyond what is *configured*.
    """
    found, base = Values(), Forms.of(configured)
    known = base.nulls | (MARKERS - base.words)
    rest = [column - known for column in columns]
    texts = [n for n, c in enumerate(columns) if kind_of(c, base) == TEXT and rest[n]]
    _numbers(rest, base, found)
    _words(rest, texts, configured, found)
    for key, of in (
        ("date_formats", date_formats),
        ("timestamp_formats", timestamp_formats),
    ):
        _moments(key, of, rest, texts, base, found)
    _nulls(columns, rest, texts, configured, found)
    return found


def _numbers(rest: Columns, base: Forms, found: Values) -> None:
    """
    Choose the decimal and thousands marks that make numbers of most columns.
    """
    own = (base.decimal, base.thousands)
    # Digits alone are numbers whatever the marks.
    marked = [n for n, c in enumerate(rest) if not all(map(str.isdecimal, c))]
    counts = {
        marks: [n for n in marked if _all_numbers(rest[n], *marks)]
        for marks in (own, *_NUMBERS)
    }
    most = max(len(columns) for columns in counts.values())
    if len(counts[own]) == most:
        return
    best = [marks for marks, columns in counts.items() if len(columns) == most]
    same = [marks for marks in best if marks[0] == own[0]] or best
    decimal, thousands = same[0]
    if (_COMMA, "") in best and (_POINT, _COMMA) in best:
        told = set(counts[own])
        for column in counts[_COMMA, ""]:
            if column not in told:
                value = min(v for v in rest[column] if _COMMA in v)
                found.notes.append(Note(column, _either(value)))
        return
    if decimal != own[0]:
        found.change["decimal"] = decimal
    if thousands != own[1]:
        found.change["thousands"] = thousands


def _either(value: str) -> str:
    return (
        f'{value!r} may be a thousand and more (thousands = ",") or a fraction '
        '(decimal = ","): no value tells'
    )


def _all_numbers(values: Iterable[str], decimal: str, thousands: str) -> bool:
    return all(is_number(value, decimal, thousands) for value in values)


def _words(rest: Columns, texts: Iterable[int], configured: Csv, found: Values) -> None:
    true, false = list(configured.true_values), list(configured.false_values)
    for column in texts:
        lower = {value.lower() for value in rest[column]}
        for yes, no in TRUE_AND_FALSE:
            if lower == {yes, no}:
                words = sorted(rest[column])
                true += [w for w in words if w.lower() == yes and w not in true]
                false += [w for w in words if w.lower() == no and w not in false]
                break
    # A word that means both would be refused.
    if set(true) & set(false):
        return
    if true != list(configured.true_values) or false != list(configured.false_values):
        found.change |= {"true_values": tuple(true), "false_values": tuple(false)}


def _moments(
    key: str,
    of: Callable[[set[str]], list[str]],
    rest: Columns,
    texts: Iterable[int],
    base: Forms,
    found: Values,
) -> None:
    own = base.dates if key == "date_formats" else base.timestamps
    told: dict[int, str] = {}
    open_: dict[int, str] = {}
    for column in texts:
        fit = of(rest[column])
        if not fit:
            continue
        either = swapped(fit[0]) != fit[0] and swapped(fit[0]) in fit
        (open_ if either else told)[column] = fit[0]
    chosen = list(dict.fromkeys(told.values()))
    for column, form in open_.items():
        mine = [f for f in chosen if f in (form, swapped(form))]
        if len(mine) != 1:
            found.notes.append(Note(column, _no_order(key, form)))
    for column, form in told.items():
        earlier = chosen[: chosen.index(form)]
        if any(fits(value, other) for other in earlier for value in rest[column]):
            found.notes.append(Note(column, f"{form} here, {earlier[0]} in another"))
            return
    if chosen:
        iso = [ISO] if not own and _has_iso(key, rest, base) else []
        found.change[key] = tuple(dict.fromkeys((*own, *iso, *chosen)))


def _no_order(key: str, form: str) -> str:
    return (
        f'day or month first? {key} = ["{form}"] and ["{swapped(form)}"] both fit, no '
        "value tells; the column stays text until you choose"
    )


def _has_iso(key: str, rest: Columns, base: Forms) -> bool:
    wanted = (DATE,) if key == "date_formats" else (MOMENT, ZONED)
    return any(kind_of(column, base) in wanted for column in rest)


def _nulls(
    columns: Columns,
    rest: Columns,
    texts: Iterable[int],
    configured: Csv,
    found: Values,
) -> None:
    forms = Forms.of(configured.model_copy(update=found.change))
    markers: set[str] = set()
    for column, values in enumerate(columns):
        markers |= NO_WORDS & values
        if column in texts and kind_of(rest[column], forms) not in ("", TEXT):
            markers |= values - rest[column]
    new = sorted(markers - set(configured.nulls))
    if new:
        found.change["nulls"] = (*configured.nulls, *new)
