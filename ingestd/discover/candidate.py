"""
What a Settle knows of one path, and the words in which it is told of paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from ingestd.model import Fingerprint

FIRST_LOOK_AGAIN = 0.1
LAST_LOOK_AGAIN = 5.0
NEVER = float("inf")
REMEMBERED = 1_000
_T = TypeVar("_T")


class Hint(StrEnum):
    """
    What a notice says happened to a path.
    """

    CLOSED = "closed"  # by somebody who had it open for writing
    MOVED = "moved"  # here, under its name
    CREATED = "created"  # opened anew, or linked in
    CHANGED = "changed"  # our own: it was not what we expected


@dataclass(frozen=True, slots=True)
class Quiet:
    """
    How long a file without a lease must be unchanged: after a close event, and without.
    """

    closed_seconds: float = 0.25
    unseen_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Dropped:
    """
    A path that is given up until the next hint or scan, and why.

    *irregular* tells a FIFO from a file that cannot be opened.
    """

    path: bytes
    reason: str
    irregular: bool


@dataclass(slots=True)
class Candidate:
    """
    A path that has not settled: what was heard and seen of it, and its next look.
    """

    hinted: bool = False
    closed: bool = False
    repeat: bool = False  # is due even if this very stat was due a moment ago
    fresh: bool = False  # a close was told of since the last look
    stat: Fingerprint | None = None
    since: float = 0.0  # when we first saw this stat
    again: float = FIRST_LOOK_AGAIN
    look_at: float = NEVER
    held: bool = False  # a writer has it open: the scan or its close brings it back
    reason: str = "waits for its first look"


def remember(memory: dict[bytes, _T], path: bytes, value: _T) -> None:
    """
    Keep *value*, and forget the oldest where there are too many.
    """
    memory.pop(path, None)
    while len(memory) >= REMEMBERED:
        del memory[next(iter(memory))]
    memory[path] = value


def differs(old: Fingerprint | None, new: Fingerprint) -> bool:
    """
    Return whether *new* is another version than *old*.
    """
    return old is None or old.stat != new.stat


def written(old: Fingerprint | None, new: Fingerprint) -> bool:
    """
    Return whether more than the ctime changed: content, not the mode or the owner.
    """
    return old is not None and (old.size, old.mtime_ns) != (new.size, new.mtime_ns)
