"""
Looked at, pinned, read: how a batch comes to its schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingestd.config import Pipeline
from ingestd.errors import ComponentAway, ConfigError
from ingestd.ledger.ledger import Ledger
from ingestd.ledger.memory import MemoryLedger
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.model import UNTYPED, BatchState, Schema
from ingestd.observe.events import SchemaChanged, SchemaPinned, capture
from ingestd.pipeline.schemas import declare, pin
from ingestd.run.runner import Finished, Work
from tests.unit.pipeline.stage_kit import NAME, SCHEMA, WALL, Bench, committable

A, B, C = ("a", "int64"), ("b", "float64"), ("c", "string")


@pytest.fixture(name="ledger", params=["sqlite", "memory"])
def made_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """Both ledgers in turn."""
    made: Ledger = MemoryLedger()
    if request.param == "sqlite":
        made = SqliteLedger.open(tmp_path, now=0.5)
    yield made
    made.close()


def told(seen: list[Any]) -> list[Any]:
    return [e for e in seen if isinstance(e, SchemaPinned | SchemaChanged)]


def looked(bench: Bench, work: Work, *columns: tuple[str, str]) -> Work:
    """End *work*, whose files ask for *columns*; return what is started then."""
    schema = Schema(columns, source="added" if work.schema else "inferred")
    bench.finish.take(Finished(work, schema=schema), 2.0, WALL)
    return bench.runner.works[-1]


def test_a_batch_is_read_with_what_is_pinned(ledger: Ledger) -> None:
    """Looked at, pinned, told, and only then read; it stays in flight meanwhile."""
    bench = Bench(declared=False, ledger=ledger)
    first = bench.start(10)
    with capture() as seen:
        second = looked(bench, first, A, B)
    assert told(seen) == [SchemaPinned(NAME, 1, ("a int64", "b float64"))]
    pinned = Schema((A, B), 1, "inferred")
    assert (first.schema, second.schema) == (None, pinned)
    assert bench.dispatch.flying == {first.batch.id: second}
    assert bench.state(first.batch.id) is BatchState.CLAIMED
    assert bench.sink.discarded == []
    end = Finished(second, committable(second.batch, schema=pinned))
    bench.finish.take(end, 3.0, WALL)
    assert ledger.staged(first.batch.id).schema == pinned
    assert bench.budget.batches == 0


def test_two_batches_in_flight_lose_no_column(ledger: Ledger) -> None:
    """Both began with version 1; each is read with a version that has its own."""
    bench = Bench(ledger=ledger, new_column="add")
    bench.put(10, 10)
    bench.advance()
    one, two = bench.runner.works
    assert (one.schema, two.schema) == (ledger.schema(NAME), ledger.schema(NAME))
    with capture() as seen:
        first = looked(bench, one, *SCHEMA.columns, A, B)
        second = looked(bench, two, *SCHEMA.columns, ("a", "string"), C)
    assert first.schema == Schema((*SCHEMA.columns, A, B), 2, "added", ("a", "b"))
    newest = Schema((*SCHEMA.columns, A, B, C), 3, "added", ("a", "b", "c"))
    assert second.schema == ledger.schema(NAME) == newest
    assert told(seen) == [
        SchemaChanged(NAME, 1, 2, "added", added=("a int64", "b float64")),
        SchemaChanged(NAME, 2, 3, "added", added=("c string",)),
    ]
    # The one that was looked at first may end last: each staged with its own version.
    for work in (second, first):
        end = Finished(work, committable(work.batch, schema=work.schema or SCHEMA))
        bench.finish.take(end, 3.0, WALL)
        assert ledger.staged(work.batch.id).schema == work.schema


def test_what_another_batch_added_is_used(ledger: Ledger) -> None:
    """No version and no event for what is there by now."""
    bench = Bench(ledger=ledger, new_column="add")
    work = bench.start(10)
    newest = pin(ledger, NAME, Schema((*SCHEMA.columns, A), source="added"), WALL)
    with capture() as seen:
        again = looked(bench, work, *SCHEMA.columns, A)
    assert told(seen) == []
    assert again.schema == newest
    assert len(ledger.schemas(NAME)) == 2


def test_a_type_that_is_found_late_is_a_version(ledger: Ledger) -> None:
    """The attempt that met values begins again; it is the same one."""
    bench = Bench(declared=False, ledger=ledger)
    looked(bench, bench.start(10), A, ("b", UNTYPED))
    work = bench.start(10)
    with capture() as seen:
        read = looked(bench, work, A, B)
    assert read.schema == Schema((A, B), 2, "typed")
    assert told(seen) == [
        SchemaChanged(NAME, 1, 2, "typed", retyped=("b: null -> float64",))
    ]
    assert (read.batch, read.staging) == (work.batch, work.staging)
    assert len(ledger.attempts(work.batch.id)) == 1


def test_a_look_that_fails_is_a_failed_attempt() -> None:
    """Counted or not as any other; the next attempt looks again."""
    bench = Bench(declared=False)
    work = bench.start(10)
    bench.fail(work, ComponentAway("disk", "full"))
    assert bench.state(work.batch.id) is BatchState.WAITING
    again = bench.again(1e6)
    assert (again.schema, again.batch.attempt) == (None, 1)


def test_a_look_that_ends_after_give_back_changes_nothing() -> None:
    """Nothing is pinned for a batch that belongs to the next daemon."""
    bench = Bench(declared=False)
    work = bench.start(10)
    bench.finish.give_back(work, WALL)
    bench.finish.take(Finished(work, schema=SCHEMA), 2.0, WALL)
    assert bench.ledger.schema(NAME) is None
    assert bench.runner.works == [work]


def _config(**columns: str) -> Pipeline:
    return Pipeline.model_validate(
        {"name": NAME, "schema": columns, "drift": {"new_column": "add"}}
    )


def test_a_restart_does_not_flap(ledger: Ledger) -> None:
    """The same declaration is not pinned again, whatever files have added."""
    with capture() as seen:
        declare(_config(a="int64"), ledger, WALL)
        pin(ledger, NAME, Schema((A, B), source="added"), WALL)
        for _ in range(3):
            declare(_config(a="int64"), ledger, WALL)
        declare(_config(a="int64", b="string"), ledger, WALL)
        declare(_config(a="int64", b="string"), ledger, WALL)
    assert told(seen) == [
        SchemaPinned(NAME, 1, ("a int64",)),
        SchemaChanged(NAME, 1, 2, "added", added=("b float64",)),
        SchemaChanged(NAME, 2, 3, "declared", retyped=("b: float64 -> string",)),
    ]
    assert ledger.schema(NAME) == Schema((A, ("b", "string")), 3, "declared")


def test_a_name_that_the_output_has_of_its_own_stops_the_start() -> None:
    """A pinned column would stand twice in every file."""
    ledger = MemoryLedger()
    pin(ledger, NAME, Schema((A, ("_rescued", "string")), source="inferred"), WALL)
    config = Pipeline.model_validate({"name": NAME, "drift": {"new_column": "rescue"}})
    with pytest.raises(ConfigError, match="'_rescued'"):
        declare(config, ledger, WALL)
    declared = config.model_copy(update={"schema_": {"a": "int64"}})
    declare(declared, ledger, WALL)
    assert ledger.schema(NAME) == replace(Schema((A,)), version=2)
