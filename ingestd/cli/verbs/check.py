"""
``ingestd check``: would it run, and what would come out?
"""

from __future__ import annotations

import sys
from argparse import Namespace

from ingestd.cli import reach, reach_notices, reach_workers, versions
from ingestd.cli.configured import load
from ingestd.cli.output import write, write_table
from ingestd.config import Config, Pipeline
from ingestd.errors import ConfigError, IngestdError, Quarantine, Unreachable
from ingestd.ledger.ledger import Entry
from ingestd.model import Schema
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted


def execute(arguments: Namespace) -> int:
    """
    Say what is found, all of it; exit code 6 when something cannot be used, 78 when
    the configuration does not fit the columns that the files have.
    """
    config, path = load(arguments)
    report = reach.Report(lambda line: write(escape(line)))
    pipelines = counted(len(config.pipelines), "pipeline")
    write(f"{printable(str(path))}: valid, {pipelines}")
    reach.state_dir(config, report)
    reach.cluster(config, report)
    reach.prefect(config, report)
    fits = True
    for pipeline in config.pipelines:
        write()
        write(pipeline.name)
        entries = reach.source(pipeline, report)
        reach_notices.notices(pipeline, config, report)
        reach.sink(pipeline, report)
        reach.rejects(pipeline, report)
        reach_workers.workers(pipeline, config, entries, report)
        _dialect(pipeline, entries)
        fits = _schema(pipeline, config, entries) and fits
    if not report.problems:
        return 0 if fits else ConfigError.exit_code
    sys.stdout.flush()
    for problem in report.problems:
        sys.stderr.write(f"{escape(problem)}\n")
    return Unreachable.exit_code


def _dialect(pipeline: Pipeline, entries: list[Entry]) -> None:
    if not entries:
        return
    from ingestd.cli import dialect  # noqa: PLC0415 - numpy and the engine

    for line in dialect.lines(pipeline, entries):
        write(f"  {line}".rstrip())


def _schema(pipeline: Pipeline, config: Config, entries: list[Entry]) -> bool:
    """
    Say what the schema is and what becomes of it; tell whether it has what it takes.
    """
    rows = versions.history(pipeline, config)
    known = versions.holding(pipeline, rows)
    if known is None and not entries:
        write("  schema   is inferred from the first batch; there is no file yet")
        return True
    from ingestd.cli import preview  # noqa: PLC0415 - pyarrow and the engine

    try:
        schema = known or preview.inferred(pipeline, entries)
    except Quarantine as err:
        write(f"  schema   {escape(str(err))}")
        return True
    write(f"  schema   {versions.origin(schema, rows)}")
    for line in preview.as_toml(schema):
        write(f"    {line}")
    if len(rows) > 1:
        write("  versions")
        for line in versions.lines(rows):
            write(f"    {line}")
    if not _shape(pipeline, schema, entries):
        return False
    if entries:
        _preview(pipeline, schema, entries)
    return True


def _shape(pipeline: Pipeline, schema: Schema, entries: list[Entry]) -> bool:
    """
    Say what becomes of rows; tell whether the schema has all that it takes.
    """
    if not pipeline.shapes_rows:
        return True
    from ingestd.cli import shaping  # noqa: PLC0415 - pyarrow

    for line in shaping.of_paths(pipeline, entries):
        write(f"  {line}")
    try:
        steps = list(shaping.plan_of(pipeline, schema))
    except ConfigError as err:
        for problem in err.problems:
            first, *rest = problem.split("\n")
            write(f"  wrong    {escape(first)}")
            for line in rest:
                write(f"    {escape(line)}")
        return False
    write("  plan")
    for label, text in steps:
        write(f"    {label:<9}{text}")
    found, said = shaping.of_function(pipeline)
    if said:
        label = "python" if found else "wrong"
        write(f"  {label:<9}{escape(f'{pipeline.transform.python}: {said}')}")
    return found


def _preview(pipeline: Pipeline, schema: Schema, entries: list[Entry]) -> None:
    from ingestd.cli import preview  # noqa: PLC0415 - pyarrow and the engine

    try:
        shown = preview.preview(pipeline, schema, entries)
    except IngestdError as err:
        write(f"  preview  none: {escape(str(err))}")
        return
    if shown.schema != schema:
        write(f"  drift    {versions.grown(schema, shown.schema)}")
    for table in shown.tables:
        write(f"  preview  {table.title}")
        indented = [("   ", *row) for row in table.rows]
        write_table(("   ", *table.heads), indented, "<" * (1 + len(table.heads)))
    for line in shown.refused:
        write(f"  note     {line}")
