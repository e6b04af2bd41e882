"""
Files of a store that shows them while they are still being written.

No event tells of a close there, and no lease proves anything: a file counts when a
listing shows it as one did that is old enough.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ingestd.discover.known import Unknown
from ingestd.errors import IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint


@dataclass(frozen=True, slots=True)
class _Shown:
    """
    A version, when a listing first showed it, and whether instead of another.
    """

    mark: Fingerprint
    since: float
    changed: bool


class Listing(Protocol):
    """
    One listing: its entries, and what broke it off.
    """

    failure: IngestdError | None

    def found(self) -> Iterator[Entry]:
        """
        Yield the entries; an error waits in *failure*.
        """
        ...


class Unsettled:
    """
    A sweeper that holds back what has not been the same for *seconds*.

    Owned by the scanner's thread; others may read *waiting*, how many are held back and
    have not changed since a listing before, and *due*, when the first may count. It
    keeps what is held back and nothing else.
    """

    def __init__(
        self, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Hold nothing yet.
        """
        self.seconds = seconds
        self.clock = clock
        self.waiting = 0
        self.due: float | None = None
        self._held: dict[bytes, _Shown] = {}

    def sweep(self, scan: Listing, again: object, unknown: Unknown) -> Iterator[Entry]:
        """
        Yield the unknown entries of *scan* that have settled; complete, or its error at
        the end.
        """
        del again
        held: dict[bytes, _Shown] = {}
        for entry in unknown(scan.found()):
            shown = self._shown(entry)
            if self.clock() - shown.since >= self.seconds:
                yield entry
            else:
                held[entry.path] = shown
        if scan.failure is not None:
            # What was not reached may still be there, as it was.
            held = {**self._held, **held}
        self._keep(held)
        if scan.failure is not None:
            raise scan.failure

    def _shown(self, entry: Entry) -> _Shown:
        before = self._held.get(entry.path)
        if before is not None and before.mark == entry.fingerprint:
            return before
        return _Shown(entry.fingerprint, self.clock(), changed=before is not None)

    def _keep(self, held: dict[bytes, _Shown]) -> None:
        self._held = held
        first = min((shown.since for shown in held.values()), default=None)
        self.due = None if first is None else first + self.seconds
        # Who waits for all that is there does not wait for what a writer is at.
        self.waiting = sum(not shown.changed for shown in held.values())
