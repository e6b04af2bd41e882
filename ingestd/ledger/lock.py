"""
The lock on the state folder: one daemon at a time, and a sentence for the second.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ingestd.errors import LedgerError, StateLocked

FILE_NAME = "lock"


class StateLock:
    """
    An exclusive ``flock`` on ``<state_dir>/lock``; held until ``release`` or the end of
    the process, however it ends.

    Not inherited by programs that the daemon starts. The file stays behind: removing it
    would let two daemons lock two files of the same name.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE_NAME
        self._descriptor = -1

    def acquire(self) -> None:
        """
        Take the lock or raise StateLocked at once, with the holder's process id.
        """
        if self._descriptor >= 0:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError as err:
            raise LedgerError(
                f"cannot open {self._path}: {err.strerror}",
                hint="Give the daemon's user the state folder, or set state_dir",
            ) from err
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise StateLocked(
                f"another daemon ({holder}) holds {self._path.parent}",
                hint="Stop it first, or give this one a state_dir of its own",
            ) from err
        self._descriptor = descriptor
        self.note(0)

    def note(self, epoch: int) -> None:
        """
        Write this process's id and *epoch* into the file, for people.
        """
        text = f"pid {os.getpid()} epoch {epoch}\n".encode()
        # Written before it is cut, so that a reader never finds the file empty.
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """
        Let go; harmless when not held.
        """
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _holder(descriptor: int) -> str:
    words = os.pread(descriptor, 100, 0).decode(errors="replace").split()
    return " ".join(words[:2]) if words[:1] == ["pid"] else "pid unknown"
