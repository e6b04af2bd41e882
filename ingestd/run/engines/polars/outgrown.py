"""
Values that the schema has no place for: those of new columns that may be added, and of
columns that held only nulls so far.

Nothing is looked for beforehand, so files that bring nothing new pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from ingestd.errors import Quarantine, Reason
from ingestd.run.engine import Plan, Values
from ingestd.run.engines.polars.convert import UNTYPED_VALUE, converted
from ingestd.run.engines.polars.passes import Input
from ingestd.run.faults import Outgrown
from ingestd.run.layout import Layout

_SAMPLED = 1000
"""Values that are sent to the daemon, of each column."""


@contextmanager
def within_schema(plan: Plan, given: Input) -> Iterator[None]:
    """
    Raise Outgrown where the pass inside reads values that the schema has no place for.
    """
    layout = given.contents[0].layout
    added = _added(plan, layout)
    if added:
        raise Outgrown(_values(plan, given, added))
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if UNTYPED_VALUE not in str(error):
            raise
        raise Outgrown(_values(plan, given, ())) from error


def raise_if_outgrown(
    plan: Plan, frame: pl.DataFrame, used: Sequence[tuple[str, str]]
) -> None:
    """
    Raise Outgrown where *frame*, text as it is in a file, has values in a column that
    has no type; *used* are the schema's columns and their names there.
    """
    untyped = set(plan.schema.untyped)
    found = {
        column: _sampled(frame.lazy(), name, plan, unmarked=False)
        for column, name in used
        if column in untyped
    }
    if any(found.values()):
        raise Outgrown({column: values for column, values in found.items() if values})


def _added(plan: Plan, layout: Layout) -> Sequence[str]:
    """
    Return the file's columns that may be added; raise Quarantine for one that may not.
    """
    if plan.pipeline.drift.new_column != "add":
        return ()
    for name in layout.extras:
        if plan.shape is not None and name in plan.shape.paths:
            message = f"the header has {name!r}, which comes from the path"
            raise Quarantine(Reason.NEW_COLUMN, message)
        if name in plan.pipeline.reserved:
            message = f"the header has {name!r}, which sink.lineage_columns writes"
            raise Quarantine(Reason.NEW_COLUMN, message)
    return layout.extras


def _values(plan: Plan, given: Input, added: Sequence[str]) -> Values:
    """
    Return the first values of the columns *added*, and of those without a type.
    """
    untyped = set(plan.schema.untyped)
    sources = given.contents[0].layout.sources
    names = {column: name for column, name in sources if name and column in untyped}
    names |= {name: name for name in added}
    found = {
        column: _sampled(given.frame, name, plan, unmarked=given.sample.unmarked)
        for column, name in names.items()
    }
    return {c: values for c, values in found.items() if values or c in added}


def _sampled(
    frame: pl.LazyFrame, name: str, plan: Plan, *, unmarked: bool
) -> tuple[str, ...]:
    """
    Return the first values of a column of text, without nulls.
    """
    options = plan.pipeline.csv
    text = converted(pl.col(name), "string", options, unmarked=unmarked)
    values = frame.select(text.alias(name)).drop_nulls().head(_SAMPLED)
    return tuple(values.collect(engine="streaming")[name])
