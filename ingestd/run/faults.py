"""
What can be wrong with one member: how it ends, its reason, and a sentence.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ingestd.errors import ComponentAway, IngestdError, Reason, Retryable
from ingestd.model import Member, MemberResult, Outcome

_GONE = (errno.ENOENT, errno.ENOTDIR)
_REPLACED = (errno.ELOOP, errno.ENXIO, errno.EISDIR)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Fault(Exception):
    """
    One member is at fault. Stays inside ``run``: it becomes a MemberResult.
    """

    def __init__(
        self, reason: Reason | None, detail: str, outcome: Outcome = Outcome.QUARANTINED
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.outcome = outcome

    def result(self, member: Member) -> MemberResult:
        """
        Return what became of *member*.
        """
        return MemberResult(
            member.file.id,
            self.outcome,
            reason=self.reason or "",
            detail=self.detail,
        )


class Outgrown(Exception):
    """
    Files have more than the schema: *values* of columns that it lacks or that have no
    type. Stays inside ``run``: it is answered by a look at all files of the batch.
    """

    def __init__(self, values: dict[str, tuple[str, ...]]) -> None:
        super().__init__(", ".join(values))
        self.values = values


def changed(detail: str) -> Fault:
    """
    Return the fault of a file that is another version now.
    """
    return Fault(None, detail, Outcome.CHANGED)


def ours(code: int, said: str) -> IngestdError:
    """
    Return the error for system error *code* outside the source: a disk that is full or
    read-only is waited for, anything else is tried again.
    """
    if code in _FULL:
        return ComponentAway("disk", f"write to staging: {said}")
    return Retryable(f"the system refuses: {said}")


def no_file_is_at_fault(error: OSError) -> bool:
    """
    Tell whether *error* is the system's, and would be there for any input.
    """
    return error.errno in (*_FULL, *_SCARCE)


@contextmanager
def system_errors() -> Iterator[None]:
    """
    Turn what the system says about a file into a Fault, or Retryable where it is ours.
    """
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else str(error)
        if error.errno in _FULL:  # reading gives none of these: it is our own copy
            raise ours(error.errno, str(error)) from error
        if error.errno in _GONE:
            raise Fault(None, "gone before it was read", Outcome.VANISHED) from error
        if error.errno in _REPLACED:
            raise changed("not a regular file any more") from error
        if error.errno in _FORBIDDEN:
            raise Fault(
                Reason.PERMISSION, f"{said}: the worker may not read it"
            ) from error
        if error.errno in _SCARCE:
            raise Retryable(f"open a source file: {said}") from error
        raise Fault(Reason.UNREADABLE, f"reading it gave: {said}") from error
