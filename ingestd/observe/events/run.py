"""
Events of batches and of what happens to their files.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestd.observe.events.event import Event, Level, Stage, event


@event(Level.DEBUG, Stage.BATCH)
class BatchSealed(Event):
    """
    A batch has its members for ever; *because* is files, bytes, age or idle.
    """

    pipeline: str
    batch: str
    files: int
    bytes: int
    because: str = ""


@event(Level.DEBUG, Stage.RUN)
class BatchStarted(Event):
    """
    An attempt begins.
    """

    pipeline: str
    batch: str
    files: int
    bytes: int
    attempt: int


@event(Level.WARNING, Stage.RUN)
class BatchFailed(Event):
    """
    An attempt failed and another follows; *counted* is false when a component was away.
    """

    pipeline: str
    batch: str
    attempt: int
    error: str
    retry_in: float
    counted: bool
    hint: str = ""


@event(Level.INFO, Stage.RUN)
class BatchGivenBack(Event):
    """
    A batch in flight was put back at shutdown; no attempt is counted.
    """

    pipeline: str
    batch: str
    attempt: int = 1


@event(Level.WARNING, Stage.RUN)
class BatchIsolating(Event):
    """
    The usual attempts are spent: the next one looks for the file at fault.
    """

    pipeline: str
    batch: str
    files: int
    error: str


@event(Level.ERROR, Stage.RUN)
class BatchAbandoned(Event):
    """
    Every attempt failed and no single file is at fault: all members are quarantined.
    """

    pipeline: str
    batch: str
    files: int
    attempt: int
    error: str
    hint: str = "see 'ingestd batches --state failed'; 'ingestd retry' tries again"


@event(Level.WARNING, Stage.RUN)
class BatchBypassed(Event):
    """
    A batch runs on Dask without Prefect's record.
    """

    pipeline: str
    batch: str
    reason: str


@event(Level.WARNING, Stage.RUN)
class UnitHalved(Event):
    """
    The GPU's memory did not suffice for a unit: what it took at once was halved,
    *times* times over.

    Where that did not help either, files are handed over with the reason memory.
    """

    pipeline: str
    batch: str
    unit: int
    times: int
    hint: str = "results are the same; nvidia-smi tells what else uses its memory"


@event(Level.WARNING, Stage.RUN)
class UnitLeftToCpu(Event):
    """
    The GPU did not compute, or its worker died, while it read a unit: the CPU engine
    reads it, and the worker's process is replaced.

    If that fails too, the file at fault is looked for and quarantined.
    """

    pipeline: str
    batch: str
    unit: int
    files: int
    error: str
    hint: str = "if it comes again, look at nvidia-smi and at the kernel's log"


@event(Level.INFO, Stage.RUN)
class FilesHandedOver(Event):
    """
    The GPU was not sure of some files, and the CPU engine read them; results are the
    same.

    *reason* is rows, dialect, type, drift, transform, function, text, value, count,
    source, memory or library. A file that was tried again in a smaller group counts
    again.
    """

    pipeline: str
    batch: str
    reason: str
    files: int


@event(Level.WARNING, Stage.RUN)
class FileQuarantined(Event):
    """
    A file is set aside whole; its source stays where it is.

    *reason* is a code of the closed list, *detail* one sentence.
    """

    pipeline: str
    path: bytes
    batch: str
    reason: str
    detail: str


@event(Level.WARNING, Stage.RUN)
class RowsRejected(Event):
    """
    Rows of a file are set aside, beside those that are in the output.

    *reasons* counts them by codes of the closed list; *detail* is about the first.
    """

    pipeline: str
    path: bytes
    batch: str
    rows: int
    reasons: Mapping[str, int]
    detail: str
    hint: str = "see 'ingestd rejects'; with --csv they can be repaired and fed back"


@event(Level.ERROR, Stage.RUN)
class CountMismatched(Event):
    """
    Records in are not rows out and rejected: rows would have been lost or made up.

    Nothing of it is committed: the file of *path*, or the whole batch, is quarantined;
    or, where neither is told, *files* files that were read at once are read again, a
    few at a time.
    """

    pipeline: str
    batch: str
    detail: str
    path: bytes = b""
    files: int = 1
    hint: str = "a defect of ingestd or of the machine's memory, please report it"


@event(Level.WARNING, Stage.RUN)
class FileVanished(Event):
    """
    A file was gone before it was read.
    """

    pipeline: str
    path: bytes
    batch: str = ""


@event(Level.WARNING, Stage.RUN)
class FileChanged(Event):
    """
    A file was rewritten before or while it was read; its new version comes later.
    """

    pipeline: str
    path: bytes
    batch: str = ""


@event(Level.INFO, Stage.RUN)
class SchemaPinned(Event):
    """
    The columns of a pipeline are fixed, inferred or declared, under a version.
    """

    pipeline: str
    version: int
    columns: tuple[str, ...]


@event(Level.INFO, Stage.RUN)
class SchemaChanged(Event):
    """
    A pipeline's columns have a new version; *source* is declared, added (a batch
    brought columns) or typed (a column that held only nulls has values).

    *added* and *removed* are columns, *retyped* those with another type, *renamed*
    those whose name is spelled otherwise.
    """

    pipeline: str
    from_version: int
    to_version: int
    source: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


@event(Level.INFO, Stage.COMMIT)
class BatchCommitted(Event):
    """
    The canonical line: a batch is durable in the output, and all one asks about it.

    *seconds* has one entry for each stage: wait, plan, flow, read, combine, publish,
    commit, and total. *outcome* is committed, partial (something was quarantined,
    vanished or changed) or empty (no file was left to read). *files* counts the
    members, *quarantined* and *skipped* (vanished or changed) those not read.
    """

    pipeline: str
    batch: str
    outcome: str
    files: int
    bytes: int
    rows_in: int
    rows_out: int
    rows_rejected: int
    rows_filtered: int
    quarantined: int
    parts: int
    attempt: int
    bypassed: bool
    schema_version: int
    seconds: Mapping[str, float]
    skipped: int = 0


@event(Level.INFO, Stage.COMMIT)
class RecoveryFinished(Event):
    """
    What the last run left behind is put right; every start does this.
    """

    republished: int
    discarded: int
    given_back: int
    seconds: float


@event(Level.DEBUG, Stage.COMMIT)
class FileDisposed(Event):
    """
    A committed source file was moved or deleted, as after_commit says.
    """

    pipeline: str
    path: bytes
    state: str


@event(Level.WARNING, Stage.COMMIT)
class FileKept(Event):
    """
    A committed source file could not be moved or deleted, so it stays.
    """

    pipeline: str
    path: bytes
    error: str
