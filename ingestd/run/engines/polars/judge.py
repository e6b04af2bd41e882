"""
Which values of a text do not fit their columns' types, and what a failed pass means.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ingestd.errors import Quarantine, Reason
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import misfit
from ingestd.run.engines.polars.outgrown import raise_if_outgrown
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.engines.polars.shaping import WHERE, Shaping
from ingestd.run.faults import Fault
from ingestd.run.text.mend import Misfit
from ingestd.run.text.sieve import Judge

_SHOWN = 80
_ROW = "ingestd:row"


def judge(
    plan: Plan,
    content: Content,
    columns: Sequence[str],
    shaping: Shaping | None = None,
) -> Judge:
    """
    Return the judge of *content*'s values in *columns* of the schema, and of what the
    expressions of *shaping* make of them.

    It converts text that it is given and returns the misfits, row by row; every text
    that it accepts is one that the strict reading accepts.
    """
    options, names = plan.pipeline.csv, content.names
    types, sources = dict(plan.schema.columns), dict(content.layout.sources)
    places = {name: place for place, name in enumerate(names)}
    used = [(column, sources[column]) for column in columns if sources[column]]
    settings = reader_options(options, content.plain) | {"has_header": False}
    wrong = [
        misfit(pl.col(name), types[column], options).alias(name)
        for column, name in used
    ]

    def misfits(text: bytes) -> list[Misfit]:
        frame = pl.read_csv(
            text,
            schema=dict.fromkeys(names, pl.String()),
            **settings,  # type: ignore[arg-type]
        ).with_row_index(_ROW)
        raise_if_outgrown(plan, frame, used)
        bad = frame.select(_ROW, *wrong)
        bad = bad.filter(pl.any_horizontal(pl.exclude(_ROW))) if wrong else bad.clear()
        rows = bad[_ROW].to_list()
        failed = [] if shaping is None else _failed(shaping, content, frame, rows)
        if not rows:
            return failed
        texts = {name: frame[name].gather(bad[_ROW]).to_list() for _, name in used}
        flags = {name: bad[name].to_list() for _, name in used}
        return [
            Misfit(
                row,
                places[name],
                column,
                f"{texts[name][i][:_SHOWN]!r} is no {types[column]}",
            )
            for i, row in enumerate(rows)
            for column, name in used
            if flags[name][i]
        ] + failed

    return misfits


def _failed(
    shaping: Shaping, content: Content, frame: pl.DataFrame, known: Sequence[int]
) -> list[Misfit]:
    """
    Return the first expression that has no value of each row that is not *known* to be
    bad; none where they may be null.
    """
    if shaping.plan.pipeline.drift.bad_row == "null":
        return []
    transform = shaping.plan.pipeline.transform
    texts = {**(transform.derive or {}), WHERE: transform.where or ""}
    done = set(known)
    found: list[Misfit] = []
    for name, flags in shaping.failures(frame, content).items():
        rows = [row for row in flags.arg_true().to_list() if row not in done]
        detail = f"{texts[name][:_SHOWN]} has no value"
        reason = Reason.EXPRESSION_ERROR
        found += [Misfit(row, -1, name, detail, reason) for row in rows]
        done.update(rows)
    return found


def at_fault(error: Exception) -> Fault:
    """
    Return what *error* says of a member whose records are all sound.
    """
    if isinstance(error, Quarantine):
        return Fault(error.reason, str(error.args[0]))
    if isinstance(error, pl.exceptions.PolarsError):
        said = str(error).splitlines()[0]
        if "overflow in decimal" in said:
            return Fault(Reason.INTEGER_OVERFLOW, "a decimal sum exceeds 38 digits")
        return Fault(Reason.UNREADABLE, f"the parser refuses it: {said}")
    return Fault(Reason.ROW_COUNT, str(error))
