"""
What the health page and the metrics ask of the daemon, from other threads.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.clock import Clock
from ingestd.daemon.parts import Parts
from ingestd.ledger.ledger import Reader
from ingestd.observe.metrics.snapshot import PipelineGauges, Snapshot
from ingestd.pipeline import Pipeline

STALE_SECONDS = 60.0


@dataclass(slots=True)
class Health:
    """
    Reads what the loop writes; single values only, so a lock is not needed.
    """

    parts: Parts
    reader: Reader
    clock: Clock
    turned_at: float
    watching: bool = False

    def turned(self, now: float) -> None:
        """
        Take note that the loop has moved on.
        """
        self.turned_at = now

    def alive(self) -> bool:
        """
        Whether the loop moved on within the last minute.
        """
        return self.clock.monotonic() - self.turned_at < STALE_SECONDS

    def reasons(self) -> list[str]:
        """
        Why the daemon is not ready: one sentence each, empty when it is.
        """
        reasons = [] if self.watching else ["starting: files are not being watched yet"]
        if not self.alive():
            reasons.append("the loop has not moved on for a minute")
        if self.parts.committer.waiting:
            reasons.append("a sink is away: staged batches wait to be published")
        return reasons + self.parts.away(self.clock.monotonic())

    def snapshot(self) -> Snapshot:
        """
        Return the gauges as they are now.
        """
        return Snapshot(
            loop_age_seconds=self.clock.monotonic() - self.turned_at,
            pipelines=tuple(map(self._gauges, self.parts.pipelines.values())),
        )

    def _gauges(self, pipeline: Pipeline) -> PipelineGauges:
        backlog = self.reader.backlog(pipeline.name)
        oldest = backlog.oldest_at
        flying = list(pipeline.dispatch.flying.values())
        return PipelineGauges(
            pipeline=pipeline.name,
            backlog_files=backlog.files,
            backlog_bytes=backlog.size,
            oldest_waiting_seconds=self.clock.wall() - oldest if oldest else 0.0,
            settling_files=pipeline.source.settle.pending(),
            behind_bytes=pipeline.source.behind,
            in_flight_batches=len(flying),
            in_flight_bytes=sum(work.batch.size for work in flying),
        )
