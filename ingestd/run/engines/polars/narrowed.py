"""
The columns of a pass that are needed, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import keeps_empty
from ingestd.run.engines.polars.group import read_columns
from ingestd.run.engines.polars.headcount import SUSPECT, Headcount
from ingestd.run.engines.polars.outgrown import within_schema
from ingestd.run.engines.polars.own_function import OwnFunction
from ingestd.run.engines.polars.passes import Input, Pass
from ingestd.run.engines.polars.shaping import INDEX, Shaping

Narrowed = tuple[pl.LazyFrame, Headcount | None, bool]


def narrowed(
    plan: Plan,
    given: Input,
    read: Sequence[str],
    shaping: Shaping | None,
    others: Sequence[pl.Expr] = (),
) -> Narrowed:
    """
    Return the rows of *given* that stay, with what *shaping* makes of the columns
    *read* of files, with *others* and SUSPECT; who counts the rows; and whether only a
    part of the columns is parsed.
    """
    layout = given.contents[0].layout
    parsed = {name for column, name in layout.sources if name and column in read}
    # Only where all columns are parsed does Polars refuse a record too long.
    # Else a record is doubtful when its last column is null: a short one's is.
    partly = len(parsed) < len(layout.names)
    last = pl.col(layout.names[-1]).is_null() if partly else pl.lit(value=False)
    columns = read_columns(read, layout, plan, given.sample, last.alias(SUSPECT))
    if shaping is None:
        return given.frame.select(*columns, *others), None, partly
    frame, many = given.frame, len(given.contents) > 1
    if many or any(INDEX in other.meta.root_names() for other in others):
        frame = frame.with_row_index(INDEX)
    names = [SUSPECT, *(other.meta.output_name() for other in others)]
    frame = frame.select(*columns, *others, *([INDEX] if many else []))
    frame, count = shaping.applied(frame, given.contents, names)
    if shaping.own is not None:
        frame = _by_function(plan, given, shaping.own, (frame, count, partly))
    return frame, count, partly


def _by_function(
    plan: Plan,
    given: Input,
    own: OwnFunction,
    read: tuple[pl.LazyFrame, Headcount, bool],
) -> pl.LazyFrame:
    """
    Return what the user's function makes of the rows that were *read*. It only gets
    rows that are confirmed: what it raises must be told of sound ones.
    """
    lazy, count, partly = read
    with within_schema(plan, given):
        frame = lazy.collect(engine="streaming")
    doubtful = keeps_empty(plan.pipeline.csv) or count.suspects
    given.confirm(Pass(count.rows, None, bool(partly and doubtful), count))
    found = own.applied(frame.drop(SUSPECT), given.sample)
    count.leave_out(frame.height - found.height)
    return found.lazy().with_columns(pl.lit(value=False).alias(SUSPECT))
