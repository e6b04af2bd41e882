"""
Rules between keys.

A rule about a pipeline names the sections that it reads, and is passed over where one
of them has problems of its own, so that one mistake gives one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ingestd.config.aggregate import EVERY_ROW, NUMERIC_FUNCTIONS, Metric
from ingestd.config.document import Config
from ingestd.config.formats import MOST_DIGITS, fits
from ingestd.config.json_lines import json_lines_fit
from ingestd.config.pipeline import LINEAGE_COLUMNS, RESCUED_COLUMN, Pipeline
from ingestd.config.spelling import nearest
from ingestd.config.stores import rejects_fit, sink_fits, source_fits
from ingestd.config.tails import tail_fits
from ingestd.config.values import TIMESTAMPS, is_numeric

ROWS_COLUMN: Final = "_rows"

Finding = tuple[str, str]  # the key below the pipeline, and what was expected


class Rule(NamedTuple):
    """
    A check of one pipeline that reads the sections *reads*.
    """

    reads: frozenset[str]
    check: Callable[[Pipeline], Iterator[Finding]]


def _header_or_schema(pipeline: Pipeline) -> Iterator[Finding]:
    if not pipeline.csv.header and pipeline.schema_ is None:
        yield "csv.header", "expected true, or the names in [pipelines.schema]"


def _marks_differ(pipeline: Pipeline) -> Iterator[Finding]:
    csv = pipeline.csv
    if csv.quote and csv.quote in csv.delimiter:
        yield "csv.quote", "expected another character than the delimiter"
    if csv.escape and csv.escape in csv.delimiter:
        yield "csv.escape", "expected another character than the delimiter"
    if csv.skip_blanks and csv.delimiter.startswith(" "):
        yield "csv.skip_blanks", "expected false: the delimiter begins with a blank"
    if csv.skip_blanks and " " in (csv.quote, csv.escape):
        yield "csv.skip_blanks", "expected false: a blank is the quote or the escape"
    for mark in (csv.delimiter, csv.quote, csv.escape):
        if csv.comment and mark and csv.comment.startswith(mark):
            expected = "expected it to begin with none of delimiter, quote and escape"
            yield "csv.comment", expected
            break


def _numbers_can_be_read(pipeline: Pipeline) -> Iterator[Finding]:
    csv = pipeline.csv
    if csv.decimal == csv.thousands:
        yield "csv.thousands", "expected another character than the decimal mark"
    quoted = csv.quote or csv.escape
    for key, mark in (("decimal", csv.decimal), ("thousands", csv.thousands)):
        if mark and mark in (csv.quote, csv.escape):
            yield f"csv.{key}", "expected another character than quote and escape"
        # Between quotes a delimiter is text: "1,234" is a number that people have.
        elif mark and mark in csv.delimiter and not quoted:
            yield (
                f"csv.{key}",
                "expected another character than the delimiter: nothing is quoted",
            )


def _words_differ(pipeline: Pipeline) -> Iterator[Finding]:
    csv = pipeline.csv
    default = csv.words_in_any_case
    true, false, null = (
        {word.lower() if default else word for word in words}
        for words in (csv.true_values, csv.false_values, csv.nulls)
    )
    pairs = [("true_values", "false_values", true & false)]
    for key, found in (("true_values", true & null), ("false_values", false & null)):
        pairs.append(("nulls", key, found) if default else (key, "nulls", found))
    for key, other, found in pairs:
        if found:
            shown = ", ".join(repr(word) for word in sorted(found))
            yield f"csv.{key}", f"expected other words: csv.{other} has {shown} too"


def _formats_fit(pipeline: Pipeline) -> Iterator[Finding]:
    formats = pipeline.csv.timestamp_formats
    for column, column_type in (pipeline.schema_ or {}).items():
        if not formats or column_type not in TIMESTAMPS:
            continue
        if not any(fits(text, column_type) for text in formats):
            wanted = f"expected a format that {column!r} can have: {column_type} has"
            yield "csv.timestamp_formats", f"{wanted} {_of(column_type)}"


def _of(column_type: str) -> str:
    zone = "an offset, %z" if column_type == "timestamp(tz)" else "no offset, %z"
    return f"{zone}, and at most {MOST_DIGITS[column_type]} digits behind the second"


def _nulls_exist(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.drift.bad_row == "null" and not pipeline.csv.nulls:
        yield "drift.bad_row", "expected reject or fail: csv.nulls has no text for null"


def _move_has_target(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.source.after_commit == "move" and pipeline.source.move_to is None:
        yield "source.after_commit", "expected a folder in source.move_to beside it"


def _schema_has_columns(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.schema_ is not None and not pipeline.schema_:
        yield "schema", "expected at least one column; leave the table out to infer"


def _aggregate_columns_exist(pipeline: Pipeline) -> Iterator[Finding]:
    schema, aggregate = _known(pipeline), pipeline.aggregate
    if not schema or aggregate is None:
        return
    for column in aggregate.group_by:
        if column not in schema:
            yield "aggregate.group_by", _no_column(column, schema)
    for metric in aggregate.metrics:
        key = f"aggregate.metrics.{metric.name}"
        if metric.column == EVERY_ROW:
            continue
        if metric.column not in schema:
            yield key, _no_column(metric.column, schema)
        elif metric.function in NUMERIC_FUNCTIONS:
            yield from _numeric(key, metric, schema[metric.column])


def _numeric(key: str, metric: Metric, column_type: str) -> Iterator[Finding]:
    if column_type and not is_numeric(column_type):
        wanted = f"expected a numeric column for {metric.function}"
        yield key, f"{wanted}; {metric.column!r} is {column_type}"


def _output_names_differ(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.aggregate is None:
        return
    keys = pipeline.aggregate.group_by
    if ROWS_COLUMN in keys:
        yield "aggregate.group_by", f"expected no column {ROWS_COLUMN}: it is reserved"
    names = [metric.name for metric in pipeline.aggregate.metrics]
    for name in dict.fromkeys(names):
        key = f"aggregate.metrics.{name}"
        if name == ROWS_COLUMN:
            yield key, f"expected another name: {ROWS_COLUMN} is reserved"
        elif name in keys:
            yield key, "expected another name: a group key has this one"
        elif names.count(name) > 1:
            yield key, "expected each name once"


def _partitions_exist(pipeline: Pipeline) -> Iterator[Finding]:
    key, partitions = "sink.partition_by", pipeline.sink.partition_by
    if pipeline.aggregate is not None:
        for column in partitions:
            if column not in pipeline.aggregate.group_by:
                yield key, f"expected columns of aggregate.group_by; {column!r} is none"
    elif schema := _known(pipeline):
        for column in partitions:
            if column not in schema:
                yield key, _no_column(column, schema)
        if set(partitions) >= set(schema):
            yield key, "expected at least one column to be left for the files"


def _paths_fit(pipeline: Pipeline) -> Iterator[Finding]:
    source = pipeline.source
    if source.hive_columns and not source.recursive:
        yield "source.hive_columns", "expected source.recursive = true beside it"
    names = source.path_names
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            key = "source.hive_columns"
            yield key, f"expected {name!r} in this or in path_columns, not in both"
        if name in pipeline.reserved:
            key = "source.path_columns"
            yield key, f"expected another name than {name!r}: the output adds this one"
    if pipeline.schema_ and set(names) >= set(pipeline.schema_):
        yield "schema", "expected at least one column that is not from the path"


def _known(pipeline: Pipeline) -> dict[str, str]:
    """
    Return the columns that rows have with their types, "" where only the expression
    tells; none where the schema is inferred.
    """
    if not pipeline.schema_:
        return {}
    paths = dict.fromkeys(pipeline.source.path_names, "string")
    derived = dict.fromkeys(pipeline.transform.derive or (), "")
    added = pipeline.transform.python_columns or {}
    return {**paths, **pipeline.schema_, **derived, **added}


def _function_adds(pipeline: Pipeline) -> Iterator[Finding]:
    transform = pipeline.transform
    if transform.python_columns and transform.python is None:
        yield "transform.python_columns", "expected transform.python beside it"


def _lineage_fits(pipeline: Pipeline) -> Iterator[Finding]:
    if not pipeline.sink.lineage_columns:
        return
    if pipeline.aggregate is not None:
        yield "sink.lineage_columns", "expected false: groups have no single record"
    for column in LINEAGE_COLUMNS:
        if column in (pipeline.schema_ or ()):
            yield (
                f"schema.{column}",
                "expected another name: sink.lineage_columns adds this one",
            )


def _rescue_fits(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.drift.new_column != "rescue":
        return
    if pipeline.aggregate is not None:
        yield "drift.new_column", "expected ignore, add or fail: groups keep no text"
    if RESCUED_COLUMN in (pipeline.schema_ or ()):
        yield (
            f"schema.{RESCUED_COLUMN}",
            'expected another name: drift.new_column = "rescue" adds this one',
        )


def _no_column(column: str, schema: dict[str, str]) -> str:
    close = nearest(column, schema)
    hint = f"did you mean {close!r}?" if close else f"it has {', '.join(schema)}"
    return f"no column {column!r} in the schema; {hint}"


def _rule(check: Callable[[Pipeline], Iterator[Finding]], *reads: str) -> Rule:
    return Rule(frozenset(reads), check)


PIPELINE_RULES: Final = (
    _rule(_header_or_schema, "csv", "schema"),
    _rule(_marks_differ, "csv"),
    _rule(_numbers_can_be_read, "csv"),
    _rule(_words_differ, "csv"),
    _rule(_formats_fit, "csv", "schema"),
    _rule(_nulls_exist, "csv", "drift"),
    _rule(json_lines_fit, "source", "csv", "drift"),
    _rule(_move_has_target, "source"),
    _rule(source_fits, "source"),
    _rule(sink_fits, "sink"),
    _rule(rejects_fit, "rejects"),
    _rule(tail_fits, "source", "csv"),
    _rule(_schema_has_columns, "schema"),
    _rule(_aggregate_columns_exist, "schema", "aggregate", "transform", "source"),
    _rule(_output_names_differ, "aggregate"),
    _rule(_partitions_exist, "schema", "aggregate", "sink", "transform", "source"),
    _rule(_paths_fit, "schema", "source", "sink", "drift"),
    _rule(_function_adds, "transform"),
    _rule(_lineage_fits, "schema", "aggregate", "sink"),
    _rule(_rescue_fits, "schema", "aggregate", "drift"),
)


def unequal_tls(config: Config) -> Iterator[Finding]:
    """
    Yield the tls keys that are missing beside others.
    """
    cluster = config.cluster
    keys = {
        "tls_ca": cluster.tls_ca,
        "tls_cert": cluster.tls_cert,
        "tls_key": cluster.tls_key,
    }
    missing = [name for name, value in keys.items() if value is None]
    if 0 < len(missing) < len(keys):
        for name in missing:
            yield f"cluster.{name}", "missing; expected all three tls keys or none"
