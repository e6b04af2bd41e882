"""
Where the next listing of an ordered store begins.

A listing that begins behind what is known costs little, and misses what appears late
and sorts earlier. So the cursor is never the only truth: every start and every
``full_sweep_seconds`` the source is listed whole.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

WHOLE = ""


@dataclass(slots=True)
class Cursor:
    """
    The keys of one source, whole. The scanner's thread begins and ends listings;
    ``lower`` is safe from every thread.

    The first listing begins after *start_after*, and a whole one is due behind it.
    """

    start_after: str
    sweep_seconds: float
    clock: Callable[[], float] = time.monotonic
    _at: str | None = None  # None before the first listing
    _begun: float = 0.0
    _swept: float | None = None
    _lowest: str | None = None  # since the listing began
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> str:
        """
        Return the key after which to list now, WHOLE for all.
        """
        with self._lock:
            self._begun, self._lowest = self.clock(), None
            if self._at is None:
                return self.start_after
            return WHOLE if self._due() else self._at

    def ended(self, after: str, greatest: str) -> None:
        """
        Take note of a complete listing that began *after* a key; *greatest* is the last
        of its keys, "" where it had none.
        """
        with self._lock:
            if after == WHOLE:
                self._swept = self._begun
            at = max(after, greatest)
            self._at = at if self._lowest is None else min(at, self._lowest)

    def lower(self, key: str) -> None:
        """
        Have the next listing show *key*, which is not in the ledger after all.
        """
        with self._lock:
            # Any text that sorts before the key will do.
            before = key[:-1]
            held = [text for text in (self._lowest, before) if text is not None]
            self._lowest = min(held)
            if self._at is not None:
                self._at = min(self._at, before)

    def unswept(self) -> bool:
        """
        Return whether no listing was whole yet.
        """
        return self._swept is None

    def _due(self) -> bool:
        # A key that was lowered to the first one asks for all.
        if self._swept is None or not self._at:
            return True
        return self.clock() - self._swept >= self.sweep_seconds
