"""
The versions of a pipeline's schema: what is one, and what no step may lose.
"""

# ruff: noqa: F401, F811 - fixtures are imported, and named again as arguments

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestd.errors import LedgerError
from ingestd.model import UNTYPED, Schema
from tests.conformance.ledger_kit import (
    PIPELINE,
    SCHEMA,
    ledger,
    opened,
)

A, B, C = ("a", "int64"), ("b", "float64"), ("c", "string")
NULL = ("n", UNTYPED)


def widened(ledger, *columns, at=9.0):
    return ledger.widen(PIPELINE, Schema(columns, source="added"), at)


def test_versions_count_from_one(ledger):
    """A schema whose columns are those of the newest is not pinned again."""
    assert ledger.schema(PIPELINE) is None
    assert [] == ledger.schemas(PIPELINE)
    one = ledger.pin(PIPELINE, SCHEMA, 1.0)
    assert (1, one) == (one.version, ledger.schema(PIPELINE))
    assert one == ledger.pin(PIPELINE, SCHEMA, 2.0)
    assert one == ledger.pin(PIPELINE, replace(SCHEMA, source="inferred"), 3.0)
    two = ledger.pin(PIPELINE, Schema((("ts", "timestamp"),)), 4.0)
    three = ledger.pin(PIPELINE, SCHEMA, 5.0)
    assert three == ledger.schema(PIPELINE)
    rows = ledger.schemas(PIPELINE)
    assert [(one, 1.0), (two, 4.0), (three, 5.0)] == [
        (row.schema, row.pinned_at) for row in rows
    ]
    assert [1, 2, 3] == [row.schema.version for row in rows]
    assert (None, []) == (ledger.schema("other"), ledger.schemas("other"))


def test_two_batches_in_flight_add_to_each_other(ledger):
    """Both looked at their files beside version 1; neither loses its column."""
    ledger.pin(PIPELINE, Schema((A,), source="inferred"), 1.0)
    first = widened(ledger, A, B)
    second = widened(ledger, A, C)
    assert Schema((A, B), 2, "added", ("b",)) == first
    assert Schema((A, B, C), 3, "added", ("b", "c")) == second


def test_two_batches_in_flight_add_the_same_column(ledger):
    """The type of the first holds; the second is read with it."""
    ledger.pin(PIPELINE, Schema((A,)), 1.0)
    first = widened(ledger, A, B)
    assert first == widened(ledger, A, ("b", "string"))
    assert first == widened(ledger, A)
    assert 2 == len(ledger.schemas(PIPELINE))


def test_a_column_without_a_type_gets_one_once(ledger):
    """A version of its own; a type that is there is never changed by a batch."""
    ledger.pin(PIPELINE, Schema((A, NULL), source="inferred"), 1.0)
    typed = widened(ledger, A, ("n", "int64"))
    assert Schema((A, ("n", "int64")), 2, "typed") == typed
    assert typed == widened(ledger, A, ("n", "string"))
    assert typed == widened(ledger, A, NULL)


def test_a_column_may_be_added_without_a_type(ledger):
    """Its header was there and no value: known, and typed by a later batch."""
    ledger.pin(PIPELINE, Schema((A,)), 1.0)
    added = widened(ledger, A, NULL)
    typed = widened(ledger, A, ("n", "bool"))
    assert Schema((A, NULL), 2, "added", ("n",)) == added
    assert Schema((A, ("n", "bool")), 3, "typed", ("n",)) == typed


def test_a_restart_keeps_what_was_added(opened):
    """The declaration is the same, so nothing is pinned, however often."""
    declared = Schema((A, B))
    first = opened()
    first.pin(PIPELINE, declared, 1.0)
    newest = widened(first, A, B, C)
    first.close()
    again = opened()
    for now in (10.0, 11.0):
        assert newest == again.pin(PIPELINE, declared, now)
    assert 2 == len(again.schemas(PIPELINE))


def test_a_changed_declaration_keeps_what_was_added(ledger):
    """Its own columns come first, as they stand there; added ones follow."""
    ledger.pin(PIPELINE, Schema((A, B)), 1.0)
    widened(ledger, A, B, C)
    changed = ledger.pin(PIPELINE, Schema((B,)), 10.0)
    assert Schema((B, C), 3, "declared", ("c",)) == changed
    assert changed == ledger.pin(PIPELINE, Schema((B,)), 11.0)


def test_a_declared_type_wins(ledger):
    """A column that was added is the declaration's from then on."""
    ledger.pin(PIPELINE, Schema((A,)), 1.0)
    widened(ledger, A, ("b", "int64"), C)
    declared = ledger.pin(PIPELINE, Schema((A, ("b", "string"))), 10.0)
    assert Schema((A, ("b", "string"), C), 3, "declared", ("c",)) == declared
    assert Schema((A, C), 4, "declared", ("c",)) == ledger.pin(
        PIPELINE, Schema((A,)), 11.0
    )


def test_a_declaration_replaces_what_was_inferred(ledger):
    """Also columns that it lacks, and those without a type."""
    ledger.pin(PIPELINE, Schema((A, B, NULL), source="inferred"), 1.0)
    assert Schema((B,), 2) == ledger.pin(PIPELINE, Schema((B,)), 2.0)


def test_without_a_schema_there_is_nothing_to_widen(ledger):
    """What a first batch finds is pinned, not added."""
    with pytest.raises(LedgerError):
        widened(ledger, A)
    assert [] == ledger.schemas(PIPELINE)
