"""
How long to wait before trying again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """
    Exponential back-off with full jitter.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    base_seconds: float = 0.5
    max_seconds: float = 30.0

    def delay(self, attempt: int, *, draw: float | None = None) -> float:
        """
        Return the seconds to wait after failed try *attempt*, from 1.

        *draw* in [0, 1) replaces the random number, for tests.
        """
        ceiling = min(self.max_seconds, self.base_seconds * 2.0 ** min(attempt - 1, 30))
        part = random.random() if draw is None else draw  # noqa: S311 - no secret
        # Half is fixed, so that a retry is never immediate and a loop never spins.
        return ceiling * (0.5 + 0.5 * part)
