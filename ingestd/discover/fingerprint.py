"""
What we read of a file ourselves: its stat, its writers, the digests of its ends.

Everything is opened below the root by folder descriptors, and no link is followed on
the way, so no name leads out of the root. Only regular files are ever opened: a FIFO,
a device or a socket is recognised by its stat.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ingestd.discover.lease import Writers, drop_lease, take_lease
from ingestd.ends import ends
from ingestd.model import Fingerprint

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ROOT = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: between the stat and the opening a FIFO may have taken the file's place.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})


@dataclass(frozen=True, slots=True)
class Look:
    """
    What one look at a path saw.

    *irregular* names what is there instead of a regular file (``FIFO``); *error* says
    why the file cannot be opened. *marked* is whether its marker stands beside it.
    """

    fingerprint: Fingerprint
    writers: Writers = Writers.UNKNOWN
    irregular: str = ""
    error: str = ""
    marked: bool = False


def look(
    root: str, path: bytes, *, leases: bool = True, marker: bytes = b""
) -> Look | None:
    """
    Look at *path* below *root*: one opening for the stat and the lease.

    None when it is gone, or when a link stands on the way. A lease is believed only
    where *leases* says so, and on the root's own device.
    """
    try:
        with _parent(root, path) as (folder, name, device):
            marked = bool(marker) and _exists(name + marker, folder)
            seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISREG(seen.st_mode):
                return Look(Fingerprint.of(seen), irregular=irregular(seen.st_mode))
            leases = leases and seen.st_dev == device
            return _opened(folder, name, seen, leases=leases, marked=marked)
    except OSError as error:
        if error.errno in _GONE:
            return None
        return Look(Fingerprint(0, 0, 0, 0), error=_sentence(error))


def digest(root: str, path: bytes, expected: Fingerprint) -> Fingerprint | None:
    """
    Return *expected* with the digests of the file's two ends.

    None when the path no longer shows that version, or cannot be read: look again.
    """
    try:
        with _reading(root, path) as fd:
            if Fingerprint.of(os.fstat(fd)).stat != expected.stat:
                return None
            head, tail = ends(fd, 0, expected.size)
            # Read first, then compared: what changed while it was read shows here.
            if Fingerprint.of(os.fstat(fd)).stat != expected.stat:
                return None
    except OSError:
        return None
    size, mtime_ns, ctime_ns, inode, etag = expected.stat
    return Fingerprint(size, mtime_ns, ctime_ns, inode, etag, head, tail)


def grew(root: str, path: bytes, old: Fingerprint) -> bool:
    """
    Return whether the file is longer than *old* and still begins with its two ends.

    An empty version has no beginning to keep: nothing grew from it.
    """
    if not old.size:
        return False
    try:
        with _reading(root, path) as fd:
            if os.fstat(fd).st_size <= old.size:
                return False
            return ends(fd, 0, old.size) == (old.head, old.tail)
    except OSError:
        return False


def irregular(mode: int) -> str:
    """
    Return what a *mode* that is no regular file's is called.
    """
    return {
        stat.S_IFIFO: "FIFO",
        stat.S_IFSOCK: "socket",
        stat.S_IFLNK: "symbolic link",
        stat.S_IFDIR: "folder",
    }.get(stat.S_IFMT(mode), "device")


@contextmanager
def _parent(root: str, path: bytes) -> Iterator[tuple[int, bytes, int]]:
    *folders, name = path.split(b"/")
    fd = os.open(root, _ROOT)
    try:
        device = os.fstat(fd).st_dev
        for part in folders:
            below = os.open(part, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = below
        yield fd, name, device
    finally:
        os.close(fd)


@contextmanager
def _reading(root: str, path: bytes) -> Iterator[int]:
    with _parent(root, path) as (folder, name, _):
        seen = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(errno.ENXIO, "no regular file")
        fd = os.open(name, _FILE, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _opened(
    folder: int, name: bytes, seen: os.stat_result, *, leases: bool, marked: bool
) -> Look | None:
    try:
        fd = os.open(name, _FILE, dir_fd=folder)
    except BlockingIOError:
        # Somebody holds a write lease on it, and our opening asks him to give it up.
        return Look(Fingerprint.of(seen), Writers.SOME, marked=marked)
    except OSError as error:
        if error.errno in _GONE:
            return None
        return Look(Fingerprint.of(seen), error=_sentence(error))
    try:
        return _leased(fd, leases=leases, marked=marked)
    finally:
        os.close(fd)


def _leased(fd: int, *, leases: bool, marked: bool) -> Look:
    mode = os.fstat(fd).st_mode
    writers = Writers.UNKNOWN
    if leases and stat.S_ISREG(mode):
        writers = take_lease(fd)
    # The stat is taken while the lease is held: it shows what no writer has open.
    seen = os.fstat(fd)
    if writers is Writers.NONE:
        drop_lease(fd)
    kind = "" if stat.S_ISREG(mode) else irregular(mode)
    return Look(Fingerprint.of(seen), writers, irregular=kind, marked=marked)


def _exists(name: bytes, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno in _GONE:
            return False
        raise
    return True


def _sentence(error: OSError) -> str:
    return f"cannot be opened: {error.strerror}"
