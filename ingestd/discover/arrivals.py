"""
Objects that wait to be offered, and what a hint means where nothing settles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingestd.discover.bucket import Compared
from ingestd.discover.candidate import Hint
from ingestd.discover.unsettled import Unsettled
from ingestd.ledger.ledger import Entry


@dataclass(slots=True)
class Arrivals:
    """
    Objects that are to be offered later; what ``Settle`` is for a folder. *hinted* is
    given each path that is not what the ledger has; *beside* holds back what listings
    show unfinished.
    """

    hinted: Callable[[bytes], object]
    beside: Compared | Unsettled = field(default_factory=Compared)
    _held: dict[bytes, tuple[float, Entry, str]] = field(default_factory=dict)

    def hint(self, path: bytes, kind: Hint, now: float) -> None:
        """
        Pass *path* on: what is there is found by a look or a listing, not here.
        """
        del kind, now
        self.hinted(path)

    def defer(self, entry: Entry, reason: str, now: float, seconds: float) -> None:
        """
        Offer *entry* again after *seconds*.
        """
        self._held[entry.path] = (now + seconds, entry, reason)

    def due(self, now: float) -> list[Entry]:
        """
        Return what is to be offered again now.
        """
        due = [path for path, (at, _, _) in self._held.items() if at <= now]
        return [self._held.pop(path)[1] for path in due]

    def next_due(self) -> float | None:
        """
        Return when there is something to offer; None for never.
        """
        return min((at for at, _, _ in self._held.values()), default=None)

    def holding(self, path: bytes, now: float) -> str:
        """
        Return one sentence: what holds *path*, or "".
        """
        if path not in self._held:
            return ""
        at, _, reason = self._held[path]
        return f"{reason}; looked at again in {max(0.0, at - now):.1f} s"

    def pending(self) -> int:
        """
        Return how many there are.
        """
        return len(self._held) + self.beside.waiting

    def settling(self) -> int:
        """
        Return how many there are.
        """
        return self.pending()
