"""
What a mount can prove: whether its events come, and whether a lease means anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")

_LAYERED = frozenset({"overlay", "overlayfs", "aufs", "unionfs", "ecryptfs"})
_REMOTE = (
    *("nfs", "nfs4", "cifs", "smb", "smb3", "smbfs", "9p", "afs", "ceph", "lustre"),
    *("gfs", "gfs2", "ocfs2", "gpfs", "beegfs", "pvfs2", "orangefs", "glusterfs"),
    *("virtiofs", "vboxsf", "prl_fs", "vmhgfs", "coda", "ncpfs", "panfs", "davfs"),
)


@dataclass(frozen=True, slots=True)
class Mount:
    """
    A mounted file system, by what can be known of its writers.

    *events*: the kernel tells of every change. *leases*: a read lease proves that
    nobody writes. An overlay tells of what passes through it, and of nothing else.
    """

    kind: str
    events: bool = True
    leases: bool = True

    @classmethod
    def of_kind(cls, kind: str) -> Mount:
        """
        Return the mount of file system type *kind*, for example ``ext4``.
        """
        if kind in _REMOTE or kind.startswith("fuse"):
            return cls(kind, events=False, leases=False)
        return cls(kind, leases=kind not in _LAYERED)


def mount_of(path: str, table: Path = MOUNTS) -> Mount:
    """
    Return the mount that holds *path*; an unknown one proves nothing but has events.
    """
    try:
        lines = table.read_bytes().splitlines()
    except OSError:
        return Mount("unknown", leases=False)
    real = os.fsencode(os.path.realpath(path))
    best, kind = -1, "unknown"
    for line in lines:
        point, found = _parsed(line)
        # Of two mounts on one point the later hides the earlier.
        if _holds(point, real) and len(point) >= best:
            best, kind = len(point), found
    return Mount.of_kind(kind) if best >= 0 else Mount("unknown", leases=False)


def _parsed(line: bytes) -> tuple[bytes, str]:
    before, _, after = line.partition(b" - ")
    point = before.split(b" ")[4]
    for code in (b"040", b"011", b"012", b"134"):
        point = point.replace(b"\\" + code, bytes([int(code, 8)]))
    return point, after.split(b" ")[0].decode("ascii", "replace")


def _holds(point: bytes, path: bytes) -> bool:
    return path == point or path.startswith(point.rstrip(b"/") + b"/")
