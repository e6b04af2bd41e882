"""
Back-pressure: how many batches and bytes may be in flight, over all pipelines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ingestd.config import Limits


@dataclass(slots=True)
class Budget:
    """
    Counts what is in flight; owned by the daemon's loop. No I/O.
    """

    limits: Limits
    _flying: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def batches(self) -> int:
        """
        Batches in flight.
        """
        return len(self._flying)

    @property
    def size(self) -> int:
        """
        Bytes in flight.
        """
        return sum(size for _, size in self._flying.values())

    def of(self, pipeline: str) -> int:
        """
        Batches of *pipeline* in flight.
        """
        return sum(name == pipeline for name, _ in self._flying.values())

    def room(self, pipeline: str, most: int) -> int:
        """
        Return the bytes that another batch of *pipeline* may have; 0 when none may fly.

        *most* is the pipeline's own limit of batches.
        """
        if self.batches >= self.limits.max_in_flight or self.of(pipeline) >= most:
            return 0
        return max(0, self.limits.max_bytes_in_flight - self.size)

    def take(self, batch_id: str, pipeline: str, size: int) -> None:
        """
        Count a batch that starts.
        """
        self._flying[batch_id] = (pipeline, size)

    def give(self, batch_id: str) -> None:
        """
        Count a batch that ended; harmless twice.
        """
        self._flying.pop(batch_id, None)
