"""
The one writer of a ledger file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Self

from ingestd.errors import LedgerError
from ingestd.growing import Growing, Grown
from ingestd.ledger import rules
from ingestd.ledger.ledger import Admission, Entry
from ingestd.ledger.lock import StateLock
from ingestd.ledger.sqlite import (
    admission,
    growth,
    listing,
    migrate,
    outcome,
    rows,
    sealing,
)
from ingestd.ledger.sqlite.connection import FILE_NAME, connect, translated
from ingestd.ledger.sqlite.reader import SqliteReader
from ingestd.ledger.sqlite.transaction import Transaction, transaction
from ingestd.model import (
    Batch,
    BatchState,
    Committable,
    FileRef,
    FileState,
    Schema,
)


class SqliteLedger(SqliteReader):
    """
    A Ledger in ``<state_dir>/ledger.sqlite``, and the lock on the folder.

    The questions of a Reader, and ``unknown``, may come from any thread; everything
    that writes is called by the owner's thread.
    """

    def __init__(
        self, path: Path, lock: StateLock, connection: sqlite3.Connection, epoch: int
    ) -> None:
        super().__init__(path)
        self._lock = lock
        self._connection = connection
        self._epoch = epoch

    @classmethod
    def open(cls, state_dir: Path, *, now: float) -> Self:  # type: ignore[override]
        """
        Take the lock, open or make the ledger, bring it to this program's schema.

        Raises StateLocked when another daemon holds the folder; LedgerError when the
        file is damaged or newer than this program.
        """
        lock = StateLock(state_dir)
        lock.acquire()
        path = state_dir / FILE_NAME
        try:
            connection, epoch = _prepare(path, now)
        except BaseException:
            lock.release()
            raise
        lock.note(epoch)
        return cls(path, lock, connection, epoch)

    @property
    def epoch(self) -> int:
        """
        The number of this opening.
        """
        return self._epoch

    def close(self) -> None:
        """
        Close, and let go of the folder; harmless twice.
        """
        super().close()
        # Folds the write-ahead log in and removes it, being the last connection here.
        self._connection.close()
        self._lock.release()

    def unknown(self, pipeline: str, entries: Iterable[Entry]) -> Iterator[Entry]:
        """
        Yield the entries whose path or stat the ledger does not have, in order.
        """
        for chunk in listing.chunks(entries):
            with self._borrowed() as connection:
                found = listing.unknown(connection, pipeline, chunk)
            yield from found

    def admit(
        self, pipeline: str, entries: Sequence[Entry], on_change: str, now: float
    ) -> list[Admission]:
        """
        Record settled file versions with digests, in order.
        """
        if not entries:
            return []
        with self._write("admit files") as tx:
            return [
                admission.admit(tx, pipeline, entry, on_change, now)
                for entry in entries
            ]

    def latest(self, pipeline: str, path: bytes) -> FileRef | None:
        """
        Return the version that brought *path* the content it has now.
        """
        with self._borrowed() as connection:
            owner = admission.known(Transaction(connection), pipeline, path).owner
        if owner is None:
            return None
        return FileRef(owner.id, pipeline, path, owner.fingerprint)

    def grown(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record that a committed file only grew.
        """
        with self._write("record a grown file") as tx:
            found = admission.known(tx, pipeline, entry.path)
            verdict = rules.growth(found.newest, found.owner)
            return admission.record(tx, pipeline, entry, found.newest, verdict, now)

    def renamed_from(
        self, pipeline: str, entry: Entry
    ) -> tuple[bytes, FileState] | None:
        """
        Return another path that *entry*'s content had, and the state it has there.
        """
        mark = entry.fingerprint
        values = rows.fingerprint_columns(mark)
        values |= {"pipeline": pipeline, "path": entry.path}
        for path, head, tail, state in self._all("same_content", values):
            if (head, tail) == (mark.head, mark.tail):
                return bytes(path), FileState(state)
        return None

    def renamed(self, pipeline: str, entry: Entry, now: float) -> Admission:
        """
        Record *entry* as UNCHANGED: its content was committed under its old path.
        """
        with self._write("record a renamed file") as tx:
            found = admission.known(tx, pipeline, entry.path)
            verdict = rules.rename(found.newest, found.owner)
            return admission.record(tx, pipeline, entry, found.newest, verdict, now)

    def seal(
        self, pipeline: str, *, max_files: int, max_bytes: int, now: float
    ) -> Batch | None:
        """
        Make a batch of the oldest READY files.
        """
        with self._write("seal a batch") as tx:
            return sealing.seal(tx, pipeline, max_files, max_bytes, now)

    def claim(self, batch_id: str, now: float) -> Batch:
        """
        Begin an attempt: SEALED or WAITING to CLAIMED.
        """
        with self._write("claim a batch") as tx:
            return sealing.claim(tx, batch_id, now)

    def wait(
        self, batch_id: str, error: str, now: float, *, isolate: bool, counted: bool
    ) -> None:
        """
        End a failed attempt: CLAIMED to WAITING, with its *error*.
        """
        with self._write("put a batch aside") as tx:
            sealing.wait(tx, batch_id, error, now, isolate=isolate, counted=counted)

    def release(self, batch_id: str, now: float) -> None:
        """
        Give back at shutdown: CLAIMED to SEALED.
        """
        with self._write("give a batch back") as tx:
            sealing.release(tx, batch_id, now)

    def stage(self, committable: Committable, now: float) -> None:
        """
        Fix the outcome: CLAIMED to STAGED.
        """
        with self._write("stage a batch") as tx:
            outcome.stage(tx, committable, now)

    def commit(self, batch_id: str, now: float) -> None:
        """
        STAGED to COMMITTED; each member's file gets the state of its outcome.
        """
        with self._write("commit a batch") as tx:
            outcome.commit(tx, batch_id, now)

    def fail(self, batch_id: str, reason: str, detail: str, now: float) -> None:
        """
        CLAIMED to FAILED; every member QUARANTINED.
        """
        with self._write("fail a batch") as tx:
            outcome.fail(tx, batch_id, reason, detail, now)

    def disposed(self, file_id: int, state: FileState, now: float) -> None:
        """
        Record after_commit: COMMITTED to MOVED or DELETED.
        """
        with self._write("record a moved file") as tx:
            admission.dispose(tx, file_id, state, now)

    def retry(self, pipeline: str, path: bytes, now: float) -> bool:
        """
        Make the newest version of *path* READY again, for a new batch.
        """
        with self._write("retry a file") as tx:
            return admission.retry(tx, pipeline, path, now)

    def pin(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record *schema* as the pipeline's next version, where its columns are others.
        """
        with self._write("pin a schema") as tx:
            return outcome.pin(tx, pipeline, schema, now)

    def widen(self, pipeline: str, schema: Schema, now: float) -> Schema:
        """
        Record the newest version with what *schema* has more.
        """
        with self._write("widen a schema") as tx:
            return outcome.widen(tx, pipeline, schema, now)

    def unfinished(self) -> list[tuple[Batch, BatchState]]:
        """
        Return the batches that are not at their end, in order of sealing.
        """
        with self._borrowed() as connection:
            return list(sealing.unfinished(Transaction(connection)))

    def staged(self, batch_id: str) -> Committable:
        """
        Return what ``stage`` recorded, results in the members' order.
        """
        with self._borrowed() as connection:
            return outcome.staged(Transaction(connection), batch_id)

    def grow(
        self, grown: Sequence[Grown], now: float
    ) -> list[tuple[Growing, list[FileRef]]]:
        """
        Record how far growing files were taken, and their pieces.
        """
        with self._write("take of growing files") as tx:
            return [growth.grow(tx, one, now) for one in grown]

    def undisposed(self, pipeline: str) -> Iterator[FileRef]:
        """
        Yield COMMITTED files in order of id.
        """
        listed = self._chunks("undisposed", {"pipeline": pipeline}, 0)
        return map(rows.file_ref, listed)

    def _write(self, what: str) -> AbstractContextManager[Transaction]:
        if self._closed:
            raise LedgerError("the ledger is closed")
        return transaction(self._connection, self._epoch, what)


def _prepare(path: Path, now: float) -> tuple[sqlite3.Connection, int]:
    with translated("be opened"):
        connection = connect(path, read_only=False)
        try:
            return connection, _bring_up(connection, path, now)
        except BaseException:
            with suppress(sqlite3.Error):
                connection.close()
            raise


def _bring_up(connection: sqlite3.Connection, path: Path, now: float) -> int:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LedgerError(
            f"{path} cannot have a write-ahead log here",
            hint="Put state_dir on a local disk, not on a network mount",
        )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("PRAGMA cache_size = -16384")
    # Before anything is written: a damaged file is not made worse.
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise LedgerError(
            f"{path} is damaged: {verdict.splitlines()[-1]}",
            hint="Restore it with ingestd ledger restore",
        )
    migrate.migrate(connection, path, migrate.migrations())
    with transaction(connection, None, "begin an epoch") as tx:
        tx.run("bump_epoch", now=now)
        return int(tx.one("epoch", {})[0])
