"""
Whether a daemon holds a state folder, and talking to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestd.daemon.control import ask
from ingestd.errors import IngestdError
from ingestd.ledger.lock import FILE_NAME

_LOCKS = Path("/proc/locks")


@dataclass(frozen=True, slots=True)
class Daemon:
    """
    The daemon of a state folder: its process id where it can be told, and what it is
    waiting for; *notes* tell what it goes on without; *answers* is False while it
    starts, recovers, or hangs.
    """

    pid: int | None = None
    answers: bool = True
    away: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def daemon_of(state_dir: Path) -> Daemon | None:
    """
    Return the daemon that holds *state_dir*, or None; takes no lock to find out.
    """
    pid, held = _holder(state_dir)
    try:
        reply = request(state_dir, {"command": "status"})
    except IngestdError:
        return Daemon(pid, answers=False)
    if reply is None:
        return Daemon(pid, answers=False) if held else None
    # A daemon that was started before an upgrade has no notes.
    notes = tuple(reply.get("notes", ()))
    return Daemon(pid, away=tuple(reply["away"]), notes=notes)


def request(state_dir: Path, document: dict[str, Any]) -> dict[str, Any] | None:
    """
    Return the daemon's reply, None when none runs; IngestdError when it gives none.
    """
    try:
        reply = ask(str(state_dir), document)
    except (OSError, ValueError) as err:
        hint = "It starts, is busy, or belongs to another user: look at its log"
        raise IngestdError("the daemon does not answer", hint=hint) from err
    if reply is not None and ("error" in reply or not reply):
        said = reply.get("error", "nothing in time")
        hint = "Was its configuration changed since it started? Then restart it"
        raise IngestdError(f"the daemon answered: {said}", hint=hint)
    return reply


def _holder(state_dir: Path) -> tuple[int | None, bool]:
    lock = state_dir / FILE_NAME
    try:
        words = lock.read_text("ascii").split()
        inode, locks = lock.stat().st_ino, _LOCKS.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None, False
    pid = int(words[1]) if words[1:] and words[1].isdigit() else None
    held = any(
        " FLOCK " in line and line.split()[5].endswith(f":{inode}") for line in locks
    )
    return pid, held
