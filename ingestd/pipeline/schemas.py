"""
How a version of a schema is pinned, and told.
"""

from __future__ import annotations

from ingestd.config import Pipeline as Config
from ingestd.errors import ConfigError
from ingestd.ledger.ledger import Ledger
from ingestd.ledger.versions import difference
from ingestd.model import Schema
from ingestd.observe.events import SchemaChanged, SchemaPinned, emit
from ingestd.run.transform.pipeline import shape_of


def declare(config: Config, ledger: Ledger, wall: float) -> None:
    """
    Pin the schema that *config* declares, if it declares one; again only if the
    declaration changed.

    Raises ConfigError where the newest version has a column that the output has of its
    own, or none that the transform uses.
    """
    if config.schema_ is not None:
        pin(ledger, config.name, Schema(tuple(config.schema_.items())), wall)
    newest = ledger.schema(config.name)
    if newest is not None:
        shape_of(config, newest)
    taken = set(newest.names if newest else ()) & set(config.reserved)
    if taken:
        raise ConfigError(
            [
                f"pipelines.{config.name}: the pinned schema has {name!r}, which "
                "drift.new_column or sink.lineage_columns would write; expected other "
                "settings, or [pipelines.schema] without that column"
                for name in sorted(taken)
            ]
        )


def pin(ledger: Ledger, pipeline: str, schema: Schema, wall: float) -> Schema:
    """
    Pin *schema*, declared or found in a batch's files, and return the newest version.

    What other batches have added since the files were looked at is in it too.
    """
    before = ledger.schema(pipeline)
    if before is None or schema.source == "declared":
        after = ledger.pin(pipeline, schema, wall)
    else:
        after = ledger.widen(pipeline, schema, wall)
    if before is None:
        columns = tuple(f"{name} {kind}" for name, kind in after.columns)
        emit(SchemaPinned(pipeline, after.version, columns))
    elif after != before:
        _tell(pipeline, before, after)
    return after


def _tell(pipeline: str, before: Schema, after: Schema) -> None:
    found = difference(before, after)
    emit(
        SchemaChanged(
            pipeline=pipeline,
            from_version=before.version,
            to_version=after.version,
            source=after.source,
            added=tuple(f"{name} {kind}" for name, kind in found.added),
            removed=tuple(name for name, _ in found.removed),
            retyped=tuple(f"{n}: {old} -> {new}" for n, old, new in found.retyped),
            renamed=tuple(f"{old} -> {new}" for old, new in found.renamed),
        )
    )
