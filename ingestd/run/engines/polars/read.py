"""
From opened members to one lazy frame of typed columns.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import polars as pl

from ingestd.config import Csv
from ingestd.run.content import Content, header_line
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import (
    converted,
    data_type,
    expected_form,
    keeps_empty,
    markers_are_words,
    stored_type,
)
from ingestd.run.header import HEAD_BYTES
from ingestd.run.layout import Layout
from ingestd.run.text.emit import Plain
from ingestd.run.unpack import spool, write_all

INDEX = "ingestd:index"
_SAMPLE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What the first records suggest; wrong suggestions cost time, never correctness.

    *forms* of dates and timestamps by column; *middles* and *largest* of floats;
    *unmarked*: no number is expected to be a null marker, so that the reader need not
    look for them.
    """

    forms: dict[str, str] = field(default_factory=dict)
    middles: dict[str, float] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    unmarked: bool = False

    def cautious(self) -> Sample:
        """
        Return the sample without what would make a sound file fail.
        """
        return replace(self, forms={}, unmarked=False)

    def measure(self, numbers: pl.Series) -> None:
        """
        Take note of the size of *numbers*, some of a column of floats.
        """
        finite = numbers.drop_nulls()
        finite = finite.filter(finite.is_finite())
        if len(finite):
            self.middles[numbers.name] = finite.sort()[len(finite) // 2]
            self.largest[numbers.name] = max(abs(number) for number in finite)

    @property
    def bold(self) -> bool:
        """
        Whether ``cautious`` would change anything.
        """
        return self.unmarked or any(self.forms.values())


def reader_options(
    options: Csv, plain: Plain, *, unmarked: bool = False
) -> dict[str, object]:
    """
    Return what Polars' CSV functions are told about text in *plain*.
    """
    kept = keeps_empty(options)
    return {
        "has_header": options.header,
        "separator": plain.delimiter.decode(),
        "quote_char": plain.quote.decode() or None,
        "null_values": None if kept or unmarked else list(options.nulls),
        "empty_string_is_null": not kept,
        "glob": False,
    }


def sources(contents: Sequence[Content], plan: Plan, stack: ExitStack) -> list[str]:
    """
    Return paths that Polars can read, in order; small files become one.

    A path is that of an open descriptor, so it is the version that was checked. The
    descriptors of joined files are closed with *stack*.
    """
    paths: list[str] = []
    joined: list[bytes | memoryview] = []

    def flush() -> None:
        if joined:
            fd = spool(plan.staging, sum(map(len, joined)))
            stack.callback(os.close, fd)
            write_all(fd, b"".join(joined))
            paths.append(f"/proc/self/fd/{fd}")
            joined.clear()

    for content in contents:
        if content.data is None:
            flush()
            paths.append(f"/proc/self/fd/{content.fd}")
        else:
            if plan.pipeline.csv.header and not joined:
                joined.append(header_line(content))
            joined.append(content.data)
            if content.data[-1:] not in (b"\n", b""):
                joined.append(b"\n")
    flush()
    return paths


def scan(
    paths: list[str],
    layout: Layout,
    plain: Plain,
    plan: Plan,
    *,
    unmarked: bool = False,
) -> pl.LazyFrame:
    """
    Return the lazy frame of *paths*, which all have the columns of *layout* and are
    written in *plain*.

    Columns have the file's names and the reader's types.
    """
    options = plan.pipeline.csv
    schema = {
        name: stored_type(column_type, options)
        for name, column_type in layout.stored(plan.schema).items()
    }
    settings = reader_options(options, plain, unmarked=unmarked) | _named(options)
    return pl.scan_csv(paths, schema=schema, **settings)  # type: ignore[arg-type]


def _named(options: Csv) -> dict[str, object]:
    """
    Have Polars take the names that it is given: it would compare them with the header's
    own, where a quote in a name is doubled, and a name may stand twice or not at all.
    """
    return {"has_header": False, "skip_rows": int(options.header)}


def typed(
    columns: Sequence[str], layout: Layout, plan: Plan, sample: Sample
) -> list[pl.Expr]:
    """
    Return the expressions that make *columns* of the schema from those of a scan.
    """
    types, sources = dict(plan.schema.columns), dict(layout.sources)
    return [
        (
            converted(
                pl.col(sources[column]),
                types[column],
                plan.pipeline.csv,
                sample.forms.get(column, ""),
                unmarked=sample.unmarked,
            )
            if sources[column]
            else pl.lit(None, dtype=data_type(types[column]))
        ).alias(column)
        for column in columns
    ]


def leniently_typed(
    columns: Sequence[str], frame: pl.DataFrame, layout: Layout, plan: Plan
) -> pl.DataFrame:
    """
    Return *columns* of the schema from *frame*, text as it is in a file; what does not
    fit is null. Those without a type are left out.
    """
    types, sources = dict(plan.schema.columns), dict(layout.sources)
    return frame.select(
        (
            converted(
                pl.col(sources[column]), types[column], plan.pipeline.csv, strict=False
            )
            if sources[column]
            else pl.lit(None)
        )
        .cast(data_type(types[column]))
        .alias(column)
        for column in columns
        if column not in plan.schema.untyped
    )


def after_look_at(columns: Sequence[pl.Expr], wanted: pl.Expr) -> pl.Expr:
    """
    Return *wanted*, which has *columns*, all of them text, parsed and converted too.

    The condition holds in every row; Polars cannot know that, and leaves nothing out.
    """
    looks = [column.str.len_bytes().fill_null(0) >= 0 for column in columns]
    return pl.when(pl.all_horizontal(looks)).then(wanted) if looks else wanted


def first_texts(content: Content, plan: Plan) -> pl.DataFrame | None:
    """
    Return the first records of *content* as text, None where they cannot be read.
    """
    options = plan.pipeline.csv
    settings = reader_options(options, content.plain, unmarked=True) | _named(options)
    try:
        return pl.read_csv(
            io.BytesIO(_head(content, plan)),
            schema=dict.fromkeys(content.names, pl.String()),
            n_rows=_SAMPLE_ROWS,
            **settings,  # type: ignore[arg-type]
        )
    except pl.exceptions.PolarsError:
        return None


def sample(content: Content, plan: Plan, frame: pl.DataFrame | None) -> Sample:
    """
    Return what *frame*, the first records of *content* as text, suggests.
    """
    if frame is None:
        return Sample()
    types = dict(plan.schema.columns)
    options = plan.pipeline.csv
    found = Sample(unmarked=markers_are_words(options) and not keeps_empty(options))
    for column, name in content.layout.sources:
        if name:
            values = frame[name].drop_nulls().alias(column)
            found = _seen(values, types[column], options, found)
    return found


def _head(content: Content, plan: Plan) -> bytes:
    """
    Return the first records of *content*, with a header if the files have one.
    """
    if content.pending:
        first = header_line(content) if plan.pipeline.csv.header else b""
        head = first + content.text.read(content.begin, HEAD_BYTES)
    elif content.data is None:
        head = os.pread(content.fd, HEAD_BYTES, 0)
    else:
        first = header_line(content) if plan.pipeline.csv.header else b""
        head = first + bytes(content.data[:HEAD_BYTES])
        if len(content.data) <= HEAD_BYTES:
            return head
    return head[: head.rfind(b"\n") + 1]


def _seen(values: pl.Series, column_type: str, options: Csv, found: Sample) -> Sample:
    """
    Return *found* with what *values*, the first of a column, add to it.
    """
    name = values.name
    marked = values.is_in(list(options.nulls))
    text = isinstance(stored_type(column_type, options), pl.String)
    values = values.filter(~marked)
    if column_type.startswith(("date", "timestamp")):
        found.forms[name] = expected_form(values, column_type, options)
    elif column_type.startswith("float"):
        typed = converted(pl.col(name), "float64", options, strict=False)
        found.measure(values.to_frame().select(typed)[name])
    if marked.any() and not text:
        return replace(found, unmarked=False)
    return found
