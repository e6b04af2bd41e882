"""
The schema of a pipeline as ``check`` shows it: the one that holds, and how it came to
be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestd.cli.output import clock
from ingestd.config import Config, Pipeline
from ingestd.ledger.ledger import SchemaRow
from ingestd.ledger.sqlite import SqliteReader
from ingestd.ledger.versions import difference, pinned
from ingestd.model import Schema
from ingestd.observe.escape import escape
from ingestd.observe.units import counted

_SHOWN = 10


def history(pipeline: Pipeline, config: Config) -> list[SchemaRow]:
    """
    Return the versions that the ledger has; none before the first start.
    """
    state_dir = Path(config.state_dir)
    if not (state_dir / "ledger.sqlite").exists():
        return []
    reader = SqliteReader.open(state_dir)
    try:
        return reader.schemas(pipeline.name)
    finally:
        reader.close()


def holding(pipeline: Pipeline, rows: Sequence[SchemaRow]) -> Schema | None:
    """
    Return the schema that the next start reads with; None where it is inferred then.
    """
    newest = rows[-1].schema if rows else None
    if pipeline.schema_ is None:
        return newest
    return pinned(newest, Schema(tuple(pipeline.schema_.items())))


def origin(schema: Schema, rows: Sequence[SchemaRow]) -> str:
    """
    Return where *schema* is from, in words.
    """
    if not schema.version:
        return "inferred from the files there; the first batch pins its own"
    known = {row.schema.version for row in rows}
    if schema.version in known:
        return f"pinned, version {schema.version}, {schema.source}"
    declared = "declared in the configuration"
    if not known:
        return declared
    change = _change(rows[-1].schema, schema)
    return f"{declared}; the next start pins it as version {schema.version}: {change}"


def grown(before: Schema, after: Schema) -> str:
    """
    Return what the first files there would make of the schema *before*, in words.
    """
    change = escape(str(difference(before, after)))
    return f"the first files there ask for another version: {change}"


def lines(rows: Sequence[SchemaRow]) -> Iterator[str]:
    """
    Yield a line for each version, oldest first: when and why, and what it changed.
    """
    left = len(rows) - _SHOWN
    if left > 0:
        yield f"… {counted(left, 'earlier version')}"
    before: Schema | None = None
    for place, row in enumerate(rows):
        if place >= left:
            schema = row.schema
            head = f"{schema.version}  {clock(row.pinned_at)}  {schema.source}"
            yield f"{head}: {_change(before, schema)}"
        before = row.schema


def _change(before: Schema | None, after: Schema) -> str:
    if before is None:
        return counted(len(after.columns), "column")
    if found := str(difference(before, after)):
        return escape(found)
    moved = before.names != after.names
    return "in another order" if moved else "the same columns"
