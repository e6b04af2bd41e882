"""
What a candidate makes of the values: the types of its columns, and whether there is a
header.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestd.config import Csv
from ingestd.run.sniff.candidate import Candidate
from ingestd.run.sniff.kinds import (
    TEXT,
    Forms,
    columns_of,
    kind_of,
    kind_of_one,
    rows_of,
)
from ingestd.run.sniff.trial import Trial
from ingestd.run.sniff.values import MARKERS, Columns, Note, values_of

FIRST_ROWS = 500
"""Enough to choose between candidates."""

_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Reading:
    """
    A *candidate* with *options* for its values and its header too.

    *first* are the first records of its texts, *kinds* those of the columns. *sure*: a
    value tells whether there is a header.
    """

    candidate: Candidate
    options: Csv
    first: tuple[tuple[str, ...], ...]
    kinds: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    sure: bool = False

    @property
    def typed(self) -> int:
        """
        How many columns are more than text.
        """
        return sum(kind not in ("", TEXT) for kind in self.kinds)

    @property
    def filled(self) -> int:
        """
        How many columns hold anything.
        """
        return sum(kind != "" for kind in self.kinds)

    @property
    def named(self) -> bool:
        """
        Whether the first records could be a header: names, each once, none a value of
        its column.
        """
        return all(
            all(name.strip() for name in names) and len(set(names)) == len(names)
            for names in self.first
        ) and all(
            _of_its_kind(names, self.kinds, Forms.of(self.options)) == []
            for names in self.first
        )

    @property
    def blanks(self) -> bool:
        """
        Whether blanks stand in front of a name, or of every field behind a delimiter.
        """
        if self.options.header and any(
            name.startswith(" ") for names in self.first for name in names[1:]
        ):
            return True
        return self.candidate.width > 1 and all(
            _every_field_is_indented(trial) for trial in self.candidate.trials
        )


def reading(candidate: Candidate, most: int | None = FIRST_ROWS) -> Reading:
    """
    Read the values of *candidate*, in each text those of the first *most* records.
    """
    rows = [rows_of(t, most) for t in candidate.trials if t.width == candidate.width]
    rows = [part for part in rows if part.first]
    first = tuple(tuple(part.first) for part in rows)
    columns = columns_of(rows, candidate.width)
    options = candidate.options
    values = values_of(columns, options)
    forms = Forms.of(options.model_copy(update=values.change))
    kinds = tuple(kind_of(column, forms) for column in columns)
    told = _header(first, columns, kinds, forms) if any(columns) else None
    header = options.header if told is None else told
    if not header:
        columns = [c | set(v) for c, v in zip(columns, _each(first), strict=False)]
        values = values_of(columns, options)
        forms = Forms.of(options.model_copy(update=values.change))
        kinds = tuple(kind_of(column, forms) for column in columns)
    return Reading(
        candidate,
        options.model_copy(update=values.change | {"header": header}),
        first,
        kinds,
        tuple(values.notes),
        sure=told is not None,
    )


def _each(first: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(zip(*first, strict=False))


def _header(
    first: Sequence[Sequence[str]], columns: Columns, kinds: Sequence[str], forms: Forms
) -> bool | None:
    """
    Tell whether the *first* records are headers; None where no value tells.
    """
    votes = [_is_header(names, columns, kinds, forms) for names in first]
    for vote in (True, False):
        if votes.count(vote) * 2 > len(votes):
            return vote
    return None


def _is_header(
    names: Sequence[str], columns: Columns, kinds: Sequence[str], forms: Forms
) -> bool | None:
    fit = _of_its_kind(names, kinds, forms)
    others = [
        name
        for name, kind in zip(names, kinds, strict=True)
        if kind not in ("", TEXT) and name not in forms.nulls and name not in fit
    ]
    if set(others) - MARKERS or (others and not fit):
        return True
    if fit:
        # Years above their values are names.
        return None if _are_years(fit) else False
    seen = zip(names, columns, strict=True)
    if any(name in column and name not in forms.nulls for name, column in seen):
        return False
    return None


def _of_its_kind(names: Iterable[str], kinds: Iterable[str], forms: Forms) -> list[str]:
    return [
        name
        for name, kind in zip(names, kinds, strict=True)
        if kind not in ("", TEXT)
        and name not in forms.nulls
        and kind_of_one(name, forms) == kind
    ]


def _are_years(names: Sequence[str]) -> bool:
    years = [
        int(name) for name in names if name.isdecimal() and len(name) == len("1900")
    ]
    steps = {later - year for year, later in itertools.pairwise(years)}
    in_order = len(years) == len(names) > 1 and steps in ({1}, {-1})
    return in_order and all(year in _YEARS for year in years)


def _every_field_is_indented(trial: Trial) -> bool:
    mark = trial.plain.delimiter
    times = trial.kept.count(mark)
    return times > 0 and times == trial.kept.count(mark + b" ")
