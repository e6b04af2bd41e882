"""
Writers of all kinds: slow ones, copies, renames, links, replacements.
"""

import os
import shutil
import subprocess

import pytest

from ingestd.discover.mounts import Mount
from tests.integration.discover_kit import (  # noqa: F401 - fixtures
    child,
    sigio_ignored,
    watched,
)

pytestmark = pytest.mark.integration

WRITER = """
import sys
with open(sys.argv[1], "wb") as file:
    for line in sys.stdin:
        file.write(line.encode()); file.flush()
        print("written", flush=True)
print("closed", flush=True)
"""


def say(writer, line):
    writer.stdin.write(line + "\n")
    writer.stdin.flush()
    assert writer.stdout.readline() == "written\n"


def test_a_writer_that_pauses_is_waited_for(watched):  # noqa: F811
    """
    A file that another process has open does not count, however often it is looked
    at or listed; it counts once closed, whole.
    """
    inbox = watched()
    with child(WRITER, inbox.folder / "a.csv") as writer:
        say(writer, "a,b")
        for _ in range(3):
            inbox.scanned()
            say(writer, "1,2")
        inbox.until(lambda: inbox.source.settle.holding(b"a.csv", 0.0) != "")
        assert inbox.admitted == []
        assert "a writer has it open" in inbox.source.settle.holding(b"a.csv", 0.0)
        writer.stdin.close()
        assert writer.stdout.readline() == "closed\n"
        (entry,) = inbox.take(b"a.csv")
    assert entry.fingerprint.size == 4 * 4


def test_a_stopped_writer_is_waited_for_without_events(watched):  # noqa: F811
    """
    The same where no event comes: the lease alone holds the file.
    """
    inbox = watched(mount=Mount("ext4", events=False))
    with child(WRITER, inbox.folder / "a.csv") as writer:
        say(writer, "a,b")
        inbox.scanned()
        inbox.scanned()
        assert inbox.admitted == []
        writer.stdin.close()
        assert writer.stdout.readline() == "closed\n"
        inbox.take(b"a.csv")


def test_without_leases_a_close_is_waited_for(watched):  # noqa: F811
    """
    On an overlay, where a lease proves nothing, the close and a short rest count.
    """
    inbox = watched(mount=Mount("overlay", leases=False))
    with child(WRITER, inbox.folder / "a.csv") as writer:
        say(writer, "a,b")
        inbox.scanned()
        assert inbox.admitted == []
        assert "no close was seen" in inbox.source.settle.holding(b"a.csv", 0.0)
        writer.stdin.close()
        assert writer.stdout.readline() == "closed\n"
        inbox.take(b"a.csv")


def test_copy(watched):  # noqa: F811
    """
    A copied file counts, once.
    """
    inbox = watched()
    shutil.copy(__file__, inbox.folder / "a.csv")
    inbox.take(b"a.csv")
    inbox.scanned()
    assert inbox.admitted == []


def test_rename_within(watched):  # noqa: F811
    """
    Under its temporary name a file is left, under its own it counts.
    """
    inbox = watched()
    (inbox.folder / "a.csv.tmp").write_bytes(b"a\n1\n")
    inbox.scanned()
    (inbox.folder / "a.csv.tmp").rename(inbox.folder / "a.csv")
    inbox.take(b"a.csv")


def test_rename_from_outside_and_hard_link(watched, tmp_path):  # noqa: F811
    """
    What is renamed or linked in gives no close event, and counts all the same.
    """
    inbox = watched()
    (tmp_path / "a").write_bytes(b"a\n1\n")
    (tmp_path / "b").write_bytes(b"a\n2\n")
    (tmp_path / "a").rename(inbox.folder / "a.csv")
    inbox.take(b"a.csv")
    os.link(tmp_path / "b", inbox.folder / "b.csv")
    inbox.take(b"b.csv")


def test_rename_in_without_leases_rests_shortly(watched, tmp_path):  # noqa: F811
    """
    A rename stands for a close where no lease can be had.
    """
    inbox = watched(mount=Mount("overlay", leases=False))
    (tmp_path / "a").write_bytes(b"a\n1\n")
    (tmp_path / "a").rename(inbox.folder / "a.csv")
    inbox.take(b"a.csv")


@pytest.mark.parametrize(
    "command",
    [
        "touch a.csv",
        "cp -p a.csv b && cp -p b a.csv",
        "cp a.csv .b && mv .b a.csv",
        "truncate -s 3 a.csv",
        "echo 2 >> a.csv",
    ],
)
def test_another_stat_is_another_candidate(watched, command):  # noqa: F811
    """
    Whatever changes the stat brings the file again: the ledger says what it means.
    """
    inbox = watched()
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    (before,) = inbox.take(b"a.csv")
    subprocess.run(["sh", "-c", command], cwd=inbox.folder, check=True)
    (after,) = inbox.take(b"a.csv")
    assert before.fingerprint.stat != after.fingerprint.stat


def test_truncate_by_path_is_found_by_the_scan(watched):  # noqa: F811
    """
    truncate(2) opens nothing and closes nothing: only the listing shows it.
    """
    inbox = watched()
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    inbox.take(b"a.csv")
    os.truncate(inbox.folder / "a.csv", 2)
    inbox.scanned()
    (entry,) = inbox.take(b"a.csv")
    assert entry.fingerprint.size == 2


def test_an_empty_file_waits(watched):  # noqa: F811
    """
    ``touch`` and then a write is one file, not two: empty ones wait.
    """
    inbox = watched()
    (inbox.folder / "a.csv").touch()
    (inbox.folder / "b.csv").write_bytes(b"a\n")
    inbox.take(b"b.csv")
    inbox.scanned()
    assert inbox.admitted == []
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    (entry,) = inbox.take(b"a.csv")
    assert entry.fingerprint.size == 4


def test_the_marker_brings_the_file(watched):  # noqa: F811
    """
    With done_suffix a file counts when its marker appears, and the marker never does.
    """
    inbox = watched(done_suffix=".done", include=("*",))
    (inbox.folder / "a.csv").write_bytes(b"a\n1\n")
    inbox.scanned()
    assert inbox.admitted == []
    assert "marker" in inbox.source.why(b"a.csv", 0.0)
    (inbox.folder / "a.csv.done").touch()
    inbox.take(b"a.csv")
    inbox.scanned()
    assert inbox.admitted == []


def test_names_are_bytes(watched):  # noqa: F811
    """
    Names that are no UTF-8, or hold a newline, come by event and by scan, as bytes.
    """
    names = [b"\xff\xfe.csv", b"a\nb.csv", "ü.csv".encode(), b"x" * 251 + b".csv"]
    inbox = watched()
    root = os.fsencode(inbox.folder)
    for name in names:
        with open(root + b"/" + name, "wb") as file:
            file.write(b"a\n1\n")
    taken = inbox.take(*names)
    for entry in taken:
        mark = inbox.source.folder.digest(entry.path, entry.fingerprint)
        assert mark.head
    inbox.known.clear()
    inbox.source.scanner._known.__init__()
    inbox.scanned()
    inbox.take(*names)
