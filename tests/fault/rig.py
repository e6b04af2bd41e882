"""
The daemon's real parts, composed as it does it, without Prefect, Dask and threads.

Attempts run inside the loop's turn after the one that started them; scans run when
asked for; time goes on only while the loop waits. So a run is the same each time, and a
test can change the world between any two turns.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingestd.batch.budget import Budget
from ingestd.clock import Waker
from ingestd.commit.committer import Committer
from ingestd.commit.opening import disposal_of, sink_of
from ingestd.config import Config, load
from ingestd.daemon.daemon import _Daemon
from ingestd.daemon.loop import Loop
from ingestd.daemon.once import Drained
from ingestd.daemon.parts import Parts, _pipeline
from ingestd.discover.lease import ignore_sigio
from ingestd.discover.scanner import ScanEnded, Scanner
from ingestd.discover.watcher import Watcher
from ingestd.ledger.ledger import Entry, Ledger
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.model import Committable, Unit
from ingestd.pipeline.gate import Gate
from ingestd.run.engine import Engine, UnitResult
from ingestd.run.job import Job, combined, read
from ingestd.run.runner import Finished, Work, _plan, asked

MAX_TURNS = 3_000
"""A run that is not idle by then never will be."""


@dataclass(slots=True)
class FakeClock:
    """
    Time that goes on when it is told to; *skew* moves the wall clock alone.
    """

    now: float = 1_000.0
    skew: float = 1_795_000_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.skew


class FakeWaker(Waker):
    """
    Waiting is letting the time go on.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, seconds: float) -> bool:
        # Never none at all, so that a loop that turns in vain still gets somewhere.
        self._clock.now += max(seconds, 0.001)
        return False


class FakeStop(threading.Event):
    """
    A stop event whose wait lets the time go on.
    """

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.now += timeout or 0.0
        return self.is_set()


class AtOnce(Executor):
    """
    Does the work where it is submitted.
    """

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given, **named))
        except Exception as error:  # noqa: BLE001 - as the real ones do
            done.set_exception(error)
        return done


class StillScanner(Scanner):
    """
    A scanner without a thread: scans when its findings are asked for.
    """

    def start(self) -> None:
        self._asked = True
        self._taken: deque[list[Entry] | ScanEnded] = deque()

    def stop(self) -> None:
        self._asked = False

    def scan_now(self, reason: str) -> None:
        self._asked = True

    def take(self) -> list[Entry] | ScanEnded | None:
        if not self._taken and self._asked:
            self._asked = False
            self._taken.append(self._once("asked", 1))
        return self._taken.popleft() if self._taken else None

    def _give(self, found: list[Entry] | ScanEnded) -> bool:
        self._taken.append(found)
        return True


@dataclass(slots=True)
class InlineRunner:
    """
    What the real runner does, in the loop's own thread, one turn later.

    *stopped* keeps attempts from ending, as a hung cluster does.
    """

    engine: Engine
    tasks: int = 0
    stopped: bool = False
    _started: list[Work] = field(default_factory=list)

    def start(self, work: Work) -> None:
        self.tasks += len(work.units)
        self._started.append(work)

    def finished(self) -> list[Finished]:
        if self.stopped:
            return []
        started, self._started = self._started, []
        return [self._run(work) for work in started]

    def _run(self, work: Work) -> Finished:
        try:
            if work.schema is None:
                return asked(work, engine=self.engine)
            return Finished(work, committable=self._attempt(work))
        except Exception as error:  # noqa: BLE001 - as the real one does
            return Finished(work, error=error)

    def _attempt(self, work: Work) -> Committable:
        plan = _plan(work)
        job = Job(plan, work.units, work.engine, work.batch.isolate)

        def submit(units: list[Unit]) -> Sequence[_Done]:
            return [_Done(self.engine, job, unit) for unit in units]

        results = job.gather(submit)
        parts = tuple(part for result in results for part in result.parts)
        partials = [r.partial for r in results if r.partial is not None]
        if partials:
            parts += combined(self.engine, job.plan, partials)
        job.finish(parts)
        batch, staging = work.batch, work.staging
        members, schema = job.members, plan.schema
        return Committable(batch, staging, job.parts or (), members, schema, True)


@dataclass(slots=True)
class _Done:
    engine: Engine
    job: Job
    unit: Unit

    def result(self) -> UnitResult:
        return read(self.engine, self.job.plan, self.unit)


@dataclass(slots=True)
class Rig:
    """
    One life of a daemon, from recovery on.
    """

    config: Config
    clock: FakeClock
    ledger: Ledger
    parts: Parts
    loop: Loop
    daemon: _Daemon

    def run_to_idle(self) -> None:
        """
        Scan, and turn until everything that is there is drained.
        """
        self.scan()
        with Drained(self.parts, self.ledger, self.config) as drained:
            turns = iter(range(MAX_TURNS))
            self.loop.run(lambda: drained() or next(turns, None) is None)
            assert drained(), "not idle after so many turns"

    def turn(self, times: int = 1) -> None:
        """
        Turn the loop.
        """
        turns = iter(range(times))
        self.loop.run(lambda: next(turns, None) is None)

    def scan(self) -> None:
        """
        Ask every source for a scan.
        """
        for pipeline in self.parts.pipelines.values():
            pipeline.source.scanner.scan_now("test")

    def stop(self) -> int:
        """
        Shut down as on SIGTERM; return the number of batches given back.
        """
        notifier: Any = SimpleNamespace(stopping=lambda _: None)
        given_back = self.daemon._drain(self.loop, notifier, self.parts)
        self.ledger.close()
        return given_back


class _Still:
    """
    A cluster, Prefect server or disk that is there and needs nothing.
    """

    address = ""
    ready = True
    was_ready = True
    since = 0.0

    def tick(self, now: float) -> bool:
        del now
        return False

    def next_due(self) -> None:
        return None


def start(
    folder: Path,
    engine: Engine,
    *,
    clock: FakeClock | None = None,
    open_ledger: Callable[[Path, float], Ledger] | None = None,
) -> Rig:
    """
    Compose the parts for ``config.toml`` in *folder*, and recover.
    """
    ignore_sigio()
    clock = clock or FakeClock()
    config = load(folder / "config.toml", {})
    state = Path(config.state_dir)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if open_ledger is None:
        ledger: Ledger = SqliteLedger.open(state, now=clock.wall())
    else:
        ledger = open_ledger(state, clock.wall())
    waker, still = FakeWaker(clock), _Still()
    parts = _parts(config, ledger, engine, clock, still)
    for pipeline in config.pipelines:
        made = _pipeline(pipeline, "polars", parts, ledger, clock, waker)
        _quieten(made, waker)
        parts.pipelines[pipeline.name] = made
    loop = Loop(parts, clock, waker, lambda _: None, FakeStop(clock))
    daemon = _Daemon(config, "config.toml", True, clock, waker)
    daemon._recover(parts, ledger)
    return Rig(config, clock, ledger, parts, loop, daemon)


def _parts(
    config: Config, ledger: Ledger, engine: Engine, clock: FakeClock, still: Any
) -> Parts:
    sinks = {p.name: sink_of(p) for p in config.pipelines}
    scratch = Path(config.state_dir, "scratch")
    disposals = {
        p.name: disposal_of(p, ledger, scratch, AtOnce, lambda: None)
        for p in config.pipelines
    }
    runner: Any = InlineRunner(engine)
    return Parts(
        cluster=still,
        prefect=still,
        monitor=still,
        runner=runner,
        budget=Budget(config.limits),
        gate=Gate(config.prefect, still, still, clock.monotonic()),
        disk=still,
        sinks=dict(sinks),
        disposals=disposals,
        committer=Committer(ledger, sinks, disposals),
        pipelines={},
    )


def _quieten(pipeline: Any, waker: Waker) -> None:
    source = pipeline.source
    before = source.scanner
    source.scanner = StillScanner(
        before._scan,
        before._unknown,
        waker.wake,
        every_seconds=before.every_seconds,
        sweeper=before._known,
    )
    if hasattr(source, "watcher"):
        source.watcher = Watcher(
            source.folder.root, recursive=False, wake=waker.wake, enabled=False
        )
    source.start()
