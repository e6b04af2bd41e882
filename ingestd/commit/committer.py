"""
The last step of a batch: staged, published, committed, disposed of; in this order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from ingestd.commit.disposal import Disposal
from ingestd.commit.manifest import document
from ingestd.commit.sink import Sink
from ingestd.errors import ComponentAway
from ingestd.ledger.ledger import Ledger
from ingestd.model import Batch, Committable, FileRef, Outcome
from ingestd.observe.events import ComponentBack, ComponentLost, emit
from ingestd.retry import Backoff


class Committer:
    """
    Takes committables from *staged* to *committed*, as often as it takes.

    Owned by the daemon's loop. A sink that is away keeps the batch in a queue: it is
    staged, so nothing is lost and no attempt is counted.
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
        self._waiting: dict[str, Committable] = {}
        self._backoff = Backoff()
        self._failures = 0
        self._lost_at: float | None = None
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """
        The number of batches that are staged and not committed.
        """
        return len(self._waiting)

    def stage(self, committable: Committable, wall: float) -> Committable:
        """
        Fix the batch's outcome in the ledger, and queue it for publishing.

        Returns the committable as the ledger holds it, with its schema's version.
        """
        self._ledger.stage(committable, wall)
        batch_id = committable.batch.id
        seconds = committable.seconds
        recorded = self._ledger.staged(batch_id)
        recorded.seconds.update(seconds)
        self._waiting[batch_id] = recorded
        return recorded

    def resume(self, batch: Batch) -> None:
        """
        Queue a batch that an earlier daemon staged.
        """
        self._waiting[batch.id] = self._ledger.staged(batch.id)

    def tick(self, now: float, wall: float) -> list[Committable]:
        """
        Publish and commit what waits; return what was committed.
        """
        if not self._waiting or now < self._not_before:
            return []
        done = []
        for batch_id, committable in list(self._waiting.items()):
            try:
                self._commit(committable, wall)
            except ComponentAway as err:
                self._lost(err, now)
                break
            del self._waiting[batch_id]
            done.append(committable)
            self._back(now)
        return done

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has something to try again.
        """
        return self._not_before if self._waiting else None

    def _commit(self, committable: Committable, wall: float) -> None:
        batch = committable.batch
        sink = self._sinks[batch.pipeline]
        begun = time.perf_counter()
        sink.publish(committable, document(committable, self._ledger.epoch))
        published = time.perf_counter()
        self._ledger.commit(batch.id, wall)
        committable.seconds["publish"] = published - begun
        committable.seconds["commit"] = time.perf_counter() - published
        # After the commit, never before: a crash here leaves a source file too many,
        # which recovery disposes of; before it, rows would be lost.
        disposal = self._disposals[batch.pipeline]
        for ref in _read(committable):
            disposal.dispose(ref, wall)
        sink.discard(committable.staging)

    def _lost(self, err: ComponentAway, now: float) -> None:
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        self._not_before = now + delay
        if self._lost_at is None:
            self._lost_at = now
        emit(ComponentLost(component=err.component, error=str(err), retry_in=delay))

    def _back(self, now: float) -> None:
        if self._lost_at is not None:
            emit(ComponentBack(component="sink", seconds=now - self._lost_at))
        self._lost_at = None
        self._failures = 0
        self._not_before = 0.0


def _read(committable: Committable) -> list[FileRef]:
    """
    Return the files whose rows are in the output.
    """
    read = {m.file_id for m in committable.members if m.outcome is Outcome.READ}
    return [m.file for m in committable.batch.members if m.file.id in read]
