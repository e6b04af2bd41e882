"""
The seam of the durable memory, and the table of legal state changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestd.growing import Growing, Grown
from ingestd.ledger.reader import (
    AttemptRow,
    Backlog,
    BatchRow,
    FileRow,
    MemberRow,
    PartRow,
    Reader,
    SchemaRow,
    Totals,
)
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Fingerprint,
    Schema,
)

__all__ = [
    "LEGAL_BATCH",
    "LEGAL_FILE",
    "Admission",
    "AttemptRow",
    "Backlog",
    "BatchRow",
    "Entry",
    "FileRow",
    "Ledger",
    "MemberRow",
    "PartRow",
    "Reader",
    "SchemaRow",
    "Totals",
]

F = FileState
B = BatchState

LEGAL_FILE: dict[FileState, frozenset[FileState]] = {
    F.READY: frozenset({F.CLAIMED, F.CHANGED, F.VANISHED}),
    F.CLAIMED: frozenset({F.COMMITTED, F.QUARANTINED, F.VANISHED, F.CHANGED}),
    F.COMMITTED: frozenset({F.MOVED, F.DELETED}),
    F.MOVED: frozenset(),
    F.DELETED: frozenset(),
    F.QUARANTINED: frozenset({F.READY}),
    F.VANISHED: frozenset({F.READY}),
    F.CHANGED: frozenset(),
    F.UNCHANGED: frozenset({F.READY, F.UNCHANGED}),
    F.GREW_AFTER_COMMIT: frozenset({F.READY, F.GREW_AFTER_COMMIT}),
    F.IGNORED: frozenset({F.READY, F.IGNORED}),
}
"""An edge to READY, where it is not an admission, is an operator's ``retry``."""

LEGAL_BATCH: dict[BatchState, frozenset[BatchState]] = {
    B.SEALED: frozenset({B.CLAIMED}),
    B.CLAIMED: frozenset({B.STAGED, B.WAITING, B.SEALED, B.FAILED}),
    B.WAITING: frozenset({B.CLAIMED}),
    B.STAGED: frozenset({B.COMMITTED}),
    B.COMMITTED: frozenset(),
    B.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One row of a listing: a path and the fingerprint that the listing shows.
    """

    path: bytes
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Admission:
    """
    What the ledger made of one candidate.

    *held* means that nothing was written, since an earlier version of the path is in a
    running batch: offer the candidate again later.
    """

    path: bytes
    state: FileState | None
    ref: FileRef | None = None
    held: bool = False


class Ledger(Reader, Protocol):
    """
    The one writer. Every method is one durable transaction, or leaves no trace.

    Owned by one thread. After a return, the change survives a power cut. Illegal steps
    raise IllegalTransition; a lost epoch (another daemon took over) raises StateLocked.
    """

    @property
    def epoch(self) -> int:
        """
        The number of this opening; one more at each start.
        """
        ...

    def unknown(self, pipeline: str, entries: Iterable[Entry]) -> Iterator[Entry]:
        """
        Yield the entries whose path or stat the ledger does not have, in order.

        A version that vanished or changed before it was read is not had. Streams:
        memory does not grow with the number of entries. Safe from one other thread
        while the owner writes. The digests of *entries* are not looked at.
        """
        ...

    def admit(
        self, pipeline: str, entries: Sequence[Entry], on_change: str, now: float
    ) -> list[Admission]:
        """
        Record settled file versions with digests, in order; return one result each.

        A version that is known already is returned with its state, and nothing is
        written: admitting twice is admitting once. For a path whose latest version
        was COMMITTED (or MOVED, DELETED, QUARANTINED, IGNORED, UNCHANGED or
        GREW_AFTER_COMMIT): equal size and digests give UNCHANGED; a file that only
        grew after a commit is decided by the caller (see ``grown``); otherwise
        *on_change*: "new" gives READY, "ignore" IGNORED, "fail" QUARANTINED with
        reason changed_after_commit. A READY version that is replaced becomes
        CHANGED and the new one READY; a CLAIMED one makes the candidate held. A path
        whose version VANISHED or was CHANGED before it was read is admitted as READY.
        Renames are not looked for, since only the caller can tell that the old path
        is gone: see ``renamed_from`` and ``renamed``. UNCHANGED and IGNORED are
        updated in place when the newest version is in that state already.
        """
        ...

    def latest(self, pipeline: str, path: bytes) -> FileRef | None:
        """
        Return the version of *path* that was last admitted with its own content.

        That is the newest one that is not UNCHANGED (unless a rename brought the
        content), with its digests: what a caller compares a changed file with.
        """
        ...

    def grown(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record that a committed file only grew: GREW_AFTER_COMMIT, updated in place
        when the newest version of the path is in that state already.

        A version that is not committed yet is treated as ``admit`` does (held,
        replaced or READY). IllegalTransition where the latest version is QUARANTINED
        or IGNORED: offer such a file to ``admit``.
        """
        ...

    def renamed_from(
        self, pipeline: str, entry: Entry
    ) -> tuple[bytes, FileState] | None:
        """
        Return the path and the state of a version with *entry*'s inode, size, mtime and
        digests under another path, if there is one: COMMITTED with rows, or CLAIMED,
        whose rows may be in the output soon.
        """
        ...

    def renamed(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record *entry* as UNCHANGED: the content was committed under its old path.
        """
        ...

    def seal(
        self, pipeline: str, *, max_files: int, max_bytes: int, now: float
    ) -> Batch | None:
        """
        Make a batch of the oldest READY files: SEALED, members CLAIMED.

        Takes files in order of admission up to *max_files* and *max_bytes*, always at
        least one. The id is ``<UTC seal time>-<hash of the pipeline's name and the
        members>``, for example ``20261123T231501Z-1a2b3c4d5e6f``. Members are then
        ordered by path. None when nothing is ready.
        """
        ...

    def claim(self, batch_id: str, now: float) -> Batch:
        """
        Begin an attempt: SEALED or WAITING to CLAIMED; return the batch.

        The attempt's number goes up only when the one before was counted.
        """
        ...

    def wait(
        self, batch_id: str, error: str, now: float, *, isolate: bool, counted: bool
    ) -> None:
        """
        End a failed attempt: CLAIMED to WAITING, with its *error*.

        *counted* is False when a component was away; *isolate* stays set once set.
        """
        ...

    def release(self, batch_id: str, now: float) -> None:
        """
        Give back at shutdown: CLAIMED to SEALED, attempt count unchanged.
        """
        ...

    def stage(self, committable: Committable, now: float) -> None:
        """
        Fix the outcome: CLAIMED to STAGED, with parts, rows, schema and results.

        A schema of version 0 gets the pipeline's next version here.
        """
        ...

    def commit(self, batch_id: str, now: float) -> None:
        """
        STAGED to COMMITTED; each member's file gets the state of its outcome.
        """
        ...

    def fail(self, batch_id: str, reason: str, detail: str, now: float) -> None:
        """
        CLAIMED to FAILED; every member QUARANTINED with *reason* and *detail*.
        """
        ...

    def disposed(self, file_id: int, state: FileState, now: float) -> None:
        """
        Record after_commit: COMMITTED to MOVED or DELETED.
        """
        ...

    def retry(self, pipeline: str, path: bytes, now: float) -> bool:
        """
        Make the newest version of *path* READY again, for a new batch.

        From QUARANTINED, VANISHED, UNCHANGED, GREW_AFTER_COMMIT and IGNORED. False
        from any other state: a COMMITTED file's rows are in the output already. Of a
        growing file, every stretch that is QUARANTINED or VANISHED.
        """
        ...

    def pin(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record *schema* as the pipeline's next version, unless its columns are those of
        the newest; return the newest. A declared one keeps the columns that were added:
        see ``versions.pinned``.
        """
        ...

    def widen(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record the newest version with the columns of *schema* that it lacks, and types
        where it has none, unless there are none; return the newest.

        What it has stays, so batches may widen it in any order. LedgerError where no
        version is pinned.
        """
        ...

    def unfinished(self) -> list[tuple[Batch, BatchState]]:
        """
        Return the batches that are not COMMITTED or FAILED, in order of sealing.
        """
        ...

    def staged(self, batch_id: str) -> Committable:
        """
        Return what ``stage`` recorded, for recovery.
        """
        ...

    def grow(
        self, grown: Sequence[Grown], now: float
    ) -> list[tuple[Growing, list[FileRef]]]:
        """
        Record how far growing files were taken, and their pieces as READY versions.

        A file with id 0 is new; each is returned with its id, and the versions. All or
        nothing: LedgerError unless the pieces of each are all that lies between its end
        before and its end now, so that no byte is ever taken twice.
        """
        ...

    def undisposed(self, pipeline: str) -> Iterator[FileRef]:
        """
        Yield COMMITTED files in order of id, for after_commit at recovery.
        """
        ...

    def close(self) -> None:
        """
        Close; harmless twice.
        """
        ...
