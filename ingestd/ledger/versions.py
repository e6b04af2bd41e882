"""
What follows from one version of a schema to the next. No I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

from ingestd.model import UNTYPED, Schema


def pinned(newest: Schema | None, schema: Schema) -> Schema:
    """
    Return what is the *newest* version once *schema*, of version 0, is pinned.

    A declaration keeps the columns that were added by files, behind its own and unless
    it has them too. Where nothing changes, that is the newest version.
    """
    if newest is None:
        return replace(schema, version=1)
    kept = _added(newest, schema) if schema.source == "declared" else ()
    columns, added = (*schema.columns, *kept), tuple(name for name, _ in kept)
    if (columns, added) == (newest.columns, newest.added):
        return newest
    return Schema(columns, newest.version + 1, schema.source, added)


def widened(newest: Schema, schema: Schema) -> Schema:
    """
    Return what is the *newest* version once it has the columns of *schema* that it
    lacks, and types where it has none.

    Nothing that it has is changed, so the order in which two batches come does not
    matter: no column of either is lost.
    """
    found = dict(schema.columns)
    known = [
        (name, found.get(name, kind) if kind == UNTYPED else kind)
        for name, kind in newest.columns
    ]
    names = set(newest.names)
    more = [column for column in schema.columns if column[0] not in names]
    if (*known, *more) == newest.columns:
        return newest
    return Schema(
        (*known, *more),
        newest.version + 1,
        "added" if more else "typed",
        (*newest.added, *(name for name, _ in more)),
    )


def _added(newest: Schema, declared: Schema) -> tuple[tuple[str, str], ...]:
    came, names = set(newest.added), set(declared.names)
    return tuple(
        column
        for column in newest.columns
        if column[0] in came and column[0] not in names
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What a version has other than one before it: columns as (name, type), changed types
    as (name, before, after), changed names as (before, after).

    A column that went and another that came are one renamed, where their names differ
    in case and blanks alone.
    """

    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[tuple[str, str], ...] = ()
    retyped: tuple[tuple[str, str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """
        Return it in one line; "" where nothing but the order differs.
        """
        parts = [f"+{name} {kind}" for name, kind in self.added]
        parts += [f"-{name}" for name, _ in self.removed]
        parts += [f"{name}: {old} -> {new}" for name, old, new in self.retyped]
        parts += [f"{old} is now {new}" for old, new in self.renamed]
        return ", ".join(parts)


def difference(before: Schema, after: Schema) -> Difference:
    """
    Return what *after* has other than *before*.
    """
    old, new = dict(before.columns), dict(after.columns)
    renamed = _renamed(old, new)
    earlier = {
        name: old.get(renamed.get(name, name), kind) for name, kind in new.items()
    }
    return Difference(
        added=tuple(
            (name, kind)
            for name, kind in new.items()
            if name not in old and name not in renamed
        ),
        removed=tuple(
            (name, kind)
            for name, kind in old.items()
            if name not in new and name not in renamed.values()
        ),
        retyped=tuple(
            (name, earlier[name], kind)
            for name, kind in new.items()
            if earlier[name] != kind
        ),
        renamed=tuple((was, name) for name, was in renamed.items()),
    )


def _renamed(old: Collection[str], new: Collection[str]) -> dict[str, str]:
    """
    Return the former name of each renamed column.
    """
    gone = [name for name in old if name not in new]
    came = [name for name in new if name not in old]
    before = Counter(map(_folded, gone))
    after = Counter(map(_folded, came))
    return {
        name: former
        for name in came
        for former in gone
        if _folded(name) == _folded(former)
        and before[_folded(name)] == after[_folded(name)] == 1
    }


def _folded(name: str) -> str:
    return name.strip().casefold()
