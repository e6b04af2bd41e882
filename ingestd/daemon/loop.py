"""
The one loop: everything that owns state is called from here, by one thread.
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from ingestd.clock import Clock, Waker
from ingestd.daemon.parts import Parts
from ingestd.errors import ComponentAway
from ingestd.observe.events import ComponentBack, ComponentLost, FaultCaught, emit
from ingestd.retry import Backoff
from ingestd.run.runner import Finished

LONGEST_SECONDS = 2.0
"""The loop turns at least this often, to look after children and the watchdog."""
RECYCLE_TASKS = 4000
"""Each task leaves about 50 KB in the scheduler (prefect-dask 0.3.7)."""


@dataclass(slots=True)
class Loop:
    """
    Turns until told to stop. *turned* is called after every turn, with the time.
    """

    parts: Parts
    clock: Clock
    waker: Waker
    turned: Callable[[float], None]
    stop: threading.Event = field(default_factory=threading.Event)
    requests: Callable[[], None] = lambda: None
    _backoff: Backoff = field(default_factory=Backoff)
    _failures: int = 0
    _lost_at: float | None = None
    _lost: str = ""
    _ended: deque[Finished] = field(default_factory=deque)

    def run(self, done: Callable[[], bool]) -> None:
        """
        Turn until *done* or ``stop``.
        """
        while not self.stop.is_set() and not done():
            now = self.clock.monotonic()
            due = self._guarded(now, claim=True)
            self.turned(now)
            self.waker.wait(min(due - self.clock.monotonic(), LONGEST_SECONDS))

    def drain(self, seconds: float) -> None:
        """
        Let what is in flight end, at most *seconds*; nothing new is claimed.
        """
        end = self.clock.monotonic() + seconds
        while self.parts.budget.batches or self.parts.committer.waiting:
            now = self.clock.monotonic()
            if now >= end:
                return
            due = self._guarded(now, claim=False, end=end)
            self.turned(now)
            wait = min(due, end) - self.clock.monotonic()
            self.waker.wait(min(wait, LONGEST_SECONDS))

    def _sit_out(self, delay: float, end: float) -> None:
        if not self.stop.is_set():
            self.stop.wait(delay)
            return
        # The stop that began the drain would end that wait at once, and hints wake
        # the loop meanwhile: neither is a reason to try again sooner.
        until = min(self.clock.monotonic() + delay, end)
        while (left := until - self.clock.monotonic()) > 0:
            self.waker.wait(left)

    def _guarded(self, now: float, *, claim: bool, end: float = inf) -> float:
        try:
            due = self.turn(now, claim=claim)
        except ComponentAway as err:
            # The ledger's disk is full, for one: nothing was written, try again.
            self._failures += 1
            delay = self._backoff.delay(self._failures)
            if self._lost_at is None:
                self._lost_at, self._lost = now, err.component
            emit(ComponentLost(err.component, str(err), delay, err.hint))
            self._sit_out(delay, end)
            return now
        except Exception as err:
            # A border of the program: an error that nobody foresaw ends the daemon,
            # and the next start recovers. To go on with unknown state could lose rows.
            emit(FaultCaught("loop", repr(err), traceback.format_exc()))
            raise
        if self._lost_at is not None:
            emit(ComponentBack(self._lost, now - self._lost_at))
            self._lost_at = None
            self._failures = 0
        return due

    def turn(self, now: float, *, claim: bool) -> float:
        """
        Do everything that is due; return when to turn next.
        """
        parts, wall = self.parts, self.clock.wall()
        self._look_after_children(now)
        self.requests()
        self._ended.extend(parts.runner.finished())
        while self._ended:
            pipeline = parts.pipelines[self._ended[0].work.pipeline.name]
            pipeline.ended(self._ended[0], now, wall)
            self._ended.popleft()
        for committable in parts.committer.tick(now, wall):
            pipeline_of = parts.pipelines.get(committable.batch.pipeline)
            if pipeline_of is not None:
                pipeline_of.committed(committable, self.clock.wall())
        parts.committer.dispose(now, wall)
        # Under a load without pauses the scheduler is not idle by itself.
        fresh = parts.runner.tasks < 2 * RECYCLE_TASKS
        due = [
            when
            for pipeline in parts.pipelines.values()
            if (when := pipeline.tick(now, wall, claim=claim and fresh)) is not None
        ]
        others = (parts.committer, parts.cluster, parts.prefect, parts.disk)
        due += [when for part in others if (when := part.next_due()) is not None]
        return min(due, default=now + LONGEST_SECONDS)

    def _look_after_children(self, now: float) -> None:
        parts = self.parts
        parts.prefect.tick(now)
        if parts.cluster.tick(now):
            self._forget_scheduler()
        elif parts.runner.tasks > RECYCLE_TASKS and not parts.budget.batches:
            parts.runner.tasks = 0
            parts.cluster.recycle(now)
            self._forget_scheduler()

    def _forget_scheduler(self) -> None:
        from ingestd.run.task_runner import disconnect  # noqa: PLC0415 - heavy

        disconnect(self.parts.cluster.address)
        self.parts.monitor.doubt()
