"""
One unit on the device: each pass is tried there first, and handed over if unfit.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from ingestd.config import Aggregate
from ingestd.model import Part
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.columns import Reader, Typed, as_type
from ingestd.run.engines.cudf.cut import Records, Shape, cut, ends
from ingestd.run.engines.cudf.device import Device, Unfit, Why
from ingestd.run.engines.cudf.feed import Body, Chunk, chunks
from ingestd.run.engines.cudf.group import (
    Grouping,
    raise_if_marks_differ,
    raise_if_unsuited,
    raise_if_untyped,
)
from ingestd.run.engines.cudf.source import body, shape
from ingestd.run.engines.polars.group import used_columns
from ingestd.run.engines.polars.read import Sample
from ingestd.run.engines.polars.rows import RowWriter, discard
from ingestd.run.engines.polars.unit import Pass

T = TypeVar("T")


@dataclass(slots=True)
class Effort:
    """
    The passes of one unit, by one thread; *turn* keeps others off the device meanwhile.

    *handed* counts the records that were handed over, by reason.
    """

    device: Device
    turn: threading.Lock
    plan: Plan
    handed: Counter[str] = field(default_factory=Counter)
    _refused: set[frozenset[int]] = field(default_factory=set)

    def groups(
        self, aggregate: Aggregate
    ) -> Callable[[Sequence[Content], Sample], Pass[pl.DataFrame] | None]:
        """
        Return what makes a partial of some members.
        """
        names = used_columns(aggregate, self.plan.schema)

        def attempt(contents: Sequence[Content], sample: Sample) -> Pass[pl.DataFrame]:
            raise_if_unsuited(aggregate, self.plan.schema)
            frames = [
                self._grouping(aggregate, sample).partial(columns)
                for _, _, columns in self._columns(contents, names, aggregate.group_by)
            ]
            frame = pl.concat(frames)
            return Pass(int(frame["_rows"].sum()), frame)

        return self._guarded(attempt, lambda _: None)

    def rows(
        self, writer: RowWriter
    ) -> Callable[[Sequence[Content], Sample], Pass[tuple[Part, ...]] | None]:
        """
        Return what writes the rows of some members.
        """
        types = dict(self.plan.schema.columns)

        def attempt(
            contents: Sequence[Content], _: Sample
        ) -> Pass[tuple[Part, ...]]:
            raise_if_untyped(types)
            parts: list[Part] = []
            try:
                first = 0
                for chunk, records, columns in self._columns(contents, list(types), ()):
                    frame = self.device.frame(
                        {name: typed.column for name, typed in columns.items()}
                    )
                    kept = [as_type(pl.col(name), types[name]) for name in types]
                    size = chunk.used - chunk.begin
                    parts += writer.write(
                        frame.lazy(), kept, contents, size=size, first=first
                    ).value
                    first += records.count
            except BaseException:
                discard(tuple(parts))
                raise
            return Pass(sum(part.rows for part in parts), tuple(parts))

        return self._guarded(attempt, discard)

    def _grouping(self, aggregate: Aggregate, sample: Sample) -> Grouping:
        return Grouping(self.device, aggregate, self.plan.schema, sample)

    def _guarded(
        self,
        attempt: Callable[[Sequence[Content], Sample], Pass[T]],
        throw_away: Callable[[T], None],
    ) -> Callable[[Sequence[Content], Sample], Pass[T] | None]:
        def guarded(contents: Sequence[Content], sample: Sample) -> Pass[T] | None:
            key = frozenset(content.member.file.id for content in contents)
            if key in self._refused:
                return None
            try:
                with self.turn:
                    given = attempt(contents, sample)
                records = sum(content.rows for content in contents)
                if given.rows != records:
                    throw_away(given.value)
                    said = f"{given.rows} rows of {records} records"
                    raise Unfit(Why.TEXT, said)
            except Unfit as unfit:
                self._refused.add(key)
                self.handed[unfit.why] += sum(content.rows for content in contents)
                return None
            return given

        return guarded

    def _columns(
        self, contents: Sequence[Content], names: Sequence[str], keys: Sequence[str]
    ) -> Iterator[tuple[Chunk, Records, Mapping[str, Typed]]]:
        """
        Yield the columns *names* of *contents*, chunk by chunk.
        """
        options = self.plan.pipeline.csv
        raise_if_marks_differ(options)
        marks = shape(self.plan, contents)
        wanted = self._wanted(contents[0], names)
        reader = Reader(self.device, options)
        bodies: list[Body] = [body(content) for content in contents]
        for chunk in chunks(self.device, bodies, marks.longest):
            records = cut(self.device, chunk, marks)
            if records.count:
                self._borders(chunk, records)
                yield chunk, records, reader.columns(records, wanted, set(keys))

    def _borders(self, chunk: Chunk, records: Records) -> None:
        ends(self.device, chunk, records)

    def _wanted(
        self, content: Content, names: Sequence[str]
    ) -> dict[str, tuple[int, str]]:
        types, sources = dict(self.plan.schema.columns), dict(content.layout.sources)
        own = content.layout.names
        return {
            name: (own.index(sources[name]) if sources[name] else -1, types[name])
            for name in names
        }


__all__ = ["Effort", "Shape"]
