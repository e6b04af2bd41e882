"""
Who has a file open for writing: asked of the kernel with a read lease.

The kernel grants a read lease only while nobody has the file open for writing. It is
given to the file's owner, or to a process with CAP_LEASE, and only on file systems
that see every opening: see ``mounts``.
"""

from __future__ import annotations

import errno
import fcntl
import signal
from enum import StrEnum


class Writers(StrEnum):
    """
    What is known of a file's writers at one moment.
    """

    NONE = "none"
    SOME = "some"
    UNKNOWN = "unknown"


def ignore_sigio() -> None:
    """
    Ignore SIGIO, whose default action would end the process. Main thread only.

    The kernel sends it when somebody opens a file for writing while we hold the lease.
    """
    signal.signal(signal.SIGIO, signal.SIG_IGN)


def writer_state(fd: int) -> Writers:
    """
    Return what a lease on *fd*, opened for reading, tells; the lease is dropped.

    UNKNOWN as long as SIGIO has its default action: no lease is worth the process.
    """
    state = take_lease(fd)
    if state is Writers.NONE:
        drop_lease(fd)
    return state


def take_lease(fd: int) -> Writers:
    """
    Try to lease *fd*; NONE means that the lease is held, until ``drop_lease``.
    """
    if signal.getsignal(signal.SIGIO) is signal.SIG_DFL:
        return Writers.UNKNOWN
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        # Every other refusal (not the owner, no leases on this file system) says
        # nothing about writers.
        return Writers.SOME if error.errno == errno.EAGAIN else Writers.UNKNOWN
    return Writers.NONE


def drop_lease(fd: int) -> None:
    """
    Give the lease on *fd* back.
    """
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
