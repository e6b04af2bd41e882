"""
From settled files to ledger entries: digested, compared, admitted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.config import Pipeline as Config
from ingestd.discover.bucket_source import BucketSource
from ingestd.discover.settle import Hint
from ingestd.discover.source import LocalSource
from ingestd.errors import ComponentAway
from ingestd.ledger.ledger import Admission, Entry, Ledger
from ingestd.model import FileState
from ingestd.observe.events import (
    FileAdmitted,
    FileGrewAfterCommit,
    FileHeld,
    FileQuarantined,
    FilesAdmitted,
    FileUnchanged,
    emit,
)

HELD_SECONDS = 1.0
_HELD = "an earlier version of it is in a running batch"
# UNCHANGED: the rows came under another name. A copy of older content is never asked.
_WITH_ROWS_OUT = {
    FileState.COMMITTED,
    FileState.GREW_AFTER_COMMIT,
    FileState.UNCHANGED,
}
_GREW_HINT = (
    "its new rows are not read: use mode = 'tail' for files that grow, or a longer "
    "settle; 'ingestd retry' reads the whole file again"
)


@dataclass(slots=True)
class Intake:
    """
    Moves what has settled into the ledger. Owned by the pipeline's loop.
    """

    config: Config
    source: LocalSource | BucketSource
    ledger: Ledger

    def advance(self, now: float, wall: float) -> int:
        """
        Admit what has settled; return the number of files that became READY.
        """
        found = self.source.advance(now)
        for event in found.events:
            emit(event)
        try:
            return self._admit(self._digested(found.entries, now), now, wall)
        except ComponentAway:
            # The ledger's disk is full: what was not admitted is offered again.
            for entry in found.entries:
                self.source.settle.hint(entry.path, Hint.CHANGED, now)
            raise

    def _admit(self, entries: list[Entry], now: float, wall: float) -> int:
        plain = [e for e in entries if not self._known_content(e, now, wall)]
        admissions = self.ledger.admit(
            self.config.name, plain, self.config.source.on_change, wall
        )
        sizes = {entry.path: entry for entry in plain}
        ready = [a for a in admissions if a.state is FileState.READY]
        for admission in admissions:
            self._tell(admission, sizes[admission.path], now)
        if ready:
            size = sum(sizes[a.path].fingerprint.size for a in ready)
            emit(FilesAdmitted(self.config.name, len(ready), size))
        return len(ready)

    def _digested(self, entries: list[Entry], now: float) -> list[Entry]:
        digested = []
        for entry in entries:
            mark = self.source.folder.digest(entry.path, entry.fingerprint)
            if mark is None:
                # Not what it was a moment ago: it has to settle again.
                self.source.settle.hint(entry.path, Hint.CHANGED, now)
            else:
                digested.append(Entry(entry.path, mark))
        return digested

    def _known_content(self, entry: Entry, now: float, wall: float) -> bool:
        """
        Record a file whose rows are in the output already: it grew, or was renamed.
        """
        return self._grown(entry, wall) or self._renamed(entry, now, wall)

    def _renamed(self, entry: Entry, now: float, wall: float) -> bool:
        name = self.config.name
        found = self.ledger.renamed_from(name, entry)
        if found is None:
            return False
        old, state = found
        if not self.source.folder.gone(old, entry.fingerprint.inode):
            return False
        if state is FileState.CLAIMED:
            # Its batch has read it, or will find it vanished: not known before the end.
            reason = "it is in a running batch under its old name"
            self._hold(entry, reason, now)
        elif self.ledger.renamed(name, entry, wall).held:
            self._hold(entry, _HELD, now)
        else:
            hint = "its rows were committed under its old name"
            emit(FileUnchanged(name, entry.path, hint))
        return True

    def _grown(self, entry: Entry, wall: float) -> bool:
        name = self.config.name
        before = self.ledger.latest(name, entry.path)
        if before is None or entry.fingerprint.size <= before.fingerprint.size:
            return False
        rows = self.ledger.files(pipeline=name, path=entry.path)
        (version,) = (row for row in rows if row.id == before.id)
        if version.state not in _WITH_ROWS_OUT:
            return False
        if version.state is FileState.COMMITTED and not version.rows_in:
            # A header alone: read whole, nothing of it is read twice.
            return False
        if not self.source.folder.grew(entry.path, before.fingerprint):
            return False
        self.ledger.grown(name, entry, wall)
        emit(FileGrewAfterCommit(name, entry.path, _GREW_HINT))
        return True

    def _hold(self, entry: Entry, reason: str, now: float) -> None:
        self.source.settle.defer(entry, reason, now, HELD_SECONDS)
        emit(FileHeld(self.config.name, entry.path, reason))

    def _tell(self, admission: Admission, entry: Entry, now: float) -> None:
        name, path = self.config.name, admission.path
        if admission.held:
            self._hold(entry, _HELD, now)
        elif admission.state is FileState.READY:
            emit(FileAdmitted(name, path, entry.fingerprint.size))
        elif admission.state is FileState.UNCHANGED:
            emit(FileUnchanged(name, path))
        elif admission.state is FileState.QUARANTINED:
            detail = (
                "it was changed after its rows were committed, and on_change = fail"
            )
            emit(FileQuarantined(name, path, "", "changed_after_commit", detail))
