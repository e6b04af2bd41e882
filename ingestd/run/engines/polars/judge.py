"""
Which values of a text do not fit their columns' types, and what a failed pass means.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from ingestd.errors import Quarantine, Reason
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import (
    BAD_VALUE,
    misfit,
    stored_type,
)
from ingestd.run.engines.polars.errors import raise_if_no_input_is_at_fault
from ingestd.run.engines.polars.outgrown import raise_if_outgrown
from ingestd.run.engines.polars.passes import Doubt
from ingestd.run.engines.polars.read import first_texts, reader_options, sample
from ingestd.run.engines.polars.shaping import WHERE, Shaping
from ingestd.run.faults import Fault
from ingestd.run.sift import sift
from ingestd.run.text.mend import Misfit
from ingestd.run.text.octets import Positions
from ingestd.run.text.sieve import Judge

_SHOWN = 80
_ROW = "ingestd:row"
_COLUMN = re.compile(r"\(column number ([0-9]+)\)")


def sift_values(
    plan: Plan,
    content: Content,
    columns: Sequence[str],
    shaping: Shaping | None,
    error: Exception,
) -> None:
    """
    Read *content*, of which a strict reading gave *error*, with care: what is not sound
    is set aside. Raises Fault, also where that was done before, and OSError.
    """
    if content.careful:
        raise at_fault(error)
    try:
        content.unchanged()
        # Most files that do not fit have one column in which they do not.
        blamed = None if content.partly else _blamed(error, plan, content, columns)
        sift(plan, content, judge(plan, content, columns, shaping, blamed))
    except pl.exceptions.PolarsError as again:
        raise_if_no_input_is_at_fault(again)
        raise at_fault(again) from again


def judge(
    plan: Plan,
    content: Content,
    columns: Sequence[str],
    shaping: Shaping | None,
    blamed: Sequence[str] | None,
) -> Judge:
    """
    Return the judge of *content*'s values in *columns* of the schema, and of what the
    expressions of *shaping* make of them. Its doubts are about the columns *blamed*
    alone, unless that is None.

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

    transform = plan.pipeline.transform
    computes = shaping is not None and (transform.derive or transform.where)
    if computes or set(columns) & set(plan.schema.untyped):
        # An expression may have no value in a row whose own values all fit; and of a
        # column without a type all values are wanted.
        return Judge(misfits)
    if blamed is None:
        return Judge(misfits, _doubts(plan, content, columns))
    return Judge(misfits, _doubts(plan, content, blamed), partly=True)


def _blamed(
    error: Exception, plan: Plan, content: Content, columns: Sequence[str]
) -> list[str] | None:
    """
    Return which of *columns* may have what *error*, which a strict reading gave, is
    about; None for any.
    """
    if isinstance(error, Doubt):
        return []
    said = str(error).split("\n\n", 1)[0]
    sources = dict(content.layout.sources)
    if numbers := _COLUMN.findall(said):
        place = int(numbers[-1]) - 1
        names = content.names[place : place + 1]
        return [c for c in columns if sources[c] in names] or None
    if BAD_VALUE in said:
        stored = content.layout.stored(plan.schema)
        options = plan.pipeline.csv
        return [
            column
            for column in columns
            if (name := sources[column])
            and isinstance(stored_type(stored[name], options), pl.String)
        ]
    return None


def _doubts(
    plan: Plan, content: Content, columns: Sequence[str]
) -> Callable[[bytes], Positions]:
    """
    Return what tells the rows of a text in which a value of *columns* may not fit:
    those that the reader, told to go on, leaves without one. Nulls are among them.
    """
    options, types = plan.pipeline.csv, dict(plan.schema.columns)
    sources = dict(content.layout.sources)
    stored = {
        name: stored_type(column_type, options)
        for name, column_type in content.layout.stored(plan.schema).items()
    }
    settings = reader_options(options, content.plain) | {"has_header": False}
    forms = sample(content, plan, first_texts(content, plan)).forms
    wrong = {
        name: misfit(pl.col(name), types[column], options, forms.get(column, ""))
        if isinstance(stored[name], pl.String)
        else pl.col(name).is_null()
        for column in columns
        if (name := sources[column]) and types[column] != "string"
    }

    def doubts(text: bytes) -> Positions:
        if not wrong:
            return np.zeros(0, np.intp)
        # Lazily: only what is looked at is parsed.
        frame = pl.scan_csv(
            text,
            schema=stored,
            ignore_errors=True,
            **settings,  # type: ignore[arg-type]
        )
        flags = frame.select(pl.any_horizontal(*wrong.values())).collect().to_series()
        return flags.fill_null(value=True).arg_true().to_numpy()

    return doubts


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
