"""
The writer of the ledger in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from ingestd.errors import LedgerError, StateLocked
from ingestd.growing import Growing, Grown
from ingestd.ledger import rules
from ingestd.ledger.ledger import Admission, Entry
from ingestd.ledger.memory import growth, steps
from ingestd.ledger.memory.reader import MemoryReader
from ingestd.ledger.memory.tables import FileRecord, Tables
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Schema,
)

B = BatchState


class MemoryLedger(MemoryReader):
    """
    A Ledger over *tables*, which a later one may be opened on again.

    Opening fences off every ledger that was opened on the same tables before.
    """

    def __init__(self, tables: Tables | None = None) -> None:
        super().__init__(tables if tables is not None else Tables())
        with self._tables.lock:
            self._tables.epoch += 1
            self._epoch = self._tables.epoch

    @property
    def epoch(self) -> int:
        """
        The number of this opening.
        """
        return self._epoch

    def reopen(self) -> MemoryLedger:
        """
        Return a new ledger over the same tables, as after a restart.
        """
        return MemoryLedger(self._tables)

    def close(self) -> None:
        """
        Close; harmless twice.
        """
        self._closed = True

    def unknown(self, pipeline: str, entries: Iterable[Entry]) -> Iterator[Entry]:
        """
        Yield the entries whose path or stat the ledger does not have, in order.
        """
        for entry in entries:
            with self._reading() as tables:
                newest = tables.newest(pipeline, entry.path)
            known = newest and rules.is_known(newest.version, entry.fingerprint)
            if not known:
                yield entry

    def admit(
        self, pipeline: str, entries: Sequence[Entry], on_change: str, now: float
    ) -> list[Admission]:
        """
        Record settled file versions with digests, in order.
        """
        with self._writing() as tables:
            return [
                steps.admit(tables, pipeline, entry, on_change, now)
                for entry in entries
            ]

    def latest(self, pipeline: str, path: bytes) -> FileRef | None:
        """
        Return the version that brought *path* the content it has now.
        """
        with self._reading() as tables:
            owner = tables.owner(tables.newest(pipeline, path))
        return owner.ref if owner else None

    def grown(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record that a committed file only grew.
        """
        with self._writing() as tables:
            newest, owner = steps.known(tables, pipeline, entry.path)
            verdict = rules.growth(newest, owner)
            return steps.record(tables, pipeline, entry, verdict, now)

    def renamed_from(
        self, pipeline: str, entry: Entry
    ) -> tuple[bytes, FileState] | None:
        """
        Return another path that *entry*'s content had, and the state it has there.
        """
        mark = entry.fingerprint
        wanted = (mark.inode, mark.size, mark.mtime_ns, mark.head, mark.tail)
        with self._reading() as tables:
            for record in reversed(tables.files.values()):
                its = record.mark
                found = (its.inode, its.size, its.mtime_ns, its.head, its.tail)
                if (
                    found == wanted
                    and mark.inode
                    and _brought_rows(record)
                    and record.ref.pipeline == pipeline
                    and record.ref.path != entry.path
                ):
                    return record.ref.path, record.state
        return None

    def renamed(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record *entry* as UNCHANGED: its content was committed under its old path.
        """
        with self._writing() as tables:
            newest, owner = steps.known(tables, pipeline, entry.path)
            verdict = rules.rename(newest, owner)
            return steps.record(tables, pipeline, entry, verdict, now)

    def seal(
        self, pipeline: str, *, max_files: int, max_bytes: int, now: float
    ) -> Batch | None:
        """
        Make a batch of the oldest READY files.
        """
        with self._writing() as tables:
            return steps.seal(tables, pipeline, max_files, max_bytes, now)

    def claim(self, batch_id: str, now: float) -> Batch:
        """
        Begin an attempt: SEALED or WAITING to CLAIMED.
        """
        with self._writing() as tables:
            record = steps.step(tables, batch_id, B.CLAIMED)
            attempt = record.batch.attempt + record.counted
            batch = replace(record.batch, attempt=attempt)
            tables.batches[batch_id] = replace(record, batch=batch, counted=False)
            steps.begin_attempt(tables, batch, now)
            return batch

    def wait(
        self, batch_id: str, error: str, now: float, *, isolate: bool, counted: bool
    ) -> None:
        """
        End a failed attempt: CLAIMED to WAITING, with its *error*.
        """
        with self._writing() as tables:
            record = steps.step(tables, batch_id, B.WAITING)
            batch = replace(record.batch, isolate=record.batch.isolate or isolate)
            tables.batches[batch_id] = replace(
                record, batch=batch, error=error, counted=counted
            )
            steps.end_attempt(tables, batch_id, now, error=error, counted=counted)

    def release(self, batch_id: str, now: float) -> None:
        """
        Give back at shutdown: CLAIMED to SEALED.
        """
        with self._writing() as tables:
            steps.step(tables, batch_id, B.SEALED)
            steps.end_attempt(tables, batch_id, now)

    def stage(self, committable: Committable, now: float) -> None:
        """
        Fix the outcome: CLAIMED to STAGED.
        """
        with self._writing() as tables:
            steps.stage(tables, committable, now)

    def commit(self, batch_id: str, now: float) -> None:
        """
        STAGED to COMMITTED; each member's file gets the state of its outcome.
        """
        with self._writing() as tables:
            record = steps.step(tables, batch_id, B.COMMITTED)
            tables.batches[batch_id] = replace(record, ended_at=now)
            steps.settle(tables, record.results, batch_id)

    def fail(self, batch_id: str, reason: str, detail: str, now: float) -> None:
        """
        CLAIMED to FAILED; every member QUARANTINED.
        """
        with self._writing() as tables:
            steps.fail(tables, batch_id, reason, detail, now)

    def disposed(
        self,
        file_id: int,
        state: FileState,
        now: float,  # noqa: ARG002 - the seam's; no Reader answer shows it
    ) -> None:
        """
        Record after_commit: COMMITTED to MOVED or DELETED.
        """
        with self._writing() as tables:
            if file_id not in tables.files or state not in rules.DISPOSED:
                raise LedgerError(
                    f"file version {file_id} cannot be disposed of as {state}"
                )
            steps.step_file(tables, file_id, state)

    def retry(self, pipeline: str, path: bytes, now: float) -> bool:
        """
        Make the newest version of *path* READY again, for a new batch.
        """
        with self._writing() as tables:
            if any(
                (one.pipeline, one.path) == (pipeline, path)
                for one in tables.growing.values()
            ):
                return growth.retry(tables, pipeline, path, now)
            return steps.retry(tables, pipeline, path, now)

    def pin(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record *schema* as the pipeline's next version, where its columns are others.
        """
        with self._writing() as tables:
            return steps.pin(tables, pipeline, schema, now)

    def widen(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record the newest version with what *schema* has more.
        """
        with self._writing() as tables:
            return steps.widen(tables, pipeline, schema, now)

    def unfinished(self) -> list[tuple[Batch, BatchState]]:
        """
        Return the batches that are not at their end, in order of sealing.
        """
        with self._reading() as tables:
            return [
                (record.batch, record.state)
                for record in tables.batches.values()
                if record.state not in (B.COMMITTED, B.FAILED)
            ]

    def staged(self, batch_id: str) -> Committable:
        """
        Return what ``stage`` recorded, results in the members' order.
        """
        with self._reading() as tables:
            record = steps.look_up(tables, batch_id)
        if record.staged is None:
            raise LedgerError(f"batch {batch_id} is {record.state}, not staged")
        return record.staged

    def grow(
        self, grown: Sequence[Grown], now: float
    ) -> list[tuple[Growing, list[FileRef]]]:
        """
        Record how far growing files were taken, and their pieces.
        """
        with self._writing() as tables:
            return [growth.grow(tables, one, now) for one in grown]

    def undisposed(self, pipeline: str) -> Iterator[FileRef]:
        """
        Yield COMMITTED files in order of id.
        """
        with self._reading() as tables:
            records = list(tables.files.values())
        for record in records:
            if record.ref.pipeline == pipeline and record.state is FileState.COMMITTED:
                yield record.ref

    @contextmanager
    def _writing(self) -> Iterator[Tables]:
        with self._reading() as tables:
            if tables.epoch != self._epoch:
                raise StateLocked(
                    f"another ledger has taken over: epoch {tables.epoch}, "
                    f"this one has {self._epoch}"
                )
            before = tables.snapshot()
            try:
                yield tables
            except BaseException:
                tables.restore(before)
                raise


def _brought_rows(record: FileRecord) -> bool:
    """
    Tell whether the rows of a version are in the output, or may be soon.
    """
    if record.state is FileState.COMMITTED:
        return record.rows_in > 0
    return record.state is FileState.CLAIMED
