"""
``ingestd rejects``: the rows that were set aside, to read, or to repair.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestd.cli.configured import load
from ingestd.cli.filters import pipeline_of, reason_of
from ingestd.cli.output import path_fields, write_array, write_table
from ingestd.cli.places import places
from ingestd.cli.rejected import Choice, Rejected
from ingestd.cli.repair import write_csv
from ingestd.cli.usage import UsageError
from ingestd.config import Config
from ingestd.ledger.reader import Reader
from ingestd.ledger.sqlite import SqliteReader
from ingestd.observe.escape import escape, printable

_HEADS = ("FILE", "LINE", "COLUMN", "REASON", "DETAIL", "RECORD", "BATCH")
_LONGEST = 60


def execute(arguments: Namespace) -> int:
    """
    List what matches the filters, streaming; or write it as a CSV file.
    """
    if arguments.csv and sys.stdout.isatty():
        message = "--csv writes records as they are, which a terminal may obey"
        hint = "Write it to a file: ingestd rejects --csv > repaired.csv"
        raise UsageError(message, hint=hint)
    config, _ = load(arguments)
    reader = SqliteReader.open(Path(config.state_dir))
    try:
        choice = _choice(arguments, config, reader)
        if arguments.csv:
            _csv(choice, reader)
        elif arguments.json:
            write_array(map(_item, _rows(choice, reader)))
        else:
            write_table(_HEADS, map(_row, _rows(choice, reader)), "<><<<<<")
    finally:
        reader.close()
    return 0


def _choice(arguments: Namespace, config: Config, reader: Reader) -> Choice:
    names = tuple(pipeline.name for pipeline in config.pipelines)
    name = pipeline_of(names, arguments.pipeline)
    pipelines = [p for p in config.pipelines if name in (None, p.name)]
    batch = arguments.batch
    if batch is not None and not any(reader.batches(batch_id=batch)):
        message = f"--batch {batch!r}: the ledger has no such batch"
        raise UsageError(message, hint="ingestd batches lists them")
    paths = None
    if arguments.file is not None:
        found = places(
            arguments.file,
            pipelines,
            lambda p, path: any(reader.files(pipeline=p.name, path=path)),
        )
        paths = {place.pipeline.name: place.path for place in found}
        pipelines = [place.pipeline for place in found]
        if not found:
            message = f"--file {arguments.file!r}: it is in no source"
            raise UsageError(message, hint="ingestd files lists those of the ledger")
    return Choice(pipelines, batch, paths, reason_of(arguments.reason))


def _rows(choice: Choice, reader: Reader) -> Iterator[Rejected]:
    for found in choice.published(reader):
        yield from choice.rows(found)


def _csv(choice: Choice, reader: Reader) -> None:
    sys.stdout.flush()
    # Listed once: a batch that is committed meanwhile may have another header.
    files = list(choice.published(reader))
    if not write_csv(choice, files, sys.stdout.buffer):
        sys.stderr.write("note: no row that matches was set aside\n")
    sys.stdout.buffer.flush()


def _item(row: Rejected) -> dict[str, Any]:
    text = row.raw.decode("utf-8", "backslashreplace")
    exact = {} if text.encode() == row.raw else {"raw_hex": row.raw.hex()}
    return {
        "pipeline": row.source.pipeline.name,
        "batch": row.source.batch,
        **path_fields(row.path),
        "line": row.line,
        "record": row.record,
        "byte_offset": row.byte_offset,
        "column": row.column or None,
        "reason": row.reason,
        "detail": escape(row.detail),
        "header": row.header,
        "raw": text,
        **exact,
    }


def _row(row: Rejected) -> tuple[str, ...]:
    raw = printable(row.raw)
    return (
        printable(row.path),
        f"{row.line:,}",
        escape(row.column) or "-",
        row.reason,
        escape(row.detail),
        raw if len(raw) <= _LONGEST else f"{raw[:_LONGEST]}…",
        row.source.batch,
    )
