"""
Rows on their way from the reader to groups or parts: columns from the path, derived
columns, the filter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestd.errors import Reason
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import converted, data_type
from ingestd.run.engines.polars.expression import Outcome, Program
from ingestd.run.engines.polars.expression.compile import either
from ingestd.run.engines.polars.headcount import ERROR, KEEP, PLACE, Headcount
from ingestd.run.engines.polars.read import Sample, leniently_typed
from ingestd.run.faults import Fault
from ingestd.run.paths import path_texts
from ingestd.run.transform import types
from ingestd.run.transform.shape import Shape
from ingestd.run.transform.tree import Node

INDEX = "ingestd:row"
"""The number of a row in its pass; must be in the frame where a pass has many files."""

WHERE = ""


@dataclass(frozen=True, slots=True)
class Shaping:
    """
    What *shape* does to the rows of one unit, of which the columns *names* are wanted;
    *silent* ones have no type yet, and are looked at in case that they have a value.
    """

    plan: Plan
    shape: Shape
    names: tuple[str, ...]
    silent: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """
        The columns of files that are needed, in order.
        """
        return self.shape.reads((*self.names, *self.silent))

    def locate(self, content: Content) -> None:
        """
        Have *content* know the columns of its path. Raises Fault where a value is none.
        """
        source = self.plan.pipeline.source
        content.path = path_texts(source, content.member.file.path)
        for name, text in zip(self.shape.paths, content.path, strict=True):
            if text is not None and self._values(name, [text]).has_nulls():
                kind = dict(self.shape.columns)[name]
                detail = (
                    f"the path gives {name!r} the value {text!r}, which is no {kind}"
                )
                raise Fault(Reason.PATH_MISMATCH, detail)

    def applied(
        self,
        frame: pl.LazyFrame,
        contents: Sequence[Content],
        others: Sequence[str],
    ) -> tuple[pl.LazyFrame, Headcount]:
        """
        Return the rows of *frame* that stay, with the wanted columns and *others*, and
        who counts them while they pass.

        *frame* has the columns that are read, *others*, and INDEX where there are many
        *contents*. Must be collected once.
        """
        many = len(contents) > 1
        if many:
            frame = frame.with_columns(_place(contents).alias(PLACE))
        frame = frame.with_columns(self._from_path(contents))
        program = Program()
        given = self._outcomes(program)
        values = [
            given[name].value.alias(name) if name in given else pl.col(name)
            for name in self.names
        ]
        keep, error = self._verdict(given)
        frame = program.applied(frame).select(
            *values,
            *others,
            keep.alias(KEEP),
            error.alias(ERROR),
            *([PLACE] if many else []),
        )
        count = Headcount(len(contents))
        # Nothing may be moved past the count: a filter that came first would spare
        # rows the conversion of their values, and so hide the bad ones among them.
        counted = frame.map_batches(count, streamable=True)
        return counted.filter(KEEP).select(*self.names, *others), count

    def failures(self, texts: pl.DataFrame, content: Content) -> dict[str, pl.Series]:
        """
        Tell in which rows of *texts*, text as it is in the file, an expression has no
        value that is needed: by the derived column's name, or WHERE.
        """
        program = Program()
        frame = leniently_typed(self.reads, texts, content.layout, self.plan)
        lazy = frame.lazy().with_columns(self._from_path([content]))
        given = self._outcomes(program)
        keep, _ = self._verdict(given)
        flags = {
            name: found.error if name == WHERE else keep & found.error
            for name, found in given.items()
            if found.error is not None
        }
        if not flags:
            return {}
        columns = [flag.alias(f"ingestd:{name}") for name, flag in flags.items()]
        result = program.applied(lazy).select(columns).collect()
        return dict(zip(flags, result.get_columns(), strict=True))

    def measure(self, texts: pl.DataFrame, content: Content, found: Sample) -> None:
        """
        Have *found* know the size of derived floats, from *content*'s first records.
        """
        floats = [
            (name, tree)
            for name, tree in self.shape.computed(self.names)
            if tree.type in types.FLOATS
        ]
        if not floats:
            return
        program = Program()
        frame = leniently_typed(self.reads, texts, content.layout, self.plan)
        lazy = frame.lazy().with_columns(self._from_path([content]))
        values = [program.outcome(tree).value.alias(name) for name, tree in floats]
        for column in program.applied(lazy).select(values).collect():
            found.measure(column)

    def _outcomes(self, program: Program) -> dict[str, Outcome]:
        trees: list[tuple[str, Node]] = list(self.shape.computed(self.names))
        if self.shape.where is not None:
            trees.append((WHERE, self.shape.where))
        return {name: program.outcome(tree) for name, tree in trees}

    def _verdict(self, given: dict[str, Outcome]) -> tuple[pl.Expr, pl.Expr]:
        """
        Return whether a row stays, and whether it is in error: of a row that does not
        stay only the condition counts.
        """
        never = pl.lit(value=False)
        errors = [found.error for name, found in given.items() if name != WHERE]
        where = given.get(WHERE)
        error = either(errors)
        if where is None:
            return pl.lit(value=True), never if error is None else error
        keep = where.value.fill_null(value=False)
        error = either([where.error, None if error is None else keep & error])
        return keep, never if error is None else error

    def _from_path(self, contents: Sequence[Content]) -> list[pl.Expr]:
        """
        Return the columns of the path, constants where all files have the same.
        """
        columns = []
        for name in self.shape.from_path(self.names):
            place = self.shape.paths.index(name)
            texts = [content.path[place] for content in contents]
            values = self._values(name, texts)
            if len(set(texts)) == 1:
                columns.append(pl.lit(values.first(), dtype=values.dtype).alias(name))
            else:
                columns.append(_looked_up(values).alias(name))
        return columns

    def _values(self, name: str, texts: Sequence[str | None]) -> pl.Series:
        """
        Return *texts* as values of the column, null where one is none.
        """
        kind = dict(self.shape.columns)[name]
        given = pl.DataFrame({name: pl.Series(texts, dtype=pl.String())})
        options = self.plan.pipeline.csv
        value = converted(pl.col(name), kind, options, strict=False)
        return given.select(value.cast(data_type(kind)))[name]


def _place(contents: Sequence[Content]) -> pl.Expr:
    """
    Return the number of each row's file among *contents*, by our own counts.
    """
    starts = np.cumsum([0, *(content.rows for content in contents)])

    def place(index: pl.Series) -> pl.Series:
        found = np.searchsorted(starts, index.to_numpy(), side="right") - 1
        return pl.Series(found.astype(np.uint32))

    return pl.col(INDEX).map_batches(
        place, return_dtype=pl.UInt32(), is_elementwise=True
    )


def _looked_up(values: pl.Series) -> pl.Expr:
    def look_up(places: pl.Series) -> pl.Series:
        # A parser that gave more rows than were counted is found out afterwards.
        return values.gather(places.clip(0, len(values) - 1))

    return pl.col(PLACE).map_batches(
        look_up, return_dtype=values.dtype, is_elementwise=True
    )
