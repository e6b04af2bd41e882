"""
What a batch's files say of the schema: the first one, or what they have more than it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from ingestd.config import Drift, Pipeline
from ingestd.errors import ConfigError, Quarantine, Reason
from ingestd.model import Member, Schema
from ingestd.run.engine import Values
from ingestd.run.engines.polars import infer
from ingestd.run.engines.polars.narrow import ORDER, narrow_column, narrowest
from ingestd.run.faults import Fault
from ingestd.run.glimpse import glimpse
from ingestd.run.header import HEAD_BYTES, look
from ingestd.run.jsonl.glance import HEAD_BYTES as KEYS_BYTES
from ingestd.run.jsonl.glance import names_of
from ingestd.run.layout import layout, named

Names = tuple[str, ...]


def surveyed(
    pipeline: Pipeline,
    root: str,
    members: tuple[Member, ...],
    known: Schema | None,
    values: Values,
) -> Schema:
    """
    Return the schema of *members*, or *known* with what they have more.

    The first schema has the columns of the first readable header; under *new_column* =
    "add" those of all headers. Each gets the narrowest type that takes every value
    looked at, UNTYPED where all are null. *known* gets types for the columns of
    *values*, and under "add" new columns; itself comes back where that is nothing.
    """
    if not pipeline.csv.header:
        if known is None:
            raise ConfigError(["csv.header = false: expected the names in the schema"])
        return known
    survey = _Survey(pipeline, root, known, values)
    survey.look_at_headers(members)
    if not survey.columns:
        raise _none_readable(survey.fault)
    survey.look_at_values(members)
    sound = tuple(m for m in members if m.file.id not in survey.damaged)
    if known is None and survey.damaged and sound:
        # A file that breaks off later on has no say, though its header could be read.
        return surveyed(pipeline, root, sound, known, values)
    found = survey.schema()
    return known if known and found.columns == known.columns else found


class _Survey:
    """
    One survey, by one thread. *columns* are those of the schema and what is added to
    it; *misfits* has, for each whose type is looked for, the types that a value rules
    out; *damaged* are the files of which a value could not be looked at.
    """

    def __init__(
        self, pipeline: Pipeline, root: str, known: Schema | None, values: Values
    ) -> None:
        self._pipeline = pipeline
        self._root = root
        self._known = known
        self._values = values
        self._adds = pipeline.drift.new_column == "add"
        # What would be added is no reason to refuse the file that brings it.
        lenient = {"new_column": "ignore"} if self._adds else {}
        self._by_keys = pipeline.source.format == "jsonl"
        if self._by_keys:  # a few records say nothing of what the whole file has
            lenient = {"new_column": "ignore", "missing_column": "null"}
        self._drift: Drift = pipeline.drift.model_copy(update=lenient)
        self._seen: dict[int, Names] = {}
        self._paths = pipeline.source.path_names
        self.columns: Names = known.names if known else ()
        self.columns += tuple(name for name in values if name not in self.columns)
        self.misfits: dict[str, set[str]] = {}
        self.damaged: set[int] = set()
        self.fault: Fault | None = None

    @property
    def _of_files(self) -> Names:
        return tuple(name for name in self.columns if name not in self._paths)

    def look_at_headers(self, members: Iterable[Member]) -> None:
        """
        Find the columns; every header is looked at where one may add to them.
        """
        for member in members:
            if self._of_files and not self._adds:
                return
            names = self._seen[member.file.id] = self._header(member)
            if names:
                self._found(names)

    def look_at_values(self, members: tuple[Member, ...]) -> None:
        """
        Find the types of the columns that have none.
        """
        known = self._known.names if self._known else ()
        wanted = [c for c in self.columns if c not in known or c in self._values]
        self.misfits = {column: set() for column in wanted}
        for column, values in self._values.items():
            narrow_column(
                self.misfits[column], pl.Series(column, values), self._pipeline.csv
            )
        if not self.misfits:
            return
        for member, share in _shares([m for m in members if self._brings(m)]):
            try:
                for piece in self._pieces(member, share):
                    self._narrow(piece)
            except Fault as fault:
                self.fault = self.fault or fault
                self.damaged.add(member.file.id)

    def _pieces(self, member: Member, share: int) -> Iterator[infer.Piece]:
        return infer.pieces(self._pipeline, self._root, member, share, self.columns)

    def schema(self) -> Schema:
        """
        Return what was found.
        """
        types = dict(self._known.columns) if self._known else {}
        for column, misfits in self.misfits.items():
            types[column] = narrowest(misfits)
        columns = tuple((column, types[column]) for column in self.columns)
        return Schema(columns, source="added" if self._known else "inferred")

    def _header(self, member: Member) -> Names:
        options = self._pipeline.csv
        try:
            storage = self._pipeline.source.storage
            share = KEYS_BYTES if self._by_keys else HEAD_BYTES
            seen = glimpse(self._root, member, share, options, storage)
            head = seen.lines
            if self._by_keys:
                return names_of(head, self.columns)
            return look(head, len(head), options).names if head else ()
        except Fault as fault:
            self.fault = self.fault or fault
            return ()

    def _found(self, names: Names) -> None:
        try:
            if not self._of_files:
                new, _ = named(names, self._drift)
            else:
                new = layout(names, self._of_files, self._drift).extras
        except Fault as fault:
            self.fault = self.fault or fault
            return
        reserved = (*self._pipeline.reserved, *self._paths)
        self.columns += tuple(name for name in new if name not in reserved)

    def _brings(self, member: Member) -> bool:
        """
        Tell whether *member* may have a value in a column whose type is looked for.
        """
        names = self._seen.get(member.file.id)
        if names is None or self._by_keys:
            return True
        try:
            arranged = layout(names, self._of_files, self._drift)
        except Fault:
            return False
        return any(name and column in self.misfits for column, name in arranged.sources)

    def _narrow(self, piece: infer.Piece) -> None:
        try:
            arranged = layout(piece.names, self._of_files, self._drift)
        except Fault as fault:
            # Sound by itself, and none of this kind.
            self.fault = self.fault or fault
            return
        # Ruled out already are the types of columns that are not looked for.
        misfits = {name: {"string", *ORDER} for name in arranged.names}
        for column, name in arranged.sources:
            if name and column in self.misfits:
                misfits[name] = self.misfits[column]
        piece = replace(piece, names=arranged.names)
        infer.narrow(misfits, piece, self._pipeline.csv)


def _shares(members: Sequence[Member]) -> Iterator[tuple[Member, int]]:
    """
    Yield the members to look at, each with the bytes of its head and of its tail.
    """
    chosen = members[:: 1 + max(0, len(members) - 1) // infer.MAX_FILES]
    share = max(infer.LEAST, infer.ALL_BYTES // (2 * max(1, len(chosen))))
    if sum(member.size for member in members) <= infer.ALL_BYTES:
        share = infer.ALL_BYTES
    for member in chosen:
        yield member, share


def _none_readable(fault: Fault | None) -> Quarantine:
    reason = fault.reason if fault and fault.reason else Reason.NO_HEADER
    detail = fault.detail if fault else "every file is empty"
    return Quarantine(reason, f"no schema can be inferred: {detail}")
