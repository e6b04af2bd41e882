"""
What every start does first: finish or give back what an earlier daemon left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingestd.commit.committer import Committer
from ingestd.commit.disposal import Disposal
from ingestd.commit.sink import Sink
from ingestd.ledger.ledger import Ledger
from ingestd.model import BatchState, Committable


@dataclass(frozen=True, slots=True)
class Recovered:
    """
    The batches published again and committed, and counts of batches given back and of
    staging folders removed.
    """

    committed: tuple[Committable, ...]
    given_back: int
    discarded: int


def recover(
    ledger: Ledger,
    sinks: Mapping[str, Sink],
    disposals: Mapping[str, Disposal],
    committer: Committer,
    now: float,
    wall: float,
) -> Recovered:
    """
    Bring the ledger, the sinks and the sources in step; idempotent, also when killed.

    A batch that was claimed gives its work back with its attempt uncounted; one that
    was staged is published again and committed, now or as soon as its sink is back.
    """
    given_back = 0
    kept = set()
    for batch, state in ledger.unfinished():
        if batch.pipeline not in sinks:
            continue
        if state is BatchState.CLAIMED:
            ledger.release(batch.id, wall)
            given_back += 1
        elif state is BatchState.STAGED:
            kept.add(ledger.staged(batch.id).staging)
            committer.resume(batch)
    # Before the staged ones are published: theirs are kept, all others are nobody's.
    discarded = 0
    for sink in sinks.values():
        for staging in sink.leftovers():
            if staging not in kept:
                sink.discard(staging)
                discarded += 1
    committed = tuple(committer.tick(now, wall))
    for disposal in disposals.values():
        disposal.recover(wall)
    return Recovered(committed, given_back, discarded)
