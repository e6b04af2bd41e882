"""
One unit on the device: each pass is tried there first, and handed over if unfit.
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import polars as pl

from ingestd.config import Aggregate
from ingestd.model import Part
from ingestd.run.aggregate import ROWS
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.census import Census
from ingestd.run.engines.cudf.columns import Reader, Typed
from ingestd.run.engines.cudf.cut import Records, cut
from ingestd.run.engines.cudf.device import Device, Unfit, Why
from ingestd.run.engines.cudf.feed import chunks
from ingestd.run.engines.cudf.group import Grouping
from ingestd.run.engines.cudf.parts import PartWriter
from ingestd.run.engines.cudf.source import body, shape
from ingestd.run.engines.cudf.suited import (
    raise_if_files_unsuited,
    raise_if_groups_unsuited,
    raise_if_rows_unsuited,
)
from ingestd.run.engines.polars.group import used_columns
from ingestd.run.engines.polars.passes import Ahead, Pass
from ingestd.run.engines.polars.read import Sample
from ingestd.run.engines.polars.rows import discard

MOST_HALVINGS = 4

T = TypeVar("T")
Attempt = Callable[[Sequence[Content], Sample], tuple[Census, Pass[T]]]


@dataclass(slots=True)
class Effort:
    """
    The passes of one unit, by one thread; *turn* keeps others off the device meanwhile.

    *handed* counts the files that were handed over, by reason; a file that is tried
    again in a smaller group counts again. When the device's memory is used up, the pass
    is tried again in chunks of half the size, which stay so for the unit's other
    passes; *halved* counts that.
    """

    device: Device
    turn: threading.Lock
    plan: Plan
    handed: Counter[str] = field(default_factory=Counter)
    halved: int = 0
    _most: int = 0
    _refused: dict[frozenset[tuple[int, bool, bool]], Why] = field(default_factory=dict)

    def groups(self, aggregate: Aggregate) -> Ahead[pl.DataFrame]:
        """
        Return what makes a partial of some members.
        """
        schema = self.plan.schema
        names = used_columns(aggregate, schema)

        def attempt(
            contents: Sequence[Content], sample: Sample
        ) -> tuple[Census, Pass[pl.DataFrame]]:
            raise_if_groups_unsuited(self.plan, aggregate)
            census = self._census(contents)
            frame = pl.concat(
                Grouping(self.device, aggregate, schema, sample).partial(columns)
                for columns in self._columns(
                    contents, census, names, aggregate.group_by
                )
            )
            return census, Pass(int(frame[ROWS].sum()), frame)

        return self._guarded(attempt, lambda _: None)

    def rows(self, unit: int, numbers: Iterator[int]) -> Ahead[tuple[Part, ...]]:
        """
        Return what writes the rows of some members, to parts numbered by *numbers*.
        """

        def attempt(
            contents: Sequence[Content], _: Sample
        ) -> tuple[Census, Pass[tuple[Part, ...]]]:
            raise_if_rows_unsuited(self.plan)
            census = self._census(contents)
            writer = PartWriter(self.device, self.plan, unit, numbers)
            try:
                for columns in self._columns(
                    contents, census, self.plan.schema.names, ()
                ):
                    writer.write(columns)
            except BaseException:
                discard(tuple(writer.parts))
                raise
            rows = sum(part.rows for part in writer.parts)
            return census, Pass(rows, tuple(writer.parts))

        return self._guarded(attempt, discard)

    def _guarded(
        self, attempt: Attempt[T], throw_away: Callable[[T], None]
    ) -> Ahead[T]:
        def guarded(contents: Sequence[Content], sample: Sample) -> Pass[T] | None:
            # Read with care a member is another text, and may be fit.
            key = frozenset((c.member.file.id, c.careful, c.partly) for c in contents)
            if key in self._refused:
                return None
            while True:
                try:
                    return self._tried(attempt, contents, sample, throw_away)
                except Unfit as unfit:
                    why = unfit.why
                # Out here: the error holds the arrays of the try in memory.
                if why is not Why.MEMORY or not self._halve(contents):
                    break
            self._refused[key] = why
            self.handed[why.value] += len(contents)
            return None

        return guarded

    def _tried(
        self,
        attempt: Attempt[T],
        contents: Sequence[Content],
        sample: Sample,
        throw_away: Callable[[T], None],
    ) -> Pass[T]:
        with self.turn:
            census, given = attempt(contents, sample)
        try:
            _confirm(census, contents, given)
        except Unfit:
            throw_away(given.value)
            raise
        return given

    def _halve(self, contents: Sequence[Content]) -> bool:
        """
        Have what the device takes at once be half of what it was with *contents*; tell
        whether it may be.
        """
        if self.halved >= MOST_HALVINGS:
            return False
        # What failed may hang in a cycle of frames, and its arrays with it.
        gc.collect()
        size = sum(b.until - b.start for b in self._census(contents).bodies)
        self._most = max(1, min(self._most or self.device.chunk_bytes, size) // 2)
        self.halved += 1
        return True

    def _census(self, contents: Sequence[Content]) -> Census:
        return Census(self.device, [body(self.plan, content) for content in contents])

    def _columns(
        self,
        contents: Sequence[Content],
        census: Census,
        names: Sequence[str],
        keys: Sequence[str],
    ) -> Iterator[Mapping[str, Typed]]:
        """
        Yield the columns *names* of *contents*, chunk by chunk, counted in *census*.
        """
        raise_if_files_unsuited(self.plan, contents[0].layout)
        marks = shape(self.plan, contents)
        wanted = self._wanted(contents[0], names)
        reader = Reader(self.device, self.plan.pipeline.csv)
        for chunk in chunks(self.device, census.bodies, marks.longest, self._most):
            records: Records = cut(self.device, chunk, marks)
            census.take(chunk, records)
            if records.count:
                yield reader.columns(records, wanted, set(keys))

    def _wanted(
        self, content: Content, names: Sequence[str]
    ) -> dict[str, tuple[int, str]]:
        types, sources = dict(self.plan.schema.columns), dict(content.layout.sources)
        own = content.layout.names
        return {
            name: (own.index(sources[name]) if sources[name] else -1, types[name])
            for name in names
        }


def _confirm(census: Census, contents: Sequence[Content], given: Pass[T]) -> None:
    """
    Raise Unfit unless the rows are the records that were counted.
    """
    if given.rows != census.total:
        raise Unfit(Why.COUNT, f"{given.rows} rows of {census.total} records")
    census.settle(contents)
