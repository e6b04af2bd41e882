"""
What the ledger in memory holds: rows that are replaced, never changed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ingestd.growing import Growing
from ingestd.ledger.reader import AttemptRow, SchemaRow
from ingestd.ledger.rules import Version
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Fingerprint,
    MemberResult,
    Schema,
)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """
    One file version.
    """

    ref: FileRef
    state: FileState
    seen_at: float
    ready_at: float
    previous: int | None = None
    batch_id: str | None = None
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    rows_filtered: int = 0
    reason: str = ""
    detail: str = ""

    @property
    def mark(self) -> Fingerprint:
        """
        The version's fingerprint.
        """
        return self.ref.fingerprint

    @property
    def version(self) -> Version:
        """
        The version as a decision sees it.
        """
        return Version(self.ref.id, self.state, self.mark, self.previous)


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """
    One batch; *results* and *staged* are empty until it is staged or has failed.
    """

    batch: Batch
    state: BatchState
    counted: bool = False
    error: str = ""
    ended_at: float | None = None
    results: tuple[MemberResult, ...] = ()
    staged: Committable | None = None


@dataclass(slots=True)
class Tables:
    """
    Everything; outlives the ledgers that are opened on it, as a file does.

    Every access holds *lock*.
    """

    files: dict[int, FileRecord] = field(default_factory=dict)
    current: dict[tuple[str, bytes], int] = field(default_factory=dict)
    batches: dict[str, BatchRecord] = field(default_factory=dict)
    attempts: list[AttemptRow] = field(default_factory=list)
    schemas: dict[str, tuple[SchemaRow, ...]] = field(default_factory=dict)
    growing: dict[int, Growing] = field(default_factory=dict)
    epoch: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def newest(self, pipeline: str, path: bytes) -> FileRecord | None:
        """
        Return the newest version of *path*.
        """
        found = self.current.get((pipeline, path))
        return None if found is None else self.files[found]

    def schema(self, pipeline: str) -> Schema | None:
        """
        Return the newest schema version of *pipeline*.
        """
        rows = self.schemas.get(pipeline)
        return rows[-1].schema if rows else None

    def owner(self, record: FileRecord | None) -> FileRecord | None:
        """
        Return the version that brought the content that *record* has.
        """
        while record and record.state is FileState.UNCHANGED and record.previous:
            before = self.files[record.previous]
            mine, its = record.mark, before.mark
            if (mine.size, mine.head, mine.tail) != (its.size, its.head, its.tail):
                break
            record = before
        return record

    def snapshot(self) -> tuple[object, ...]:
        """
        Return what ``restore`` needs to undo a step.
        """
        return (
            dict(self.files),
            dict(self.current),
            dict(self.batches),
            list(self.attempts),
            dict(self.schemas),
            dict(self.growing),
        )

    def restore(self, before: tuple[object, ...]) -> None:
        """
        Go back to a snapshot.
        """
        (
            self.files,
            self.current,
            self.batches,
            self.attempts,
            self.schemas,
            self.growing,
        ) = before  # type: ignore[assignment]
