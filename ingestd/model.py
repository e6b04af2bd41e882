"""
The values that travel from stage to stage.

Every class here is frozen and valid after construction. Paths of source files are
bytes, relative to the source's root, because a file name is bytes and need not be
UTF-8. Times named ``*_at`` are UTC seconds since the epoch, for people; everything
that waits uses the monotonic clock instead.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum

from ingestd.growing import Stretch


class FileState(StrEnum):
    """
    The state of one file version in the ledger.
    """

    READY = "ready"  # admitted, waits for a batch
    CLAIMED = "claimed"  # member of a sealed batch
    COMMITTED = "committed"
    MOVED = "moved"  # after commit, by after_commit
    DELETED = "deleted"
    QUARANTINED = "quarantined"
    VANISHED = "vanished"  # gone before it was read
    CHANGED = "changed"  # another version replaced it before it was read
    UNCHANGED = "unchanged"  # stat differs, content does not
    GREW_AFTER_COMMIT = "grew_after_commit"
    IGNORED = "ignored"  # on_change = "ignore"


class BatchState(StrEnum):
    """
    The state of one batch in the ledger.
    """

    SEALED = "sealed"  # members fixed; never run, or given back
    CLAIMED = "claimed"
    WAITING = "waiting"  # an attempt failed; not before a moment
    STAGED = "staged"  # parts are durable outside the dataset
    COMMITTED = "committed"
    FAILED = "failed"  # attempts spent; every member quarantined


class Outcome(StrEnum):
    """
    How one member of a batch ended; fixed in the *staged* transaction.
    """

    READ = "read"
    QUARANTINED = "quarantined"
    VANISHED = "vanished"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """
    The identity of a file version: what we read ourselves, never what a notice says.

    *size* in bytes; *mtime_ns* and *ctime_ns* since the epoch; *inode* 0 and *etag*
    set for objects. *head* and *tail* are digests of the first and last 64 KiB, empty
    while the file has only been listed.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    etag: str = ""
    head: bytes = b""
    tail: bytes = b""

    @property
    def stat(self) -> tuple[int, int, int, int, str]:
        """
        The part that a listing shows, without opening the file.
        """
        return (self.size, self.mtime_ns, self.ctime_ns, self.inode, self.etag)

    @classmethod
    def of(cls, stat: os.stat_result) -> Fingerprint:
        """
        Return the fingerprint of a local file's *stat*, without digests.
        """
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)


@dataclass(frozen=True, slots=True)
class FileRef:
    """
    One file version that the ledger has admitted.

    Of a file that grows it is a *stretch*: size and digests of *fingerprint* are those
    of the stretch, as if it were a file.
    """

    id: int
    pipeline: str
    path: bytes
    fingerprint: Fingerprint
    stretch: Stretch | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """
    A slice of a file version: bytes [start, end); a whole file is [0, size).
    """

    file: FileRef
    start: int
    end: int

    @property
    def size(self) -> int:
        """
        The slice's length in bytes.
        """
        return self.end - self.start

    @property
    def whole(self) -> bool:
        """
        Whether it is all of its file.
        """
        return (self.start, self.end) == (0, self.file.fingerprint.size)


@dataclass(frozen=True, slots=True)
class Batch:
    """
    A sealed batch; *members* are ordered by path and admission, and never
    change.

    *attempt* is the number of the attempt that runs now or ran last, from 1.
    """

    id: str
    sequence: int
    pipeline: str
    members: tuple[Member, ...]
    sealed_at: float
    attempt: int = 1
    isolate: bool = False  # the usual attempts are spent: find the file at fault

    @property
    def size(self) -> int:
        """
        The members' length in bytes.
        """
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class Unit:
    """
    What one mapped task reads: slices of files, in order of path and offset.

    A slice that is not a whole file is alone in its unit. It stands for the records
    that begin in it; *begin* is where the first of them begins, if that is known.
    """

    index: int
    members: tuple[Member, ...]
    begin: int | None = None

    @property
    def size(self) -> int:
        """
        The slices' length in bytes.
        """
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class MemberResult:
    """
    What became of one member: rows_in = rows_out + rows_rejected + rows_filtered.

    *reason* is a code of the closed list in ``errors.Reason``, empty when the member
    was read; *detail* one sentence for the operator. *rejected* counts the rows that
    were set aside by reason, in order of the codes; *detail* is then the first one's.
    *rows_filtered* are those that the transform left out.
    """

    file_id: int
    outcome: Outcome
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    rows_filtered: int = 0
    reason: str = ""
    detail: str = ""
    rejected: tuple[tuple[str, int], ...] = ()


class PartKind(StrEnum):
    """
    What a Parquet file holds, and so where it is published.
    """

    DATA = "data"  # below the sink
    REJECTS = "rejects"  # below rejects.url


@dataclass(frozen=True, slots=True)
class Part:
    """
    One Parquet file: *name* is its final place relative to the sink, or to the folder
    of the rejects, ``/``-separated; *staged* its absolute path in staging. It is
    complete and fsynced.

    *rows* counts rows of the Parquet file; *rows_in* the input rows behind them (equal
    in row mode; the sum of ``_rows`` for aggregates). *size* in bytes.
    """

    name: str
    staged: str
    rows: int
    rows_in: int
    size: int
    sha256: str
    kind: PartKind = PartKind.DATA


UNTYPED = "null"
"""The type of a column that held only nulls so far: known, and not in the output."""


@dataclass(frozen=True, slots=True)
class Schema:
    """
    Column names and types, in order; types are those of the configuration, or UNTYPED.

    *version* counts per pipeline from 1; 0 is a schema the ledger does not have yet.
    *added* names the columns that came with a file after the schema was first pinned.
    """

    columns: tuple[tuple[str, str], ...]
    version: int = 0
    source: str = "declared"  # declared | inferred | added | typed
    added: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """
        The column names, in order.
        """
        return tuple(name for name, _ in self.columns)

    @property
    def original(self) -> tuple[str, ...]:
        """
        The names of the columns that no file added: those of a file without a header.
        """
        return tuple(name for name, _ in self.columns if name not in self.added)

    @property
    def untyped(self) -> tuple[str, ...]:
        """
        The names of the columns that have no type yet, in order.
        """
        return tuple(name for name, kind in self.columns if kind == UNTYPED)


@dataclass(frozen=True, slots=True)
class Function:
    """
    The user's function that rows went through: *reference* is ``package.module:name``,
    *sources* the SHA-256 of its module's source, of each source that a worker had.
    """

    reference: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Committable:
    """
    A batch whose parts are staged: all that publish and commit need.

    *members* has one result per member of the batch. *seconds* holds the wall time of
    each stage by name. *bypassed* says that the batch ran without Prefect's record.
    *function* is None where the pipeline has none.
    """

    batch: Batch
    staging: str
    parts: tuple[Part, ...]
    members: tuple[MemberResult, ...]
    schema: Schema
    bypassed: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    function: Function | None = None

    @property
    def rows_in(self) -> int:
        """
        Records of the members that were read.
        """
        return sum(m.rows_in for m in self.members)

    @property
    def rows_out(self) -> int:
        """
        Records that are behind the parts.
        """
        return sum(m.rows_out for m in self.members)

    @property
    def rows_rejected(self) -> int:
        """
        Records that were set aside.
        """
        return sum(m.rows_rejected for m in self.members)

    @property
    def rows_filtered(self) -> int:
        """
        Records that the transform left out.
        """
        return sum(m.rows_filtered for m in self.members)

    def parts_of(self, kind: PartKind) -> tuple[Part, ...]:
        """
        Return the parts that hold rows of *kind*, in order.
        """
        return tuple(part for part in self.parts if part.kind is kind)
