"""
When a batch is due: by files, bytes or age, or at once when nothing else is going on.

The files themselves stay in the ledger, so memory does not grow with the backlog.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.config import BatchLimits

LINGER_SECONDS = 0.02
"""How long an idle pipeline waits for the rest of a burst of files."""


@dataclass(slots=True)
class Batcher:
    """
    Decides when to seal; time is an argument, and there is no I/O.

    Owned by the pipeline's loop. ``update`` is told what is ready, ``due`` answers.
    """

    limits: BatchLimits
    files: int = 0
    size: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def update(self, files: int, size: int, now: float) -> None:
        """
        Take over what is READY in the ledger now.
        """
        if files and not self.files:
            self.first_at = now
        if files > self.files:
            self.last_at = now
        self.files, self.size = files, size

    def sealed(self, files: int, size: int, now: float) -> None:
        """
        Subtract a batch that was sealed; what is left begins to age now.
        """
        self.files -= files
        self.size -= size
        self.first_at = now

    def why(self, now: float, *, idle: bool) -> str:
        """
        Return why a batch is due (files, bytes, age or idle), or "" when it is not.
        """
        if not self.files:
            return ""
        if self.files >= self.limits.max_files:
            return "files"
        if self.size >= self.limits.max_bytes:
            return "bytes"
        if now >= self.first_at + self.limits.max_wait_seconds:
            return "age"
        if idle and now >= self.last_at + LINGER_SECONDS:
            return "idle"
        return ""

    def next_due(self, *, idle: bool) -> float | None:
        """
        Return when ``why`` may turn true by time alone; None while nothing waits.
        """
        if not self.files:
            return None
        aged = self.first_at + self.limits.max_wait_seconds
        return min(aged, self.last_at + LINGER_SECONDS) if idle else aged
