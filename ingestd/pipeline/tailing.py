"""
From growing files to ledger entries: taken when there is room, recorded in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingestd.config import Pipeline as Config
from ingestd.discover.tail.source import TailSource
from ingestd.growing import Growing, Grown
from ingestd.ledger.ledger import Ledger, Reader
from ingestd.observe.events import (
    FileAdmitted,
    FilesAdmitted,
    TailEnded,
    TailFollowed,
    TailMoved,
    emit,
)


@dataclass(slots=True)
class TailIntake:
    """
    Moves what was taken into the ledger. Owned by the pipeline's loop.

    Nothing is taken before *hungry* says that a batch could begin with it: until then
    it is safe where it is, and so a batch has all that came meanwhile, in few pieces.
    """

    config: Config
    source: TailSource
    ledger: Ledger
    hungry: Callable[[float], bool]

    def advance(self, now: float, wall: float) -> int:
        """
        Record what was taken; return the number of pieces that became READY.

        On ComponentAway (the ledger's disk is full) nothing has changed.
        """
        for event in self.source.news():
            emit(event)
        pieces = 0
        if grown := self.source.taken():
            recorded = [one for one, _ in self.ledger.grow(grown, wall)]
            self.source.told(recorded)
            for before, after in zip(grown, recorded, strict=True):
                self._tell(before, after)
            pieces = sum(len(each.pieces) for each in grown)
            if pieces:
                size = sum(each.size for each in grown)
                emit(FilesAdmitted(self.config.name, pieces, size))
        elif self.hungry(now):
            self.source.ask(now)
        return pieces

    def _tell(self, grown: Grown, one: Growing) -> None:
        name = self.config.name
        if not grown.one.id:
            emit(TailFollowed(name, one.place, grown.start))
        elif one.ended:
            emit(TailEnded(name, one.place, one.end))
        elif grown.moved:
            emit(TailMoved(name, one.path, one.place, one.behind))
        for piece in grown.pieces:
            emit(FileAdmitted(name, one.path, piece.size))


@dataclass(frozen=True, slots=True)
class LedgerPast:
    """
    What the ledger remembers of one pipeline's growing files; safe from any thread.
    """

    pipeline: str
    reader: Reader

    def header_of(self, path: bytes) -> bytes | None:
        """
        Return the newest header of *path*, None when it was never followed.
        """
        return self.reader.header_of(self.pipeline, path)

    def taken(self, path: bytes, size: int, ends: tuple[bytes, bytes]) -> bool:
        """
        Tell whether this content was taken as a generation of *path*.
        """
        return self.reader.grown_before(self.pipeline, path, size, ends)
