"""
Listings: complete or an error; deep, changing, unreadable and missing folders.
"""

import os
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from ingestd.discover.mounts import Mount
from ingestd.discover.rules import Rules
from ingestd.discover.scan import Scan
from ingestd.errors import Unreachable
from ingestd.model import Fingerprint
from ingestd.observe.events import ScanFailed, ScanFinished
from tests.integration.discover_kit import (  # noqa: F401 - fixtures
    sigio_ignored,
    watched,
)

pytestmark = pytest.mark.integration
RULES = Rules(("*.csv",), recursive=True)


def paths(scan):
    return sorted(entry.path for entry in scan)


def test_a_listing_shows_what_stat_shows(tmp_path):
    """
    Path and stat of every file that is taken, of no other, and the counters.
    """
    (tmp_path / "below" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name in ("a.csv", "b.txt", "below/c.csv", "below/deep/d.csv", ".hidden/e.csv"):
        (tmp_path / name).write_bytes(b"a\n")
    os.mkfifo(tmp_path / "below" / "f.csv")
    scan = Scan(str(tmp_path), RULES)
    found = {entry.path: entry.fingerprint for entry in scan}
    assert {
        name: Fingerprint.of((tmp_path / os.fsdecode(name)).stat())
        for name in (b"a.csv", b"below/c.csv", b"below/deep/d.csv")
    } == found
    assert (3, 1) == (scan.files, scan.irregular)
    assert [b"a.csv"] == paths(Scan(str(tmp_path), Rules(("*.csv",))))


def test_a_linked_folder_is_not_entered(tmp_path):
    """
    Links to folders are not followed: no loops, no way out.
    """
    (tmp_path / "root").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.csv").write_bytes(b"a\n")
    (tmp_path / "root" / "loop").symlink_to(".")
    (tmp_path / "root" / "out").symlink_to(tmp_path / "outside")
    assert paths(Scan(str(tmp_path / "root"), RULES)) == []


@pytest.fixture
def deep(tmp_path):
    """
    Make a tree deeper than recursion or a path allows: files at its top and bottom.
    """
    fd = os.open(tmp_path, os.O_RDONLY)
    (tmp_path / "top.csv").write_bytes(b"a\n")
    for _ in range(1_500):
        os.mkdir("d" * 10, dir_fd=fd)
        below = os.open("d" * 10, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    yield tmp_path
    # shutil.rmtree recurses: cut the tree from the top, piece by piece.
    while (tmp_path / ("d" * 10)).exists():
        parts = ["d" * 10] * 200
        lower = tmp_path.joinpath(*parts)
        if lower.exists():
            lower.rename(tmp_path / "rest")
        shutil.rmtree(tmp_path / ("d" * 10))
        if (tmp_path / "rest").exists():
            (tmp_path / "rest").rename(tmp_path / ("d" * 10))


def test_a_tree_that_is_too_deep_is_an_error(deep):
    """
    Not a RecursionError; what lies above is listed before.
    """
    scan = Scan(str(deep), RULES)
    found = []
    with pytest.raises(Unreachable, match="more than 128 folders deep") as raised:
        found.extend(entry.path for entry in scan)
    assert [b"top.csv"] == found
    assert raised.value.hint


def test_all_descriptors_are_given_back(deep):
    """
    A listing that fails, and one that is broken off, leave no folder open.
    """
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(Unreachable):
        list(Scan(str(deep), RULES))
    entries = iter(Scan(str(deep), RULES))
    next(entries)
    entries.close()
    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_an_unreadable_folder_makes_the_scan_an_error(tmp_path):
    """
    A part of a listing is never taken for the whole; the rest of it is still told.
    """
    (tmp_path / "below").mkdir()
    (tmp_path / "a.csv").write_bytes(b"a\n")
    (tmp_path / "below" / "b.csv").write_bytes(b"a\n")
    listed = []

    def scandir(fd):
        listed.append(fd)
        if len(listed) > 1:
            raise OSError(5, "Input/output error")
        return os.scandir(fd)

    found = []
    with pytest.raises(Unreachable, match=r"below.*Input/output error"):
        found.extend(e.path for e in Scan(str(tmp_path), RULES, scandir=scandir))
    assert [b"a.csv"] == found


def test_a_listing_that_breaks_off_is_an_error(tmp_path):
    """
    Also when the folder gave some of its names before.
    """
    for name in "abc":
        (tmp_path / f"{name}.csv").write_bytes(b"a\n")

    class Breaking:
        def __init__(self, fd):
            self.listing = os.scandir(fd)

        def __iter__(self):
            yield next(self.listing)
            raise OSError(5, "Input/output error")

        def close(self):
            self.listing.close()

    with pytest.raises(Unreachable):
        list(Scan(str(tmp_path), RULES, scandir=Breaking))


def test_without_the_right_to_list_it_is_an_error(tmp_path):
    """
    The hint names the remedy.
    """
    if os.geteuid() == 0:
        pytest.skip("root may list everything")
    (tmp_path / "below").mkdir(mode=0)
    with pytest.raises(Unreachable, match="Permission denied") as raised:
        list(Scan(str(tmp_path), RULES))
    assert "right" in raised.value.hint


def test_what_vanishes_while_it_is_listed_is_no_error(tmp_path):
    """
    A file or folder that goes between its name and its stat was there no more.
    """
    (tmp_path / "a.csv").write_bytes(b"a\n")
    (tmp_path / "b.csv").write_bytes(b"a\n")
    (tmp_path / "below").mkdir()

    class Vanishing:
        def __init__(self, fd):
            self.entries = list(os.scandir(fd))

        def __iter__(self):
            (tmp_path / "b.csv").unlink()
            (tmp_path / "below").rmdir()
            return iter(self.entries)

        def close(self):
            pass

    scan = Scan(str(tmp_path), RULES, scandir=Vanishing)
    assert [b"a.csv"] == paths(scan)
    assert scan.files == 1


def test_a_missing_folder_is_an_error_with_a_remedy(tmp_path):
    """
    It names the folder and says what to do.
    """
    with pytest.raises(Unreachable, match="No such file") as raised:
        list(Scan(str(tmp_path / "none"), RULES))
    assert "Create the folder" in raised.value.hint


def test_scanning_alone_works(watched):  # noqa: F811
    """
    Where no events come, the periodic scan finds every file, and new versions.
    """
    inbox = watched(mount=Mount("nfs4", False, False), settle_unseen_seconds=0.2)
    assert "no events" in inbox.source.watcher.healthy()
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    inbox.scanned()
    inbox.take(b"a.csv")
    (inbox.folder / "a.csv").write_bytes(b"a\n2\n")
    inbox.scanned()
    inbox.take(b"a.csv")
    inbox.scanned()
    assert inbox.admitted == []


def test_the_period_scans_without_being_asked(watched):  # noqa: F811
    """
    With a short period scan follows scan.
    """
    inbox = watched(mount=Mount("nfs4", False, False), scan_seconds=0.1)
    inbox.wait_for(ScanFinished, 4)


def test_a_folder_that_is_missing_is_waited_for(watched, tmp_path):  # noqa: F811
    """
    The failure is told with its remedy; once the folder is there its files are found.
    """
    inbox = watched(tmp_path / "later", scan_seconds=0.2)
    failed = inbox.told(ScanFailed)[0]
    assert "Create the folder" in failed.hint
    assert failed.retry_in > 0
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "a.csv").write_bytes(b"a\n1\n")
    inbox.take(b"a.csv")


def test_a_backlog_comes_through_bounded_hands(watched, tmp_path):  # noqa: F811
    """
    More files than the candidates and the queue hold arrive all the same, once each.
    """
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(3_000):
        (folder / f"{number}.csv").write_bytes(b"a\n")
    inbox = watched(folder, mount=Mount("ext4", events=False))
    inbox.source.settle.capacity = 600
    most = []

    def all_there():
        most.append(inbox.source.settle.pending())
        return len(inbox.admitted) >= 3_000

    inbox.until(all_there)
    assert max(most) <= 3_000
    assert len(set(inbox.paths())) == 3_000
    assert all(a <= 1_500 for a, _ in pairwise(most[2:] or [0, 0]))


def test_stopping_ends_a_scan_that_nobody_listens_to(tmp_path):
    """
    A scanner whose findings are not taken stands still, and stops when told.
    """
    from ingestd.discover.scanner import Scanner

    for number in range(3_000):
        (tmp_path / f"{number}.csv").touch()
    handed = []
    scanner = Scanner(
        lambda: Scan(str(tmp_path), RULES),
        iter,
        lambda: handed.append(1),
        every_seconds=3600,
    )
    scanner.start()
    assert scanner.alive()
    scanner.stop()
    scanner.stop()
    assert not scanner.alive()


def test_an_error_of_the_ledger_does_not_end_the_scanner(watched):  # noqa: F811
    """
    What the comparison raises is told, and the next scan tries again.
    """
    inbox = watched()
    good = inbox.source.scanner._unknown

    def broken(entries):
        raise RuntimeError("the ledger is closed")

    inbox.source.scanner._unknown = broken
    inbox.scanned()
    assert "the ledger is closed" in inbox.told(ScanFailed)[-1].error
    inbox.source.scanner._unknown = good
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    inbox.take(b"a.csv")
    inbox.scanned()
    assert inbox.source.scanner.alive()
