"""
The last step of a batch: staged, published, committed, disposed of; in this order.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ingestd.commit.disposal import Disposal
from ingestd.commit.manifest import document
from ingestd.commit.sink import Sink, Underway
from ingestd.errors import ComponentAway
from ingestd.ledger.ledger import Ledger
from ingestd.model import Batch, Committable, FileRef, Outcome
from ingestd.observe.events import ComponentBack, ComponentLost, emit
from ingestd.retry import Backoff

BACKOFF = Backoff()
UNDERWAY_SECONDS = 1.0
"""How long to leave a publishing alone whose end should wake the loop."""


@dataclass(slots=True)
class _Lane:
    """
    One pipeline's batches on their way into its sink, oldest first.

    *recorded* holds those that the ledger calls committed already, each with the source
    files that were not disposed of yet.
    """

    waiting: dict[str, Committable] = field(default_factory=dict)
    recorded: dict[str, deque[FileRef]] = field(default_factory=dict)
    failures: int = 0
    lost_at: float | None = None
    lost: str = ""
    said: str = ""
    not_before: float = 0.0
    underway: bool = False


class Committer:
    """
    Takes committables from *staged* to *committed*, as often as it takes.

    Owned by the daemon's loop. A sink that is away keeps its own pipeline's batches in
    a queue: they are staged, so nothing is lost and no attempt is counted.
    """

    def __init__(
        self,
        ledger: Ledger,
        sinks: Mapping[str, Sink],
        disposals: Mapping[str, Disposal],
    ) -> None:
        """
        Commit into *sinks* and dispose by *disposals*, both by pipeline.
        """
        self._ledger = ledger
        self._sinks = sinks
        self._disposals = disposals
        self._lanes = {name: _Lane() for name in sinks}

    @property
    def waiting(self) -> int:
        """
        The number of batches that are staged and not committed.
        """
        return sum(map(self.waiting_of, self._lanes))

    def waiting_of(self, pipeline: str) -> int:
        """
        Return how many of them are *pipeline*'s.
        """
        return len(self._lanes[pipeline].waiting)

    def away(self, pipeline: str) -> list[str]:
        """
        Return why *pipeline*'s batches wait, in at most one sentence.
        """
        lane = self._lanes[pipeline]
        return [lane.said] if lane.lost_at is not None and lane.said else []

    def stage(self, committable: Committable, wall: float) -> Committable:
        """
        Fix the batch's outcome in the ledger, and queue it for publishing.

        Returns the committable as the ledger holds it, with its schema's version.
        """
        self._ledger.stage(committable, wall)
        recorded = self._ledger.staged(committable.batch.id)
        recorded.seconds.update(committable.seconds)
        self._queue(recorded)
        return recorded

    def resume(self, batch: Batch) -> None:
        """
        Queue a batch that an earlier daemon staged.
        """
        self._queue(self._ledger.staged(batch.id))

    def tick(self, now: float, wall: float) -> list[Committable]:
        """
        Publish and commit what waits; return what was committed.
        """
        return [
            done
            for lane in self._lanes.values()
            if lane.waiting and (now >= lane.not_before or lane.underway)
            for done in self._advance(lane, now, wall)
        ]

    @property
    def disposing(self) -> bool:
        """
        Whether source files are on their way after their commit.
        """
        return any(disposal.busy for disposal in self._disposals.values())

    def dispose(self, now: float, wall: float) -> None:
        """
        Go on with the source files of what was committed.
        """
        for disposal in self._disposals.values():
            disposal.tick(now, wall)

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has something to try again.
        """
        lanes = self._lanes.values()
        due = [lane.not_before for lane in lanes if lane.waiting]
        others = (disposal.next_due() for disposal in self._disposals.values())
        return min([*due, *(when for when in others if when is not None)], default=None)

    def _queue(self, committable: Committable) -> None:
        batch = committable.batch
        self._lanes[batch.pipeline].waiting[batch.id] = committable

    def _advance(self, lane: _Lane, now: float, wall: float) -> Iterator[Committable]:
        for batch_id, committable in list(lane.waiting.items()):
            lane.underway = False
            try:
                self._commit(lane, committable, wall)
            except ComponentAway as err:
                _lost(lane, err, now)
                return
            except Underway:
                lane.underway = True
                lane.not_before = now + UNDERWAY_SECONDS
                return
            del lane.waiting[batch_id]
            del lane.recorded[batch_id]
            _back(lane, now)
            yield committable

    def _commit(self, lane: _Lane, committable: Committable, wall: float) -> None:
        batch = committable.batch
        sink = self._sinks[batch.pipeline]
        if batch.id not in lane.recorded:
            begun = time.perf_counter()
            sink.publish(committable, document(committable, self._ledger.epoch))
            published = time.perf_counter()
            self._ledger.commit(batch.id, wall)
            lane.recorded[batch.id] = deque(_read(committable))
            committable.seconds["publish"] = published - begun
            committable.seconds["commit"] = time.perf_counter() - published
        # After the commit, never before: a crash here leaves a source file too many,
        # which recovery disposes of; before it, rows would be lost.
        disposal = self._disposals[batch.pipeline]
        left = lane.recorded[batch.id]
        while left:
            disposal.dispose(left[0], wall)
            left.popleft()
        sink.discard(committable.staging)


def _lost(lane: _Lane, err: ComponentAway, now: float) -> None:
    lane.failures += 1
    delay = BACKOFF.delay(lane.failures)
    lane.not_before = now + delay
    if lane.lost_at is None:
        lane.lost_at, lane.lost = now, err.component
    message = lane.said = str(err.args[0])
    emit(ComponentLost(err.component, message, retry_in=delay, hint=err.hint))


def _back(lane: _Lane, now: float) -> None:
    if lane.lost_at is not None:
        emit(ComponentBack(component=lane.lost, seconds=now - lane.lost_at))
    lane.lost_at = None
    lane.failures = 0
    lane.not_before = 0.0


def _read(committable: Committable) -> list[FileRef]:
    """
    Return the files whose rows are in the output.
    """
    read = {m.file_id for m in committable.members if m.outcome is Outcome.READ}
    return [m.file for m in committable.batch.members if m.file.id in read]
