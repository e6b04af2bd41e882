"""
How the columns of one file stand to those of the schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ingestd.config import Drift
from ingestd.errors import Reason
from ingestd.model import Schema
from ingestd.run.faults import Fault

_CACHED = 256
"""Most files of a unit have the same header."""
_SHOWN = 5


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
    del drift
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Fault(Reason.DUPLICATE_COLUMN, f"the header has {_list(twice)} twice")
    new = [name for name in names if name not in columns]
    missing = [name for name in columns if name not in names]
    if missing:
        also = f", and has {_list(new)} instead" if new else ""
        raise Fault(Reason.MISSING_COLUMN, f"the header lacks {_list(missing)}{also}")
    if new:
        raise Fault(
            Reason.NEW_COLUMN, f"the header has {_list(new)}, the schema does not"
        )
    return Layout(names, tuple((name, name) for name in columns))


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(repr(name) for name in shown[:_SHOWN]) + more
