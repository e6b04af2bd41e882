"""
What becomes of a source file after its commit: kept, moved or deleted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from ingestd.commit.durable import make_folder, sync_folder, sync_up
from ingestd.config import Source
from ingestd.ledger.ledger import Ledger
from ingestd.model import FileRef, FileState, Fingerprint
from ingestd.observe.events import FileDisposed, FileKept, emit


class Disposal(Protocol):
    """
    Applies ``after_commit`` to one pipeline's files; only to the version that was read.

    Runs after the commit, and again at recovery for what a crash left over. A file
    that cannot be moved or deleted stays COMMITTED and is reported: its rows are in
    the output, so it is never read again. Owned by the daemon's loop.
    """

    @property
    def busy(self) -> bool:
        """
        Whether something is being done that has not failed yet.
        """
        ...

    def dispose(self, ref: FileRef, wall: float) -> None:
        """
        Move or delete *ref*'s file, or leave it, now or soon; idempotent.
        """
        ...

    def recover(self, wall: float) -> None:
        """
        Dispose of every committed file that is still in its place.
        """
        ...

    def tick(self, now: float, wall: float) -> None:
        """
        Record what was done beside the loop, and begin what is next.
        """
        ...

    def next_due(self) -> float | None:
        """
        Return when ``tick`` has something to try again.
        """
        ...


class FolderDisposal:
    """
    See ``Disposal``: of files in folders, at once.
    """

    busy = False

    def __init__(self, pipeline: str, source: Source, ledger: Ledger) -> None:
        """
        Dispose of files of *source*, and record it in *ledger*.
        """
        self._pipeline = pipeline
        self._source = source
        self._ledger = ledger

    def dispose(self, ref: FileRef, wall: float) -> None:
        """
        Move or delete *ref*'s file, or leave it; idempotent.
        """
        if self._source.after_commit == "keep":
            return
        path = _below(Path(self._source.url), ref.path)
        moves = self._source.after_commit == "move"
        state = FileState.MOVED if moves else FileState.DELETED
        try:
            there = os.lstat(path)
            if not _same(Fingerprint.of(there), ref.fingerprint):
                return
            self._remove(path, ref, moves)
        except FileNotFoundError:
            # A crash between the move and its record: the move was done, and perhaps
            # not synced.
            self._sync(path, ref, moves)
        except OSError as err:
            error = err.strerror or str(err)
            emit(FileKept(pipeline=self._pipeline, path=ref.path, error=error))
            return
        self._ledger.disposed(ref.id, state, wall)
        emit(FileDisposed(self._pipeline, ref.path, state.value))

    def recover(self, wall: float) -> None:
        """
        Dispose of every committed file that is still in its place.
        """
        if self._source.after_commit != "keep":
            for ref in self._ledger.undisposed(self._pipeline):
                self.dispose(ref, wall)

    def tick(self, now: float, wall: float) -> None:
        """
        Do nothing: all was done at once.
        """

    def next_due(self) -> float | None:
        """
        Return None.
        """
        return None

    def _remove(self, path: Path, ref: FileRef, moves: bool) -> None:
        if moves:
            target = _free_name(Path(str(self._source.move_to)), ref.path)
            make_folder(target.parent)
            path.rename(target)
        else:
            path.unlink()
        self._sync(path, ref, moves)

    def _sync(self, path: Path, ref: FileRef, moves: bool) -> None:
        """
        Make durable that *path* is gone, and first that it is where it was moved to.
        """
        if moves:
            top = Path(str(self._source.move_to))
            folder = _below(top, ref.path).parent
            if folder.is_dir():
                sync_up(folder, top)
        if path.parent.is_dir():
            sync_folder(path.parent)


def _same(found: Fingerprint, read: Fingerprint) -> bool:
    """
    Tell whether *found* is the file that was read; its mode or owner may be another.
    """
    return (found.size, found.mtime_ns, found.inode) == (
        read.size,
        read.mtime_ns,
        read.inode,
    )


def _below(folder: Path, relative: bytes) -> Path:
    return Path(os.fsdecode(os.fsencode(folder) + b"/" + relative))


def _free_name(folder: Path, relative: bytes) -> Path:
    """
    Return a name below *folder* that does not exist: nothing is ever overwritten.
    """
    wanted = _below(folder, relative)
    candidate, number = wanted, 1
    while candidate.exists():
        candidate = wanted.with_name(f"{wanted.stem}.{number}{wanted.suffix}")
        number += 1
    return candidate
