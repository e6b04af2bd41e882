"""
What the tests of the pipeline's steps share: a ledger in memory, and small fakes of all
that is around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ingestd.batch.batcher import Batcher
from ingestd.batch.budget import Budget
from ingestd.commit.committer import Committer
from ingestd.config import BatchLimits, Drift, Limits, Pipeline, Prefect, Source
from ingestd.errors import ComponentAway
from ingestd.growing import Growing, Grown, Piece
from ingestd.ledger.ledger import Entry, Ledger
from ingestd.ledger.memory import MemoryLedger
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    Fingerprint,
    MemberResult,
    Outcome,
    Schema,
)
from ingestd.pipeline.dispatch import Dispatch
from ingestd.pipeline.finish import Finish
from ingestd.pipeline.gate import Gate
from ingestd.run.monitor import Component
from ingestd.run.runner import Finished, Work

NAME = "rows"
SCHEMA = Schema((("n", "int64"),))
WALL = 1_000.0


@dataclass
class FakeSink:
    """A sink that hands out names; *away* makes it fail."""

    away: bool = False
    staged: int = 0
    discarded: list[str] = field(default_factory=list)

    def prepare(self) -> None:
        """Nothing to make."""

    def stage(self, epoch: int, batch_id: str, attempt: int) -> str:
        if self.away:
            raise ComponentAway("sink", "the disk is full")
        self.staged += 1
        return f"{epoch}-{batch_id}-{attempt}"

    def scratch_of(self, staging: str) -> str:
        return staging

    def rejects_of(self, staging: str) -> str:
        return f"rejects-{staging}"

    def rejects_scratch_of(self, staging: str) -> str:
        return self.rejects_of(staging)

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """Nothing to move."""

    def discard(self, staging: str) -> None:
        self.discarded.append(staging)

    def leftovers(self) -> Iterator[str]:
        return iter(())


@dataclass
class FakeRunner:
    """Takes work, and never ends it."""

    works: list[Work] = field(default_factory=list)

    def start(self, work: Work) -> None:
        self.works.append(work)


class FakeDisposal:
    """Keeps every file."""

    busy = False

    def next_due(self) -> None:
        """Never."""

    def dispose(self, *_: object) -> None:
        """Keep it."""


class Bench:
    """
    One pipeline's dispatch and finish, with all components there.
    """

    def __init__(
        self,
        *,
        declared: bool = True,
        new_column: str = "ignore",
        ledger: Ledger | None = None,
        mode: Literal["files", "tail"] = "files",
        **limits: Any,
    ) -> None:
        batch = BatchLimits(**{"max_files": 1, "max_in_flight": 9, **limits})
        drift = Drift.model_validate({"new_column": new_column})
        source = Source(mode=mode)
        self.config = Pipeline(name=NAME, source=source, batch=batch, drift=drift)
        self.ledger = ledger or MemoryLedger()
        if declared:
            self.ledger.pin(NAME, SCHEMA, WALL)
        self.sink, self.runner = FakeSink(), FakeRunner()
        self.gate = Gate(
            Prefect(),
            Component("prefect", lambda: True, ready=True, was_ready=True),
            Component("cluster", lambda: True, ready=True, was_ready=True),
            started_at=0.0,
        )
        self.budget = Budget(Limits(max_in_flight=9, max_bytes_in_flight=100))
        self.unpublished = 0
        runner: Any = self.runner
        self.dispatch = Dispatch(
            config=self.config,
            ledger=self.ledger,
            sink=self.sink,
            runner=runner,
            budget=self.budget,
            gate=self.gate,
            engine="polars",
            batcher=Batcher(self.config.batch),
            unpublished=lambda: self.unpublished,
        )
        disposal: Any = FakeDisposal()
        self.committer = Committer(self.ledger, {NAME: self.sink}, {NAME: disposal})
        self.rechecked: list[bytes] = []
        self.finish = Finish(
            ledger=self.ledger,
            sink=self.sink,
            committer=self.committer,
            dispatch=self.dispatch,
            gate=self.gate,
            recheck=self.rechecked.append,
        )

    def put(self, *sizes: int) -> None:
        """Admit one file of each size."""
        known = len(list(self.ledger.files(pipeline=NAME)))
        entries = [
            Entry(b"%03d.csv" % n, Fingerprint(size, 1, 1, n + 1, head=b"%d" % n))
            for n, size in enumerate(sizes, known)
        ]
        self.ledger.admit(NAME, entries, "new", WALL)
        self.dispatch.refresh(0.0)

    def grow(self, size: int) -> None:
        """Take *size* bytes more of a growing file."""
        known = self.ledger.growing(NAME)
        one = known[0] if known else Growing(0, NAME, b"log", b"log", 1, 0, 0)
        digest = b"%d" % one.end
        piece = Piece(one.end, size, 0, digest, digest, 0, 0)
        one = replace(one, size=one.end + size, end=one.end + size)
        self.ledger.grow([Grown(one, (piece,))], WALL)
        self.dispatch.refresh(0.0)

    def advance(self, now: float = 1.0) -> list[str]:
        """Start what is due; return the ids of the batches that were started."""
        before = len(self.runner.works)
        self.dispatch.advance(now, WALL)
        return [work.batch.id for work in self.runner.works[before:]]

    def start(self, *sizes: int) -> Work:
        """Put files of *sizes* into one batch, and start it."""
        self.put(*sizes)
        assert len(self.advance()) == 1
        return self.runner.works[-1]

    def fail(self, work: Work, error: BaseException, now: float = 2.0) -> None:
        """End the attempt with *error*."""
        self.finish.take(Finished(work, error=error), now, WALL)

    def again(self, now: float) -> Work:
        """Start the one batch that rests."""
        assert len(self.advance(now)) == 1
        return self.runner.works[-1]

    def state(self, batch_id: str) -> BatchState:
        """The state in the ledger."""
        states = {row.id: row.state for row in self.ledger.batches()}
        return states[batch_id]


def committable(
    batch: Batch, *outcomes: Outcome, schema: Schema = SCHEMA
) -> Committable:
    """What a run gives whose members had *outcomes*, READ where there are fewer."""
    ends = list(outcomes) + [Outcome.READ] * (len(batch.members) - len(outcomes))
    members = tuple(
        MemberResult(m.file.id, end, 2, 2)
        if end is Outcome.READ
        else MemberResult(m.file.id, end, reason="bad_value", detail="no number")
        for m, end in zip(batch.members, ends, strict=True)
    )
    return Committable(batch, f"staging-{batch.id}", (), members, schema)
