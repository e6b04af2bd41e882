"""
What a look at a batch's files ends with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ingestd.config import Pipeline
from ingestd.errors import Retryable
from ingestd.model import Batch, Schema
from ingestd.run.runner import Work, asked

BATCH = Batch("b", 1, "rows", (), 0.0)
KNOWN = Schema((("a", "int64"),), 1)


@dataclass
class Looking:
    """An engine that answers with *schema*, and keeps what it was asked."""

    schema: Schema
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def infer(self, *arguments: Any) -> Schema:
        self.asked.append(arguments)
        return self.schema


def work(schema: Schema | None) -> Work:
    return Work(BATCH, (), Pipeline(name="rows"), schema, "/in", "/staging", "polars")


def test_the_schema_that_files_ask_for_is_handed_to_the_loop() -> None:
    """With what was met; the loop pins it and begins again."""
    wider = Schema((*KNOWN.columns, ("b", "date")), source="added")
    engine: Any = Looking(wider)
    values = {"b": ("2026-11-24",)}
    found = asked(work(KNOWN), values, engine)
    assert (found.schema, found.committable, found.error) == (wider, None, None)
    assert engine.asked == [(Pipeline(name="rows"), "/in", (), KNOWN, values)]


def test_an_attempt_is_not_begun_again_without_need() -> None:
    """A schema that stays as it is would be outgrown again, for ever."""
    engine: Any = Looking(KNOWN)
    with pytest.raises(Retryable, match="no place was made in the schema for b"):
        asked(work(KNOWN), {"b": ()}, engine)


def test_the_first_schema_is_what_is_found() -> None:
    """Whatever it is: there is nothing to compare it with."""
    engine: Any = Looking(KNOWN)
    assert asked(work(None), engine=engine).schema == KNOWN
