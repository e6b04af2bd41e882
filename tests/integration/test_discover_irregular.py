"""
What is no regular file, what leads elsewhere, and what may not be read.
"""

import os
import socket

import pytest

from ingestd.discover import fingerprint
from ingestd.discover.lease import Writers, writer_state
from ingestd.model import Fingerprint
from ingestd.observe.events import FileBlocked, FileIgnored, ScanFinished
from tests.integration.discover_kit import (  # noqa: F401 - fixtures
    child,
    sigio_ignored,
    watched,
)

pytestmark = pytest.mark.integration


def make_fifo(path, outside):
    os.mkfifo(path)


def make_socket(path, outside):
    # Bound by a short relative name: a socket's path has 108 bytes at most.
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)
        os.close(here)


def make_link(path, outside):
    outside.write_bytes(b"a\n1\n")
    path.symlink_to(outside)


def make_inner_link(path, outside):
    (path.parent / "target.txt").write_bytes(b"a\n1\n")
    path.symlink_to("target.txt")


def make_loop(path, outside):
    path.symlink_to(".")


def make_device(path, outside):
    try:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices can be made by root alone")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_fifo, "FIFO"),
        (make_socket, "socket"),
        (make_link, "symbolic link"),
        (make_inner_link, "symbolic link"),
        (make_loop, "symbolic link"),
        (make_device, "device"),
    ],
)
def test_it_is_ignored_and_counted(watched, tmp_path, make, reason):  # noqa: F811
    """
    It is told once, counted by every scan, never opened, and holds up nothing.
    """
    inbox = watched()
    make(inbox.folder / "odd.csv", tmp_path / "outside")
    told = inbox.wait_for(FileIgnored)
    assert (b"odd.csv", reason) == (told.path, told.reason)
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    inbox.take(b"a.csv")
    inbox.scanned()
    assert inbox.told(ScanFinished)[-1].irregular == 1
    assert len(inbox.told(FileIgnored)) == 1
    assert inbox.admitted == []


def test_a_fifo_that_takes_a_files_place_does_not_block(tmp_path):
    """
    Digest and growth see that it is no file any more.
    """
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    mark = fingerprint.look(str(tmp_path), b"a.csv").fingerprint
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")
    assert fingerprint.digest(str(tmp_path), b"a.csv", mark) is None
    assert not fingerprint.grew(str(tmp_path), b"a.csv", mark)


def test_a_folder_that_is_a_link_is_not_followed(tmp_path):
    """
    No part of a path may be a link: a name cannot lead out of the root.
    """
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "a.csv").write_bytes(b"a\n1\n")
    (root / "below").symlink_to(outside)
    assert fingerprint.look(str(root), b"below/a.csv") is None
    assert fingerprint.look(str(root), b"a.csv/below") is None


def test_the_root_itself_may_be_a_link(watched, tmp_path):  # noqa: F811
    """
    The operator's own link to the folder is followed, by scan and by watch.
    """
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "a.csv").write_bytes(b"a\n1\n")
    inbox = watched(tmp_path / "link")
    inbox.take(b"a.csv")
    (tmp_path / "real" / "b.csv").write_bytes(b"a\n1\n")
    inbox.take(b"b.csv")


def test_digests_are_of_both_ends(tmp_path):
    """
    The ends of a file, up to 64 KiB each, make its digests; what lies between does not.
    """
    root = str(tmp_path)
    big = bytearray(b"x" * 300_000)

    def digests(data):
        (tmp_path / "a.csv").write_bytes(data)
        mark = fingerprint.look(root, b"a.csv").fingerprint
        mark = fingerprint.digest(root, b"a.csv", mark)
        return mark.head, mark.tail

    whole = digests(big)
    assert [16, 16] == [len(digest) for digest in whole]
    big[150_000] = 0
    assert whole == digests(big)
    big[65_535] = 0
    assert (whole[0] != digests(big)[0], whole[1]) == (True, digests(big)[1])
    small = digests(b"a\n1\n")
    assert small[0] == small[1]


def test_a_changed_file_has_no_digest(tmp_path):
    """
    The digest belongs to the version that was looked at, or there is none.
    """
    root = str(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    mark = fingerprint.look(root, b"a.csv").fingerprint
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    assert fingerprint.digest(root, b"a.csv", mark) is None
    assert fingerprint.digest(root, b"gone.csv", mark) is None


@pytest.mark.parametrize(
    ("old", "new", "grown"),
    [
        (b"a\n1\n", b"a\n1\n2\n", True),
        (b"a\n1\n", b"a\n1\n", False),
        (b"a\n1\n", b"a\n9\n2\n", False),
        (b"a\n1\n", b"a\n", False),
        (b"", b"a\n1\n", False),
        (b"x" * 200_000, b"x" * 200_001, True),
        (b"x" * 199_999 + b"y", b"x" * 200_001, False),
    ],
)
def test_growing(tmp_path, old, new, grown):
    """
    A file grew if it is longer and its old ends are where they were.
    """
    root = str(tmp_path)
    (tmp_path / "a.csv").write_bytes(old)
    mark = fingerprint.look(root, b"a.csv").fingerprint
    mark = fingerprint.digest(root, b"a.csv", mark)
    (tmp_path / "a.csv").write_bytes(new)
    assert grown == fingerprint.grew(root, b"a.csv", mark)


def test_what_may_not_be_read_is_told_and_tried_again(watched, monkeypatch):  # noqa: F811
    """
    A file without the right to read is told once, stays listed, and comes with it.
    """
    inbox = watched()
    allowed = []
    real = os.open

    def guarded(path, flags, *args, **more):
        if path == b"a.csv" and not allowed:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *args, **more)

    monkeypatch.setattr(os, "open", guarded)
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    told = inbox.wait_for(FileBlocked)
    assert (b"a.csv", "cannot be opened: Permission denied") == (told.path, told.error)
    inbox.scanned()
    assert len(inbox.told(FileBlocked)) == 1
    assert "Permission denied" in inbox.source.why(b"a.csv", 0.0)
    allowed.append(True)
    inbox.scanned()
    inbox.take(b"a.csv")


HOLDER = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
print("open", flush=True)
sys.stdin.readline()
"""


def test_the_lease_tells_of_another_processs_writer(tmp_path):
    """
    A writer elsewhere is seen while it has the file open, however quiet it is.
    """
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    with child(HOLDER, path) as holder:
        assert holder.stdout.readline() == "open\n"
        assert Writers.SOME is fingerprint.look(str(tmp_path), b"a.csv").writers
        holder.stdin.close()
        holder.wait()
    assert Writers.NONE is fingerprint.look(str(tmp_path), b"a.csv").writers


def test_no_lease_is_taken_while_its_signal_would_kill(tmp_path):
    """
    With SIGIO's default action the state is unknown, and the process safe.
    """
    import signal

    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fd = os.open(path, os.O_RDONLY)
    try:
        assert Writers.UNKNOWN is writer_state(fd)
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        assert Writers.NONE is writer_state(fd)
    finally:
        os.close(fd)


def test_a_look_sees_the_stat(tmp_path):
    """
    The fingerprint of a look is the file's own stat.
    """
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    look = fingerprint.look(str(tmp_path), b"a.csv", leases=False)
    assert Fingerprint.of(path.stat()) == look.fingerprint
    assert Writers.UNKNOWN is look.writers
