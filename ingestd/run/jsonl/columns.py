"""
Which keys of records are columns, and what becomes of the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingestd.config import Drift
from ingestd.config.pipeline import RESCUED_COLUMN
from ingestd.errors import Reason
from ingestd.run.faults import Fault, Outgrown
from ingestd.run.jsonl.dotted import Dotted
from ingestd.run.jsonl.values import NULL, Object, Raw, as_object, field_of, text_of
from ingestd.run.layout import LEFT, listed

_SAMPLED = 1000
"""Values that are sent to the daemon, of each new column."""

_MOST_KEYS = 1000
"""More keys that the schema lacks are data that became keys."""


@dataclass(slots=True)
class Columns:
    """
    The columns *names* of the schema, and what is done with keys that are none of them,
    by *drift*. *forbidden* are names that no file can bring.

    *missing* are the columns that no record had so far, *unknown* the keys that the
    schema lacks, *values* some of theirs where they may be added.
    """

    names: tuple[str, ...]
    drift: Drift
    forbidden: tuple[str, ...] = ()
    missing: set[str] = field(init=False)
    unknown: dict[str, None] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    _places: dict[str, int] = field(init=False)
    _alike: dict[str, list[str]] = field(init=False)
    _strange: set[str] = field(default_factory=set)
    _dotted: Dotted = field(init=False)

    def __post_init__(self) -> None:
        """
        Find out what to look for.
        """
        self._dotted = Dotted(self.names)
        self.missing = set(self.names)
        self._places = {name: place for place, name in enumerate(self.names)}
        self._alike = defaultdict(list)
        if not self.drift.match_case:
            for name in self.names:
                self._alike[_folded(name)].append(name)

    @property
    def fields(self) -> tuple[str, ...]:
        """
        The columns of the rows that are written.
        """
        rescued = (RESCUED_COLUMN,) if self.drift.new_column == "rescue" else ()
        return (*self.names, *rescued)

    @property
    def surplus(self) -> tuple[bytes, ...]:
        """
        The fields behind those of *names* in a record that has nothing else.
        """
        return (NULL,) if self.drift.new_column == "rescue" else ()

    def row(self, found: Object, *, hard: bool = True) -> list[bytes | Raw]:
        """
        Return the fields of the record *found*; not *hard*: its values are that as they
        stand. Raises Unfit; Fault for a key that may not be.
        """
        if self._dotted.holds(found):
            found, hard = self._dotted.flat(found), True
        values = list(map(found.get, self.names))
        absent = values.count(None)
        row: list[bytes | Raw] = [
            NULL if raw is None else field_of(raw) if hard else raw for raw in values
        ]
        if self.missing:
            self.missing.difference_update(found)
        unknown: list[str] = []
        if len(found) > len(row) - absent:
            others = [key for key in found if key not in self._places]
            unknown = self._matched(found, others, row)
            self._learn(found, unknown)
        if self.drift.new_column == "rescue":
            row.append(self._rescued(found, unknown))
        return row

    def _matched(
        self, found: Object, others: list[str], row: list[bytes | Raw]
    ) -> list[str]:
        """
        Take those of *others* that differ from a column's name in case and blanks
        alone, where only one key and one column can be meant; return the rest.
        """
        if not self._alike or self._strange.issuperset(others):
            return others
        times = Counter(map(_folded, others))
        rest = []
        for key in others:
            folded = _folded(key)
            meant = self._alike.get(folded, ())
            if len(meant) == 1 and times[folded] == 1 and meant[0] not in found:
                row[self._places[meant[0]]] = field_of(found[key])
                self.missing.discard(meant[0])
            else:
                rest.append(key)
            if not meant and len(self._strange) < _MOST_KEYS:
                self._strange.add(key)
        return rest

    def _learn(self, found: Object, unknown: Sequence[str]) -> None:
        if not unknown:
            return
        drift = self.drift.new_column
        if drift == "fail":
            raise Fault(Reason.NEW_COLUMN, f"{listed(unknown)}: the schema has none")
        for key in unknown:
            if len(self.unknown) < _MOST_KEYS:
                self.unknown[key] = None
        if drift != "add":
            return
        for key in unknown:
            if key in self.forbidden:
                detail = f"a record has {key!r}, which ingestd itself adds to rows"
                raise Fault(Reason.NEW_COLUMN, detail)
            if not key.strip():  # a column needs a name
                continue
            values = self.values.setdefault(key, [])
            value = text_of(found[key])
            if value is not None and len(values) < _SAMPLED:
                values.append(value)
        if len(self.values) > _MOST_KEYS:
            detail = f"more than {_MOST_KEYS} keys that the schema lacks"
            raise Fault(Reason.NEW_COLUMN, f"{detail}, such as {listed(self.values)}")

    def _rescued(self, found: Object, unknown: Sequence[str]) -> bytes:
        pairs = [(key, found[key]) for key in unknown]
        return as_object([pair for pair in pairs if bytes(pair[1]) != b"null"])

    def check(self, *, whole: bool) -> None:
        """
        Raise, at the end of a file or of a slice (not *whole*), Fault for a column that
        may not be missing, and Outgrown for keys that are to be added.
        """
        if whole and self.missing and self.drift.missing_column == "fail":
            also = f", and they have {listed(self.unknown)}" if self.unknown else ""
            detail = f"no record has {listed(self._absent)}{also}"
            raise Fault(Reason.MISSING_COLUMN, detail)
        if self.values:
            raise Outgrown({key: tuple(found) for key, found in self.values.items()})

    def note(self, *, whole: bool) -> str:
        """
        Say in words what differs from the schema, "" when nothing does.
        """
        left = LEFT.get(self.drift.new_column, "")
        notes = [f"{listed(self.unknown)} {left}"] if self.unknown else []
        if whole and self.missing:
            notes.append(f"no {listed(self._absent)}, null instead")
        return "; ".join(notes)

    @property
    def _absent(self) -> list[str]:
        return [name for name in self.names if name in self.missing]


def _folded(name: str) -> str:
    return name.strip().casefold()
