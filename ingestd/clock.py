"""
Time as a parameter: the two clocks, and the wake-up that others give the loop.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """
    *monotonic* for everything that waits; *wall* only for what people read.
    """

    def monotonic(self) -> float:
        """
        Seconds that never go back.
        """
        ...

    def wall(self) -> float:
        """
        UTC seconds since the epoch.
        """
        ...


class SystemClock:
    """
    The machine's clocks.
    """

    def monotonic(self) -> float:
        """
        Return ``time.monotonic()``.
        """
        return time.monotonic()

    def wall(self) -> float:
        """
        Return ``time.time()``.
        """
        return time.time()


class Waker:
    """
    Wake the one loop from any thread; a wake-up between two waits is not lost.
    """

    def __init__(self) -> None:
        self._event = threading.Event()

    def wake(self) -> None:
        """
        End the current wait, or the next one at once. Safe from every thread.
        """
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """
        Wait for a wake-up, at most *seconds*; return whether one came.
        """
        woken = self._event.wait(max(0.0, seconds))
        # Cleared before the caller looks at its queues: a wake-up that comes while it
        # looks makes the next wait return at once, so nothing posted is overslept.
        self._event.clear()
        return woken
