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
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.polars.convert import (
    converted,
    data_type,
    form_of,
    keeps_empty,
    markers_are_words,
    stored_type,
)
from ingestd.run.header import HEAD_BYTES
from ingestd.run.layout import Layout
from ingestd.run.unpack import spool, write_all

INDEX = "ingestd:index"
_SAMPLE_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Sample:
    """
    What the first records suggest; wrong suggestions cost time, never correctness.

    *forms* of timestamps by column; *middles* and *largest* of floats; *unmarked*: no
    number is expected to be a null marker, so that the reader need not look for them.
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

    @property
    def bold(self) -> bool:
        """
        Whether ``cautious`` would change anything.
        """
        return self.unmarked or any(self.forms.values())


def reader_options(options: Csv, *, unmarked: bool = False) -> dict[str, object]:
    """
    Return what Polars' CSV functions are told about the dialect.
    """
    kept = keeps_empty(options)
    return {
        "has_header": options.header,
        "separator": options.delimiter,
        "quote_char": options.quote or None,
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
    joined: list[bytes] = []

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
            joined.append(_without_header(content, first=not joined))
    flush()
    return paths


def _without_header(content: Content, *, first: bool) -> bytes:
    header = content.header
    data = content.data or b""
    data = data[header.start if first else header.end :]
    return data if data.endswith(b"\n") or not data else data + b"\n"


def scan(
    paths: list[str],
    layout: Layout,
    plan: Plan,
    *,
    text: bool = False,
    unmarked: bool = False,
) -> pl.LazyFrame:
    """
    Return the lazy frame of *paths*, which all have the columns of *layout*.

    Columns have the file's names and the reader's types; *text* leaves all of them
    text.
    """
    options = plan.pipeline.csv
    schema = {
        name: pl.String() if text else stored_type(column_type, options)
        for name, column_type in layout.stored(plan.schema).items()
    }
    settings = reader_options(options, unmarked=unmarked)
    return pl.scan_csv(paths, schema=schema, **settings)  # type: ignore[arg-type]


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


def sample(content: Content, plan: Plan) -> Sample:
    """
    Look at the first records of *content*; what cannot be read suggests nothing.
    """
    types = dict(plan.schema.columns)
    head = content.data or os.pread(content.fd, HEAD_BYTES, 0)
    head = head[content.header.start : head.rfind(b"\n") + 1][:HEAD_BYTES]
    head = head[: head.rfind(b"\n") + 1]
    options = plan.pipeline.csv
    try:
        frame = pl.read_csv(
            io.BytesIO(head),
            schema=dict.fromkeys(content.names, pl.String()),
            n_rows=_SAMPLE_ROWS,
            **reader_options(options, unmarked=True),  # type: ignore[arg-type]
        )
    except pl.exceptions.PolarsError:
        return Sample()
    found = Sample(unmarked=markers_are_words(options) and not keeps_empty(options))
    for column, name in content.layout.sources:
        if name:
            values = frame[name].drop_nulls().alias(column)
            found = _seen(values, types[column], options, found)
    return found


def _seen(values: pl.Series, column_type: str, options: Csv, found: Sample) -> Sample:
    """
    Return *found* with what *values*, the first of a column, add to it.
    """
    name = values.name
    marked = values.is_in(list(options.nulls))
    text = isinstance(stored_type(column_type, options), pl.String)
    values = values.filter(~marked)
    if column_type.startswith("timestamp") and len(values):
        found.forms[name] = form_of(values[0])
    elif column_type.startswith("float"):
        numbers = values.cast(pl.Float64, strict=False).drop_nulls()
        finite = numbers.filter(numbers.is_finite())
        if len(finite):
            found.middles[name] = finite.sort()[len(finite) // 2]
            found.largest[name] = max(abs(number) for number in finite)
    if marked.any() and not text:
        return replace(found, unmarked=False)
    return found
