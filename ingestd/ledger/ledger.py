"""
The seam of the durable memory, and the table of legal state changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Fingerprint,
    Outcome,
    Schema,
)

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


@dataclass(frozen=True, slots=True)
class Backlog:
    """
    What is ready and not yet sealed: files, bytes, and UTC seconds of the oldest.
    """

    files: int = 0
    size: int = 0
    oldest_at: float | None = None


@dataclass(frozen=True, slots=True)
class FileRow:
    """
    One file version, as ``files`` and ``why`` show it.

    *error* is the reason's code and *detail* its sentence, both empty when all is well.
    """

    id: int
    pipeline: str
    path: bytes
    state: FileState
    size: int
    seen_at: float
    batch_id: str | None = None
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    reason: str = ""
    detail: str = ""
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class PartRow:
    """
    One published Parquet file of a committed batch.
    """

    batch_id: str
    name: str
    rows: int
    rows_in: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """
    One batch, as ``batches`` and ``verify`` show it.

    *ended_at* is None until the batch is committed or failed.
    """

    id: str
    sequence: int
    pipeline: str
    state: BatchState
    files: int
    size: int
    attempt: int
    sealed_at: float
    ended_at: float | None = None
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    bypassed: bool = False
    error: str = ""
    schema_version: int = 0


@dataclass(frozen=True, slots=True)
class MemberRow:
    """
    One member of a batch and what became of it; *outcome* is None until staged.
    """

    batch_id: str
    file_id: int
    path: bytes
    start: int
    end: int
    outcome: Outcome | None = None
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """
    One run of a batch; *number* repeats after a run that was not counted.

    *ended_at* is None while it runs, and stays None if the daemon died in it.
    """

    batch_id: str
    number: int
    started_at: float
    ended_at: float | None = None
    error: str = ""
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """
    What a pipeline committed in some time: batches, their files, bytes and rows.
    """

    batches: int = 0
    files: int = 0
    size: int = 0
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0


class Reader(Protocol):
    """
    Questions to the ledger; safe from any thread, and from another process.
    """

    def schema(self, pipeline: str) -> Schema | None:
        """
        Return the newest schema version of *pipeline*.
        """
        ...

    def backlog(self, pipeline: str) -> Backlog:
        """
        Return what is READY; costs no scan of the whole table.
        """
        ...

    def counts(self, pipeline: str) -> dict[FileState, int]:
        """
        Return the number of file versions in each state that has any.
        """
        ...

    def files(
        self,
        *,
        pipeline: str | None = None,
        state: FileState | None = None,
        path: bytes | None = None,
    ) -> Iterator[FileRow]:
        """
        Yield file versions in order of admission.
        """
        ...

    def batches(
        self,
        *,
        pipeline: str | None = None,
        state: BatchState | None = None,
        batch_id: str | None = None,
    ) -> Iterator[BatchRow]:
        """
        Yield batches in order of sealing.
        """
        ...

    def parts(self, batch_id: str) -> list[PartRow]:
        """
        Return the Parquet files of a staged or committed batch, by name.
        """
        ...

    def members(self, batch_id: str) -> Iterator[MemberRow]:
        """
        Yield the members of a batch in order, with their outcomes; none if unknown.
        """
        ...

    def attempts(self, batch_id: str) -> list[AttemptRow]:
        """
        Return every run of a batch, in order.
        """
        ...

    def last_error(self, pipeline: str) -> AttemptRow | None:
        """
        Return the newest run of *pipeline* that ended with an error.
        """
        ...

    def totals(self, pipeline: str, since: float = 0.0) -> Totals:
        """
        Return what was committed at *since* (UTC seconds) or later.
        """
        ...


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

        Streams: memory does not grow with the number of entries. Safe from one other
        thread while the owner writes. The digests of *entries* are not looked at.
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
        CHANGED and the new one READY; a CLAIMED one makes the candidate held. A new
        path with the inode, size, mtime and digests of a COMMITTED version of
        another path is a rename of it and UNCHANGED, if *entries* does not also
        show the old path (the caller checks that the old path is gone: see
        ``renamed_from``). A path whose version VANISHED or was CHANGED before it was
        read is admitted as READY.
        """
        ...

    def latest(self, pipeline: str, path: bytes) -> FileRef | None:
        """
        Return the version of *path* that was last admitted with its own content.

        That is the newest one that is not UNCHANGED, with its digests: what a caller
        compares a changed file with.
        """
        ...

    def grown(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record that a committed file only grew: GREW_AFTER_COMMIT, updated in place
        when the newest version of the path is in that state already.
        """
        ...

    def renamed_from(self, pipeline: str, entry: Entry) -> bytes | None:
        """
        Return the path of a COMMITTED version with *entry*'s inode, size, mtime and
        digests under another path, if there is one.
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
        from any other state: a COMMITTED file's rows are in the output already.
        """
        ...

    def pin(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record *schema* as the pipeline's next version unless it equals the newest;
        return it with its version.
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
