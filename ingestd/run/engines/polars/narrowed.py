"""
The columns of a pass that are needed, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.run.engine import Plan
from ingestd.run.engines.polars.group import read_columns
from ingestd.run.engines.polars.headcount import SUSPECT, Headcount
from ingestd.run.engines.polars.passes import Input
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
    return (*shaping.applied(frame, given.contents, names), partly)
