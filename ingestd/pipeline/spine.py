"""
One pipeline's way of the data, step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.config import Pipeline as Config
from ingestd.discover.bucket_source import BucketSource
from ingestd.discover.notices import Notices
from ingestd.discover.settle import Hint
from ingestd.discover.source import LocalSource
from ingestd.discover.tail.source import TailSource
from ingestd.model import Committable
from ingestd.pipeline.dispatch import Dispatch
from ingestd.pipeline.finish import Finish
from ingestd.pipeline.intake import Intake
from ingestd.pipeline.tailing import TailIntake
from ingestd.run.runner import Finished


@dataclass(slots=True)
class Pipeline:
    """
    Owned by the daemon's loop; every method is called by its thread.
    """

    config: Config
    source: LocalSource | BucketSource | TailSource
    intake: Intake | TailIntake
    dispatch: Dispatch
    finish: Finish

    @property
    def name(self) -> str:
        """
        The configured name.
        """
        return self.config.name

    @property
    def notices(self) -> Notices | None:
        """
        The notices of a bucket, None where there are none.
        """
        return self.source.notices if isinstance(self.source, BucketSource) else None

    def tick(self, now: float, wall: float, *, claim: bool) -> float | None:
        """
        Do everything that is due at *now*; return when to wake next, None for never.

        *claim* is False while the daemon shuts down: what is in flight may end, and
        nothing new starts.
        """
        if not claim:
            return None
        if self.intake.advance(now, wall):
            self.dispatch.refresh(now)
        self.dispatch.advance(now, wall)
        due = [self.source.next_due(now), self.dispatch.next_due(now)]
        return min((d for d in due if d is not None), default=None)

    def ended(self, finished: Finished, now: float, wall: float) -> None:
        """
        Take over the end of an attempt of this pipeline.
        """
        self.finish.take(finished, now, wall)

    def committed(self, committable: Committable, wall: float) -> None:
        """
        Take over a commit of this pipeline.
        """
        self.finish.committed(committable, wall)

    def give_back(self, wall: float) -> int:
        """
        Give back every batch in flight, at the end of a drain; return their number.
        """
        flying = list(self.dispatch.flying.values())
        for work in flying:
            self.finish.give_back(work, wall)
        return len(flying)

    def recheck(self, path: bytes, now: float) -> None:
        """
        Look at *path* again: it is not what the ledger has.
        """
        self.source.settle.hint(path, Hint.CHANGED, now)
