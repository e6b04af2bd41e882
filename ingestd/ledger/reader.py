"""
The questions that a ledger answers, and the rows that its answers are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ingestd.growing import Growing
from ingestd.model import BatchState, FileState, Outcome, PartKind, Schema


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
    rows_filtered: int = 0
    reason: str = ""
    detail: str = ""
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class PartRow:
    """
    One Parquet file of a staged or committed batch; below the sink, or below the folder
    of the rejects.
    """

    batch_id: str
    name: str
    rows: int
    rows_in: int
    size: int
    sha256: str
    kind: PartKind = PartKind.DATA


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
    rows_filtered: int = 0
    bypassed: bool = False
    error: str = ""
    schema_version: int = 0


@dataclass(frozen=True, slots=True)
class MemberRow:
    """
    One member of a batch and what became of it; *outcome* is None until staged.

    *rejected* counts its rows that were set aside by their reason.
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
    rows_filtered: int = 0
    reason: str = ""
    detail: str = ""
    rejected: tuple[tuple[str, int], ...] = ()


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
class SchemaRow:
    """
    One version of a pipeline's schema, and when it was pinned.
    """

    schema: Schema
    pinned_at: float


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
    rows_filtered: int = 0


class Reader(Protocol):
    """
    Questions to the ledger; safe from any thread, and from another process.
    """

    def schema(self, pipeline: str) -> Schema | None:
        """
        Return the newest schema version of *pipeline*.
        """
        ...

    def schemas(self, pipeline: str) -> list[SchemaRow]:
        """
        Return every schema version of *pipeline*, oldest first.
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
        Return the Parquet files of a staged or committed batch, by kind and name.
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

    def growing(self, pipeline: str) -> list[Growing]:
        """
        Return the files of *pipeline* that may still grow, oldest first.
        """
        ...

    def header_of(self, pipeline: str, path: bytes) -> bytes | None:
        """
        Return the newest header of the growing file *path*, b"" when it never had one,
        None when no file of this name was ever followed.
        """
        ...

    def grown_before(
        self, pipeline: str, path: bytes, size: int, ends: tuple[bytes, bytes]
    ) -> bool:
        """
        Tell whether a generation of the growing file *path* was taken that was *size*
        bytes long with these digests of its *ends*, whether or not it is still there.
        """
        ...
