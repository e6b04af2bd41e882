"""
Whether batches may start now, and whether with Prefect's record or without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingestd.config import Prefect
from ingestd.retry import Backoff
from ingestd.run.monitor import Component


@dataclass(slots=True)
class Pause:
    """
    A while in which nothing starts after something was away; it grows each time.
    """

    until: float = 0.0
    _failures: int = 0
    _backoff: Backoff = field(default_factory=lambda: Backoff(0.5, 15))

    def over(self, now: float) -> bool:
        """
        Return whether it is over.
        """
        return now >= self.until

    def failed(self, now: float) -> float:
        """
        Begin another one; return its seconds.
        """
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        self.until = max(self.until, now + delay)
        return delay

    def succeeded(self) -> None:
        """
        Forget earlier failures.
        """
        self._failures = 0


@dataclass(slots=True)
class Gate:
    """
    Shared by all pipelines; owned by the daemon's loop.

    *paused* returns why intake stops (a full disk), or "". After a component failed a
    batch the gate stays shut for a growing while, for all alike.
    """

    config: Prefect
    prefect: Component
    cluster: Component
    started_at: float
    paused: Callable[[], str] = str
    _pause: Pause = field(default_factory=Pause)
    _paused: str = ""

    def open(self, now: float) -> bool:
        """
        Return whether an attempt may start.
        """
        self._paused = self.paused()
        if not self._pause.over(now) or not self.cluster.ready or self._paused:
            return False
        return bool(self.prefect.ready) or bool(self.bypass(now))

    def bypass(self, now: float) -> str:
        """
        Return why a batch that starts now runs without Prefect's record, or "".

        At start batches wait for the server ``start_seconds`` long; a server that is
        lost later is not waited for, unless ``when_down`` says so.
        """
        if self.prefect.ready or not self.may_bypass:
            return ""
        if self.prefect.was_ready:
            return "the Prefect server does not answer"
        if now >= self.started_at + self.config.start_seconds:
            waited = f"{self.config.start_seconds:g} s"
            return f"the Prefect server did not answer within {waited} of the start"
        return ""

    @property
    def may_bypass(self) -> bool:
        """
        Whether a batch may run without Prefect's record at all.
        """
        return self.config.when_down == "bypass"

    def failed(self, now: float) -> float:
        """
        Shut for a while after a component was lost; return the seconds.
        """
        return self._pause.failed(now)

    def succeeded(self) -> None:
        """
        Forget earlier failures.
        """
        self._pause.succeeded()

    def next_due(self, now: float) -> float | None:
        """
        Return when ``open`` may turn true by time alone.
        """
        if not self._pause.over(now):
            return self._pause.until
        deadline = self.started_at + self.config.start_seconds
        return deadline if now < deadline else None

    def reasons(self, now: float) -> list[str]:
        """
        Return what is away, one sentence each, for the health page.
        """
        reasons = []
        for component in (self.cluster, self.prefect):
            if not component.ready:
                away = now - component.since
                verb = "has not answered" if component.was_ready else "is starting"
                reasons.append(f"{component.name} {verb} for {away:.0f} s")
        # As the loop last saw it: this is called from other threads.
        return reasons + ([paused] if (paused := self._paused) else [])
