"""
From the backlog to attempts in flight: sealed, claimed, planned, started.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ingestd.batch.batcher import Batcher
from ingestd.batch.budget import Budget
from ingestd.batch.plan import may_be_cut, plan
from ingestd.commit.sink import Sink
from ingestd.config import Pipeline as Config
from ingestd.errors import ComponentAway, ConfigError
from ingestd.ledger.ledger import Ledger
from ingestd.model import Batch, BatchState, Schema
from ingestd.observe.events import BatchFailed, BatchSealed, BatchStarted, emit
from ingestd.pipeline.gate import Gate, Pause
from ingestd.run.runner import Runner, Work

MAX_UNPUBLISHED = 4


@dataclass(slots=True)
class Dispatch:
    """
    Starts attempts while there is room. Owned by the pipeline's loop.

    *flying* holds the attempts that run, by batch id; *_again* the batches that are
    sealed and not running, with the moment before which they rest. Both are short,
    since nothing is sealed while there is no room. *pause* is a growing while after the
    source, the sink or the disk was away, and *away* what was said of it.
    *misconfigured*: the last batch that was put aside waits for another configuration,
    and so for another start.
    """

    config: Config
    ledger: Ledger
    sink: Sink
    runner: Runner
    budget: Budget
    gate: Gate
    engine: str
    batcher: Batcher
    unpublished: Callable[[], int] = int
    flying: dict[str, Work] = field(default_factory=dict)
    pause: Pause = field(default_factory=Pause)
    away: str = ""
    misconfigured: bool = False
    _again: dict[str, tuple[float, int]] = field(default_factory=dict)
    _claimed: dict[str, Batch] = field(default_factory=dict)

    @property
    def ordered(self) -> bool:
        """
        Whether batches run one after the other, in the order of their members.
        """
        return self.config.source.mode == "tail"

    def hungry(self, now: float) -> bool:
        """
        Tell whether a batch could begin with what is admitted next.
        """
        busy = self._again or self.batcher.files
        return not busy and self._open(now) and self._room(1)

    @property
    def resting(self) -> int:
        """
        Batches that are sealed and wait to run again.
        """
        return len(self._again)

    def landed(self, batch_id: str) -> None:
        """
        Take note that an attempt ended.
        """
        self.flying.pop(batch_id, None)
        self.budget.give(batch_id)

    def refresh(self, now: float) -> None:
        """
        Take over the backlog from the ledger.
        """
        backlog = self.ledger.backlog(self.config.name)
        self.batcher.update(backlog.files, backlog.size, now)

    def resume(self, batch: Batch, state: BatchState) -> None:
        """
        Take over an unfinished batch from an earlier daemon: it is due at once.
        """
        if state in {BatchState.SEALED, BatchState.WAITING}:
            self._again[batch.id] = (0.0, batch.size)

    def rest(self, batch: Batch, until: float) -> None:
        """
        Run *batch* again, not before *until*.
        """
        self._again[batch.id] = (until, batch.size)

    def advance(self, now: float, wall: float) -> None:
        """
        Start what is due and has room, earlier batches first.
        """
        for batch_id, (until, size) in list(self._again.items()):
            if now < until:
                if self.ordered:
                    return
                continue
            if not self._open(now) or not self._room(size):
                # Nothing newer may take the room that this one waits for.
                return
            self._start(batch_id, now, wall)
        # Asked again before each: the one before may have found its sink away.
        while self._open(now) and self._room(1):
            why = self.batcher.why(now, idle=not self.budget.of(self.config.name))
            batch = self._seal(why, now, wall) if why else None
            if batch is None or not self._room(batch.size):
                return
            self._start(batch.id, now, wall)

    def next_due(self, now: float) -> float | None:
        """
        Return when ``advance`` may have something to do, by time alone.
        """
        if not self.gate.open(now):
            return self.gate.next_due(now)
        if not self.pause.over(now):
            return self.pause.until
        if not self._room(1):
            return None
        due = [until for until, _ in self._again.values() if until > now]
        waiting = [size for until, size in self._again.values() if until <= now]
        if not all(map(self._room, waiting)):
            # Room comes with the end of an attempt, which wakes the loop.
            return min(due, default=None)
        if not (self.ordered and due):
            idle = not self.budget.of(self.config.name)
            sealing = self.batcher.next_due(idle=idle)
            due += [] if sealing is None else [sealing]
        return min([*due, *([now] if waiting else [])], default=None)

    def _open(self, now: float) -> bool:
        return self.pause.over(now) and self.gate.open(now)

    def _room(self, size: int) -> bool:
        if self.unpublished() >= MAX_UNPUBLISHED:
            # The sink is away: what is read now would only fill its staging.
            return False
        flying = self.budget.of(self.config.name)
        if flying and self.ordered:
            return False
        if flying and self.ledger.schema(self.config.name) is None:
            # The first batch's files say what it is; those of a second beside it could
            # say otherwise.
            return False
        room = self.budget.room(self.config.name, self.config.batch.max_in_flight)
        # One batch that is larger than the whole budget runs alone.
        return room >= size or (room > 0 and self.budget.batches == 0)

    def _seal(self, why: str, now: float, wall: float) -> Batch | None:
        limits = self.config.batch
        room = self.budget.room(self.config.name, limits.max_in_flight)
        batch = self.ledger.seal(
            self.config.name,
            max_files=limits.max_files,
            max_bytes=min(limits.max_bytes, room),
            now=wall,
        )
        if batch is None:
            self.refresh(now)
            return None
        # Known as sealed before it is claimed: the ledger's disk may be full by then.
        self.rest(batch, 0.0)
        self.batcher.sealed(len(batch.members), batch.size, now)
        emit(
            BatchSealed(self.config.name, batch.id, len(batch.members), batch.size, why)
        )
        return batch

    def _start(self, batch_id: str, now: float, wall: float) -> None:
        batch = self._claimed.get(batch_id) or self.ledger.claim(batch_id, wall)
        # Until it is started or put aside; that may fail too, if both share a disk.
        self._claimed[batch_id] = batch
        try:
            staging = self.sink.stage(self.ledger.epoch, batch.id, batch.attempt)
        except ComponentAway as err:
            self.put_aside(batch, err, now, wall)
            return
        self.budget.take(batch.id, self.config.name, batch.size)
        schema = self.ledger.schema(self.config.name)
        work = Work(
            batch=batch,
            units=plan(
                batch, self.config.batch.unit_bytes, cut=may_be_cut(self.config)
            ),
            pipeline=self.config,
            schema=schema,
            root=self.config.source.url,
            staging=staging,
            engine=self.engine,
            bypass=self.gate.bypass(now),
            may_bypass=self.gate.may_bypass,
            rejects_staging=self.sink.rejects_of(staging),
            rejects_scratch=self.sink.rejects_scratch_of(staging),
            scratch=self.sink.scratch_of(staging),
        )
        files = len(batch.members)
        emit(BatchStarted(self.config.name, batch.id, files, batch.size, batch.attempt))
        self.flying[batch.id] = work
        del self._again[batch.id], self._claimed[batch.id]
        self.runner.start(work)

    def go_on(self, work: Work, schema: Schema) -> None:
        """
        Read a batch whose files asked for *schema*, which is pinned now.
        """
        ready = replace(work, schema=schema)
        self.flying[work.batch.id] = ready
        self.runner.start(ready)

    def put_aside(
        self, batch: Batch, err: ComponentAway | ConfigError, now: float, wall: float
    ) -> None:
        """
        Have a batch wait whose attempt could not begin; none is counted.

        Prefect and the cluster are everybody's; a sink that is away, or a configuration
        that the files' schema does not fit, holds up its own pipeline alone.
        """
        self.misconfigured = isinstance(err, ConfigError)
        component = "" if isinstance(err, ConfigError) else err.component
        shared = component in {"prefect", "cluster"}
        delay = (self.gate if shared else self.pause).failed(now)
        self.away = "" if shared else str(err.args[0])
        self.ledger.wait(batch.id, str(err), wall, isolate=batch.isolate, counted=False)
        self._claimed.pop(batch.id, None)
        self.rest(batch, now + delay)
        name, attempt = batch.pipeline, batch.attempt
        emit(BatchFailed(name, batch.id, attempt, str(err), delay, counted=False))
