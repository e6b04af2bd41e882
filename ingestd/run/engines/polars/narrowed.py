"""
The columns of a pass that are needed, and no others.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import keeps_empty
from ingestd.run.engines.polars.group import read_columns
from ingestd.run.engines.polars.headcount import PLACE, SUSPECT, Headcount
from ingestd.run.engines.polars.outgrown import within_schema
from ingestd.run.engines.polars.own_function import OwnFunction
from ingestd.run.engines.polars.passes import Failed, Input, Pass
from ingestd.run.engines.polars.shaping import INDEX, Shaping
from ingestd.run.faults import Fault

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
    found = _file_by_file(frame.drop(SUSPECT), own, count)
    own.measure(found, given.sample)
    return found.lazy().with_columns(pl.lit(value=False).alias(SUSPECT))


def _file_by_file(
    frame: pl.DataFrame, own: OwnFunction, count: Headcount
) -> pl.DataFrame:
    """
    Return what the function makes of the rows of each file, in order of the files.
    Raises Failed with all those for which it fails.
    """
    found: list[pl.DataFrame] = []
    faults: dict[int, Fault] = {}
    for place, rows in _files(frame):
        try:
            kept = own.applied(rows)
        except Fault as fault:
            faults[place] = fault
        else:
            count.leave_out(place, rows.height - kept.height)
            found.append(kept)
    if faults:
        raise Failed(faults)
    return pl.concat(found)


def _files(frame: pl.DataFrame) -> list[tuple[int, pl.DataFrame]]:
    """
    Return the rows of each file with its place in the pass; at least one pair.
    """
    if PLACE not in frame.columns:
        return [(0, frame)]
    if frame.is_empty():
        return [(0, frame.drop(PLACE))]
    parts = frame.partition_by(PLACE, include_key=False, as_dict=True)
    return [(place, parts[(place,)]) for (place,) in sorted(parts)]
