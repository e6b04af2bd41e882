"""
Writing down file versions: admission, growth, renames, retry.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.errors import LedgerError
from ingestd.ledger import rules
from ingestd.ledger.ledger import Admission, Entry
from ingestd.ledger.sqlite import rows
from ingestd.ledger.sqlite.transaction import Transaction
from ingestd.model import FileRef, FileState, Fingerprint


@dataclass(frozen=True, slots=True)
class Known:
    """
    What the ledger has of a path: its newest version, and the one that brought the
    content it has now.
    """

    newest: rules.Version | None = None
    owner: rules.Version | None = None


def known(tx: Transaction, pipeline: str, path: bytes) -> Known:
    """
    Look *path* up.
    """
    row = tx.one("newest", {"pipeline": pipeline, "path": path})
    if row is None:
        return Known()
    newest = _version(row)
    return Known(newest, _owner(tx, newest))


def _owner(tx: Transaction, version: rules.Version) -> rules.Version:
    while version.state is FileState.UNCHANGED and version.previous is not None:
        before = _version(tx.one("version", {"id": version.previous}))
        if not rules.same_content(before.fingerprint, version.fingerprint):
            # A rename over the path: the content is not that of the version before.
            break
        version = before
    return version


def admit(
    tx: Transaction, pipeline: str, entry: Entry, on_change: str, now: float
) -> Admission:
    """
    Record one candidate.
    """
    found = known(tx, pipeline, entry.path)
    newest = found.newest
    if newest is not None and rules.is_known(newest, entry.fingerprint):
        ref = FileRef(newest.id, pipeline, entry.path, newest.fingerprint)
        return Admission(entry.path, newest.state, ref)
    verdict = rules.admission(newest, found.owner, entry.fingerprint, on_change)
    return record(tx, pipeline, entry, newest, verdict, now)


def record(
    tx: Transaction,
    pipeline: str,
    entry: Entry,
    newest: rules.Version | None,
    verdict: rules.Verdict,
    now: float,
) -> Admission:
    """
    Write what *verdict* says of *entry*.
    """
    if verdict.state is None:
        return Admission(entry.path, None, held=verdict.held)
    if verdict.replaced and newest is not None:
        step(tx, newest, FileState.CHANGED, now)
    if verdict.in_place and newest is not None:
        rules.step_file(newest.state, verdict.state, f"version {newest.id}")
        columns = rows.fingerprint_columns(entry.fingerprint)
        tx.run("refresh_file", id=newest.id, now=now, **columns)
        file_id = newest.id
    else:
        file_id = _insert(tx, pipeline, entry, newest, verdict, now)
    _point(tx, pipeline, entry.path, entry.fingerprint, file_id)
    ref = FileRef(file_id, pipeline, entry.path, entry.fingerprint)
    return Admission(entry.path, verdict.state, ref)


def step(tx: Transaction, version: rules.Version, state: FileState, now: float) -> None:
    """
    Give one version a state, if the table of legal steps has it.
    """
    rules.step_file(version.state, state, f"version {version.id}")
    tx.run("step_file", id=version.id, state=state, now=now)


def add(tx: Transaction, pipeline: str, entry: Entry, now: float) -> FileRef:
    """
    Record *entry* as READY, whatever its path had before.
    """
    newest = known(tx, pipeline, entry.path).newest
    ready = rules.Verdict(FileState.READY)
    ref = record(tx, pipeline, entry, newest, ready, now).ref
    assert ref is not None  # noqa: S101 - READY is always recorded
    return ref


def retry(tx: Transaction, pipeline: str, path: bytes, now: float) -> bool:
    """
    Make the newest version of *path* READY again where that loses and doubles nothing;
    of a growing file every stretch whose rows are not in the output.
    """
    names = {"pipeline": pipeline, "path": path}
    if tx.one("growing_seen", names) is not None:
        # Every row is fetched: a commit would find the statement unfinished else.
        return bool(list(tx.each("retry_stretches", now=now, **names)))
    newest = known(tx, pipeline, path).newest
    if newest is None or newest.state not in rules.RETRIABLE:
        return False
    rules.step_file(newest.state, FileState.READY, f"version {newest.id}")
    tx.run("retry_file", id=newest.id, now=now)
    _point(tx, pipeline, path, newest.fingerprint, newest.id)
    return True


def dispose(tx: Transaction, file_id: int, state: FileState, now: float) -> None:
    """
    Record that a committed file was moved or deleted.
    """
    row = tx.one("version", {"id": file_id})
    if row is None or state not in rules.DISPOSED:
        raise LedgerError(f"file version {file_id} cannot be disposed of as {state}")
    step(tx, _version(row), state, now)


def _insert(
    tx: Transaction,
    pipeline: str,
    entry: Entry,
    newest: rules.Version | None,
    verdict: rules.Verdict,
    now: float,
) -> int:
    return tx.run(
        "insert_file",
        pipeline=pipeline,
        path=entry.path,
        state=verdict.state,
        now=now,
        previous=None if newest is None else newest.id,
        reason=verdict.reason,
        detail=verdict.detail,
        **rows.fingerprint_columns(entry.fingerprint),
    )


def _point(
    tx: Transaction, pipeline: str, path: bytes, mark: Fingerprint, file_id: int
) -> None:
    columns = rows.fingerprint_columns(mark)
    del columns["head"], columns["tail"]
    tx.run("point_current", pipeline=pipeline, path=path, id=file_id, **columns)


def _version(row: rows.Row) -> rules.Version:
    mark = rows.file_ref(row).fingerprint
    return rules.Version(row[0], FileState(row[10]), mark, row[11])
