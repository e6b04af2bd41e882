"""
Tie a child process to the daemon's life, then become the command.

``python -m ingestd.run.tether PARENT_PID COMMAND …`` asks the kernel to kill this
process when its parent dies (prctl(2), PR_SET_PDEATHSIG), then executes COMMAND in its
place; the request survives execve(2). SIGKILL of the daemon so ends its children too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tether(parent: int) -> None:
    """
    Die with *parent*; raises OSError where the kernel refuses, exits if it is gone.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The parent may have died before the request: then nobody would send the signal.
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    tether(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - our own command line
