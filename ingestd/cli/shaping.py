"""
What becomes of rows between a file and the output, in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingestd.cli.places import Place
from ingestd.config import Pipeline
from ingestd.ledger.ledger import Entry
from ingestd.model import Schema
from ingestd.observe.escape import escape
from ingestd.observe.units import counted
from ingestd.run.faults import Fault
from ingestd.run.paths import path_texts
from ingestd.run.transform.pipeline import shape_of
from ingestd.run.transform.shape import Shape

_SHOWN = 5


def of_paths(pipeline: Pipeline, entries: list[Entry]) -> Iterator[str]:
    """
    Yield what the paths of *entries* give, and which of them do not match.
    """
    wrong: list[str] = []
    shown = ""
    for entry in entries:
        try:
            shown = shown or _values(pipeline, entry.path)
        except Fault as fault:
            wrong.append(fault.detail)
    if shown:
        matching = counted(len(entries) - len(wrong), "file")
        yield f"paths    {matching} of {len(entries):,} match; the first: {shown}"
    for detail in wrong[:_SHOWN]:
        yield f"note     {escape(detail)}: the file would be quarantined"
    if len(wrong) > _SHOWN:
        yield f"note     {len(wrong) - _SHOWN:,} more paths do not match"


def of_path(place: Place) -> str:
    """
    Return what the path of *place* gives, or why it does not match; "" where nothing is
    taken from paths.
    """
    if not place.pipeline.source.path_names:
        return ""
    try:
        return f"gives {_values(place.pipeline, place.path)}"
    except Fault as fault:
        return f"{escape(fault.detail)}: it is quarantined"


def _values(pipeline: Pipeline, path: bytes) -> str:
    texts = path_texts(pipeline.source, path)
    pairs = zip(pipeline.source.path_names, texts, strict=True)
    return ", ".join(
        f"{name} = {'null' if text is None else escape(text)}" for name, text in pairs
    )


def plan_of(pipeline: Pipeline, schema: Schema) -> Iterator[tuple[str, str]]:
    """
    Yield what is done with rows of *schema*, step by step. Raises ConfigError.
    """
    shape = shape_of(pipeline, schema)
    if shape is None:
        return
    wanted = _wanted(pipeline, shape)
    reads, of_files = shape.reads(wanted), _of_files(schema, shape)
    left = [name for name in of_files if name not in reads]
    rest = f"; not converted: {_list(left)}" if left else ""
    yield "parsed", f"{_list(reads)} ({len(reads)} of {len(of_files)} columns){rest}"
    if taken := shape.from_path(wanted):
        yield "path", _list(taken)
    derive = pipeline.transform.derive or {}
    for name, _ in shape.computed(wanted):
        yield "derived", f"{escape(name)} = {escape(derive[name])}"
    if pipeline.transform.where is not None:
        where = escape(pipeline.transform.where)
        yield "where", f"{where} (while reading; what it leaves out is counted)"
    if pipeline.transform.python is not None:
        yield "python", escape(pipeline.transform.python)
    yield from _made_of_rows(pipeline, shape)
    if pipeline.engine != "polars":
        yield "engine", "polars, on GPU clusters too"


def _made_of_rows(pipeline: Pipeline, shape: Shape) -> Iterator[tuple[str, str]]:
    if pipeline.aggregate is None:
        yield "rows", _list([f"{name} {kind}" for name, kind in shape.rows])
        return
    yield "keys", _list(pipeline.aggregate.group_by)
    metrics = [
        f"{m.name} = {m.function}({m.column})" for m in pipeline.aggregate.metrics
    ]
    yield "metrics", _list(metrics)


def _wanted(pipeline: Pipeline, shape: Shape) -> list[str]:
    if pipeline.aggregate is None:
        return list(shape.select)
    used = {metric.column for metric in pipeline.aggregate.metrics}
    used |= set(pipeline.aggregate.group_by)
    return [name for name in shape.select if name in used]


def _of_files(schema: Schema, shape: Shape) -> list[str]:
    return [name for name in schema.names if name not in shape.paths]


def _list(names: Sequence[str]) -> str:
    return escape(", ".join(names)) if names else "none"
