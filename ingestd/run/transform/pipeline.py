"""
What a pipeline's configuration makes of the rows of a schema, checked as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ingestd.config import Config, Pipeline
from ingestd.errors import ConfigError
from ingestd.model import Schema
from ingestd.run import aggregate
from ingestd.run.transform.shape import Shape, shaped


def check(config: Config) -> None:
    """
    Check the transforms of all pipelines that declare a schema; raise ConfigError.

    The others are checked when the schema of their first batch is known.
    """
    problems: list[str] = []
    for pipeline in config.pipelines:
        if pipeline.schema_:
            try:
                shape_of(pipeline, Schema(tuple(pipeline.schema_.items())))
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(problems)


def shape_of(pipeline: Pipeline, schema: Schema) -> Shape | None:
    """
    Return what *pipeline* makes of rows of *schema*; None where rows stay as they are
    in the files. Raises ConfigError, each problem with its key.
    """
    if not pipeline.shapes_rows:
        return None
    where = f"pipelines.{pipeline.name}"
    try:
        shape = shaped(pipeline.transform, schema, pipeline.source.path_names)
    except ConfigError as error:
        problems = [f"{where}.transform.{problem}" for problem in error.problems]
        raise ConfigError(problems) from error
    rows = replace(schema, columns=shape.rows)
    found = [f"{where}.{problem}" for problem in _misused(pipeline, shape, rows)]
    if found:
        raise ConfigError(found)
    return shape


def _misused(pipeline: Pipeline, shape: Shape, rows: Schema) -> Iterator[str]:
    for name, _ in shape.derived:
        if name in pipeline.reserved:
            yield f"transform.derive.{name}: expected another name: the output adds it"
    for name in pipeline.sink.partition_by:
        if name not in shape.select:
            yield f"sink.partition_by: no column {name!r} among those of the transform"
    if set(pipeline.sink.partition_by) >= set(shape.select):
        yield "sink.partition_by: expected at least one column to be left for the files"
    if pipeline.aggregate is not None:
        try:
            aggregate.check(pipeline.aggregate, rows)
        except ConfigError as error:
            yield from error.problems
