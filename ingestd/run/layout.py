"""
How the columns of one file stand to those of the schema.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from ingestd.config import Drift
from ingestd.errors import Reason
from ingestd.model import Schema
from ingestd.run.faults import Fault

_CACHED = 256
"""Most files of a unit have the same header."""
_SHOWN = 5
_LONGEST = 60
LEFT = {"ignore": "left out", "rescue": "rescued", "add": "not in the schema yet"}
"""What becomes of a column that the schema lacks, in words."""


@dataclass(frozen=True, slots=True)
class Layout:
    """
    *names* are the file's columns in its order, each once; *sources* pairs each column
    of the schema, in its order, with the file's name for it, "" where the file has none
    and nulls take its place; *extras* are the file's columns that the schema lacks;
    *note* says in words what differs, "" when nothing does.
    """

    names: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    extras: tuple[str, ...] = ()
    note: str = ""

    def only(self, columns: Container[str]) -> Layout:
        """
        Return the layout with *columns* of the schema; the others are like extras.
        """
        return replace(
            self, sources=tuple(pair for pair in self.sources if pair[0] in columns)
        )

    def stored(self, schema: Schema) -> dict[str, str]:
        """
        Return the type of each of the file's columns, by its name there; text for those
        that *schema* lacks.
        """
        types = dict(schema.columns)
        known = {name: types[column] for column, name in self.sources if name}
        return {name: known.get(name, "string") for name in self.names}


@lru_cache(maxsize=_CACHED)
def layout(names: tuple[str, ...], columns: tuple[str, ...], drift: Drift) -> Layout:
    """
    Lay a file's *names* beside the schema's *columns*; the order does not matter.

    Raises Fault for what *drift* does not allow.
    """
    given, renamed = named(names, drift, frozenset(columns))
    taken = _taken(given, columns, match_case=drift.match_case)
    extras = tuple(name for name in given if name not in taken)
    sources = {column: name for name, column in taken.items()}
    missing = [column for column in columns if column not in sources]
    _allowed(extras, missing, drift, none_found=not taken)
    notes = [f"{listed(extras)} {LEFT[drift.new_column]}"] if extras else []
    notes += [f"no {listed(missing)}, null instead"] if missing else []
    other = [(name, column) for name, column in taken.items() if name != column]
    renamed += [f"{_short(name)} taken for {_short(column)}" for name, column in other]
    return Layout(
        given,
        tuple((column, sources.get(column, "")) for column in columns),
        extras,
        "; ".join([*notes, *_first(renamed)]),
    )


def named(
    names: tuple[str, ...], drift: Drift, columns: frozenset[str] = frozenset()
) -> tuple[tuple[str, ...], list[str]]:
    """
    Give every column of a header a name of its own; return what that changed, in words,
    beside them. A column without a name gets one by its position, unless it is one of
    *columns*. Raises Fault where two have one name and *drift* does not allow it.
    """
    notes = []
    blank = [not name.strip() and name not in columns for name in names]
    used = Counter(name for name, left in zip(names, blank, strict=True) if not left)
    twice = sorted(name for name, times in used.items() if times > 1)
    if twice and drift.duplicate_column == "fail":
        raise Fault(Reason.DUPLICATE_COLUMN, f"the header has {listed(twice)} twice")
    seen: Counter[str] = Counter()
    given = []
    for place, name in enumerate(names, 1):
        own = name
        if blank[place - 1]:
            own = _free(f"column_{place}", used)
            notes.append(f"column {place} has no name, it is {_short(own)}")
        elif seen[name]:
            own = _free(name, used, seen[name] + 1)
            notes.append(f"another {_short(name)} is {_short(own)}")
        seen[name] += 1
        used[own] += 1
        given.append(own)
    return tuple(given), notes


def _allowed(
    extras: tuple[str, ...], missing: list[str], drift: Drift, *, none_found: bool
) -> None:
    if missing and drift.missing_column == "fail":
        also = f", and has {listed(extras)} instead" if extras else ""
        raise Fault(Reason.MISSING_COLUMN, f"the header lacks {listed(missing)}{also}")
    if missing and none_found:
        raise Fault(
            Reason.NO_HEADER,
            f"the first record, {listed(extras)}, names not one column of the schema: "
            "probably no header, or another delimiter",
        )
    if extras and drift.new_column == "fail":
        raise Fault(
            Reason.NEW_COLUMN, f"the header has {listed(extras)}, the schema does not"
        )


def _free(name: str, used: Counter[str], number: int = 1) -> str:
    """
    Return *name* with the first *number* that no other column has; none for 1.
    """
    own = name if number == 1 else f"{name}_{number}"
    while own in used:
        number += 1
        own = f"{name}_{number}"
    return own


def _taken(
    names: tuple[str, ...], columns: tuple[str, ...], *, match_case: bool
) -> dict[str, str]:
    """
    Return the schema's column for each of *names* that has one.

    Beside an equal name, one that differs in case and in blanks around it is taken,
    where only one column of the file and only one of the schema can be meant.
    """
    known = frozenset(columns)
    taken = {name: name for name in names if name in known}
    if match_case or len(taken) == len(names):
        return taken
    like = _alike(columns)
    others = _alike(name for name in names if name not in known)
    for folded, found in others.items():
        meant = like[folded]
        if len(found) == len(meant) == 1 and meant[0] not in taken:
            taken[found[0]] = meant[0]
    return taken


def _alike(names: Iterable[str]) -> defaultdict[str, list[str]]:
    alike = defaultdict(list)
    for name in names:
        alike[name.strip().casefold()].append(name)
    return alike


def listed(names: Iterable[str]) -> str:
    """
    Return the first few of *names* in words, each of a bounded length.
    """
    return ", ".join(_first([_short(name) for name in names]))


def _first(texts: list[str]) -> list[str]:
    more = len(texts) - _SHOWN
    return texts if more <= 0 else [*texts[:_SHOWN], f"and {more} more"]


def _short(name: str) -> str:
    return repr(name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…")
