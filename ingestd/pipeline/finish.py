"""
From an attempt's end to the next state: staged, put aside, given back, or failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ingestd.commit.committer import Committer
from ingestd.commit.sink import Sink
from ingestd.errors import ComponentAway, ConfigError, Quarantine, Reason, Stopped
from ingestd.ledger.ledger import Ledger
from ingestd.model import Batch, Committable, FileRef, MemberResult, Outcome, PartKind
from ingestd.observe.events import (
    BatchAbandoned,
    BatchCommitted,
    BatchFailed,
    BatchGivenBack,
    BatchIsolating,
    CountMismatched,
    FileChanged,
    FileQuarantined,
    FileVanished,
    RowsRejected,
    TailGivenUp,
    emit,
)
from ingestd.pipeline.dispatch import Dispatch
from ingestd.pipeline.gate import Gate
from ingestd.pipeline.schemas import pin
from ingestd.retry import Backoff
from ingestd.run.runner import Finished, Work

MAX_ATTEMPTS = 3
"""Counted attempts before the file at fault is looked for, one unit at a time."""
MAX_ISOLATIONS = 3

_NOWHERE = (
    "they were taken, and no file has them any more; where one comes back, "
    "'ingestd retry' reads them"
)

Recheck = Callable[[bytes], None]


@dataclass(slots=True)
class Finish:
    """
    Decides by the class of the error what to do next. Owned by the pipeline's loop.

    *recheck* has the source look again at a path that changed or vanished.
    """

    ledger: Ledger
    sink: Sink
    committer: Committer
    dispatch: Dispatch
    gate: Gate
    recheck: Recheck
    stopping: bool = False
    _backoff: Backoff = field(default_factory=Backoff)

    def take(self, finished: Finished, now: float, wall: float) -> None:
        """
        Take over the end of an attempt; on ComponentAway nothing has changed.
        """
        batch = finished.work.batch
        if batch.id not in self.dispatch.flying:
            # Given back at the end of a drain; its late end changes nothing.
            return
        if finished.schema is not None:
            schema = pin(self.ledger, batch.pipeline, finished.schema, wall)
            self.dispatch.go_on(finished.work, schema)
            return
        if finished.committable is not None:
            self.committer.stage(finished.committable, wall)
            self.gate.succeeded()
            self.dispatch.pause.succeeded()
            self.dispatch.away = ""
        else:
            self.sink.discard(finished.work.staging)
            error = finished.error or AssertionError("no result")
            self._failed(batch, error, now, wall)
        # Last: if the ledger's disk is full, the same end is taken over again.
        self.dispatch.landed(batch.id)

    def give_back(self, work: Work, wall: float) -> None:
        """
        Give a batch back whose attempt did not end in time.
        """
        batch = work.batch
        self.dispatch.landed(batch.id)
        self.ledger.release(batch.id, wall)
        self.sink.discard(work.staging)
        emit(BatchGivenBack(batch.pipeline, batch.id, batch.attempt))

    def committed(self, committable: Committable, wall: float) -> None:
        """
        Write the canonical line of a batch that is committed, and its files' ends.
        """
        batch = committable.batch
        ends = [m.outcome for m in committable.members]
        quarantined = ends.count(Outcome.QUARANTINED)
        skipped = len(ends) - ends.count(Outcome.READ) - quarantined
        outcome = "partial" if quarantined or skipped else "committed"
        seconds = {**committable.seconds, "total": wall - batch.sealed_at}
        emit(
            BatchCommitted(
                pipeline=batch.pipeline,
                batch=batch.id,
                outcome=outcome if Outcome.READ in ends else "empty",
                files=len(batch.members),
                bytes=batch.size,
                rows_in=committable.rows_in,
                rows_out=committable.rows_out,
                rows_rejected=committable.rows_rejected,
                rows_filtered=committable.rows_filtered,
                quarantined=quarantined,
                parts=len(committable.parts_of(PartKind.DATA)),
                attempt=batch.attempt,
                bypassed=committable.bypassed,
                schema_version=committable.schema.version,
                seconds=seconds,
                skipped=skipped,
            )
        )
        files = {m.file.id: m.file for m in batch.members}
        for result in committable.members:
            self._tell(batch, files[result.file_id], result)

    def _tell(self, batch: Batch, file: FileRef, result: MemberResult) -> None:
        name, path = batch.pipeline, file.path
        if result.rows_rejected:
            rows, reasons = result.rows_rejected, dict(result.rejected)
            emit(RowsRejected(name, path, batch.id, rows, reasons, result.detail))
        if result.reason == Reason.ROW_COUNT:
            emit(CountMismatched(name, batch.id, result.detail, path))
        if result.outcome is Outcome.QUARANTINED:
            emit(FileQuarantined(name, path, batch.id, result.reason, result.detail))
        elif result.outcome is Outcome.VANISHED:
            emit(FileVanished(name, path, batch.id))
            if file.stretch is not None:
                emit(TailGivenUp(name, path, file.fingerprint.size, _NOWHERE))
            self.recheck(path)
        elif result.outcome is Outcome.CHANGED:
            emit(FileChanged(name, path, batch.id))
            self.recheck(path)

    def _failed(
        self, batch: Batch, error: BaseException, now: float, wall: float
    ) -> None:
        if self.stopping or isinstance(error, Stopped):
            self.ledger.release(batch.id, wall)
            emit(BatchGivenBack(batch.pipeline, batch.id, batch.attempt))
        elif isinstance(error, ComponentAway | ConfigError):
            # No file is at fault, and no attempt counts, where the configuration is.
            self.dispatch.put_aside(batch, error, now, wall)
        elif isinstance(error, Quarantine):
            self._abandon(batch, error.reason, str(error), wall)
        elif batch.isolate and batch.attempt >= MAX_ATTEMPTS + MAX_ISOLATIONS:
            self._abandon(batch, Reason.BATCH_FAILED, _said(error), wall)
        else:
            self._again(batch, error, now, wall)

    def _again(
        self, batch: Batch, error: BaseException, now: float, wall: float
    ) -> None:
        isolate = batch.isolate or batch.attempt >= MAX_ATTEMPTS
        delay = self._backoff.delay(batch.attempt)
        text = _said(error)
        self.ledger.wait(batch.id, text, wall, isolate=isolate, counted=True)
        self.dispatch.rest(replace(batch, isolate=isolate), now + delay)
        name = batch.pipeline
        emit(BatchFailed(name, batch.id, batch.attempt, text, delay, counted=True))
        if isolate and not batch.isolate:
            emit(BatchIsolating(name, batch.id, len(batch.members), text))

    def _abandon(self, batch: Batch, reason: str, detail: str, wall: float) -> None:
        self.ledger.fail(batch.id, reason, detail, wall)
        files = len(batch.members)
        if reason == Reason.ROW_COUNT:
            emit(CountMismatched(batch.pipeline, batch.id, detail, files=files))
        emit(BatchAbandoned(batch.pipeline, batch.id, files, batch.attempt, detail))


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
