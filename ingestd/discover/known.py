"""
Skipping what did not change since an earlier scan found it known.

Comparing each of 100,000 files with the ledger costs more than listing them. So files
are put into a fixed number of buckets by name, and of each bucket the sum of the
hashes of its names and stats is kept. A bucket whose sum is that of a scan which found
all of it known holds the same versions, and is not compared again. This memory does
not grow with the files, and ends with the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ingestd.discover.scan import Found, Scan
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint

BUCKETS = 1 << 14
TURNS = 32
"""Every bucket is compared at least once in so many scans, whatever its sum."""

_MASK = (1 << 64) - 1
_UNSURE = -1

Unknown = Callable[[Iterable[Entry]], Iterator[Entry]]
"""Keeps the entries that the ledger does not have: ``Ledger.unknown`` of a pipeline."""


@dataclass(slots=True)
class Known:
    """
    What earlier sweeps of one folder found known. Owned by one thread.
    """

    _sums: list[int] = field(default_factory=lambda: [_UNSURE] * BUCKETS)
    _begun: bool = False
    _turn: int = 0

    def sweep(
        self, scan: Scan, again: Callable[[], Scan], unknown: Unknown
    ) -> Iterator[Entry]:
        """
        Yield the unknown entries of *scan*; complete, or Unreachable at the end.

        The counters of *scan* are those of the folder. *again* makes a second listing,
        for the buckets that prove to be other than they were.
        """
        turn, sums = self._take_turn(), [0] * BUCKETS
        yield from self._compare(scan.found(), turn, sums, unknown)
        doubtful = bytearray(
            not compared and new != old
            for compared, new, old in zip(turn, sums, self._sums, strict=True)
        )
        if any(doubtful):
            found = again().found(doubtful)
            yield from self._compare(found, doubtful, [0] * BUCKETS, unknown)
        # Raised last: the ledger compares by chunks, and an error within a chunk would
        # take with it what the chunk already held.
        if scan.failure is not None:
            raise scan.failure

    def _take_turn(self) -> bytearray:
        if not self._begun:
            self._begun = True
            return bytearray(b"\1" * BUCKETS)
        # A version that was known may be so no longer: its batch found it vanished.
        turn = bytearray(BUCKETS)
        self._turn = (self._turn + 1) % TURNS
        turn[self._turn :: TURNS] = b"\1" * (BUCKETS // TURNS)
        return turn

    def _compare(
        self,
        found: Iterator[Found],
        among: bytearray,
        sums: list[int],
        unknown: Unknown,
    ) -> Iterator[Entry]:
        buckets = [bucket for bucket, compared in enumerate(among) if compared]
        unsure = set()
        for entry in unknown(_summed(found, among, sums)):
            bucket = hash(os.fsdecode(entry.path)) % BUCKETS
            unsure.add(bucket)
            # At once: nobody knows what becomes of the entry, nor of this sweep.
            self._sums[bucket] = _UNSURE
            yield entry
        # At the end, when the sums are whole; a sweep that is broken off leaves the old
        # ones, and they are still true of what they were made of.
        for bucket in buckets:
            if bucket not in unsure:
                self._sums[bucket] = sums[bucket]


def _summed(
    found: Iterator[Found], among: bytearray, sums: list[int]
) -> Iterator[Entry]:
    for path, seen in found:
        bucket = hash(path) % BUCKETS
        mark = (path, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
        # Squared: by themselves the hashes of tuples that differ by the same step often
        # differ by the same amount, so two files that change places could keep the sum.
        sums[bucket] = (sums[bucket] + hash(mark) ** 2) & _MASK
        if among[bucket]:
            yield Entry(os.fsencode(path), Fingerprint.of(seen))
