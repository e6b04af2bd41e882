"""
A watch that breaks: told, mended, and made up for by a scan.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from watchdog.observers.inotify_c import InotifyFD

from ingestd.discover import watcher as watching
from ingestd.observe.events import (
    ScanFailed,
    WatchLost,
    WatchOverflowed,
    WatchRestored,
)
from tests.integration.discover_kit import (  # noqa: F401 - fixtures
    sigio_ignored,
    watched,
)

pytestmark = pytest.mark.integration


def put(folder, name):
    (folder / name).write_bytes(b"a\n1\n")


def threads():
    return {t.name for t in threading.enumerate() if t.name.startswith("watch-")}


def test_hints_come_without_scans(watched):  # noqa: F811
    """
    A whole watch is healthy, and a file comes by its event alone.
    """
    inbox = watched()
    assert inbox.source.watcher.healthy() == ""
    put(inbox.folder, "a.csv")
    inbox.take(b"a.csv")
    assert inbox.source.settle.found_by_scan_only == 0


def test_new_folders_of_a_tree_are_watched(watched, tmp_path):  # noqa: F811
    """
    Folders that are made, moved in or moved about are watched too.
    """
    inbox = watched(recursive=True)
    (inbox.folder / "made" / "deep").mkdir(parents=True)
    put(inbox.folder / "made" / "deep", "a.csv")
    inbox.take(b"made/deep/a.csv")
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    put(tmp_path / "tree" / "deep", "b.csv")
    (tmp_path / "tree").rename(inbox.folder / "tree")
    inbox.take(b"tree/deep/b.csv")
    put(inbox.folder / "tree" / "deep", "c.csv")
    inbox.take(b"tree/deep/c.csv")
    assert inbox.source.settle.found_by_scan_only == 0


def test_a_handler_that_dies_is_noticed(watched, monkeypatch):  # noqa: F811
    """
    The watch is renewed, and what the handler lost is found by a scan.
    """
    inbox = watched()
    monkeypatch.setattr(watching, "MAX_HINTS", None)  # comparing with it fails
    put(inbox.folder, "a.csv")
    lost = inbox.wait_for(WatchLost)
    assert "handler of notices" in lost.error
    monkeypatch.undo()
    inbox.wait_for(WatchRestored)
    inbox.take(b"a.csv")
    put(inbox.folder, "b.csv")
    inbox.take(b"b.csv")


def test_a_reader_that_dies_is_noticed(watched, monkeypatch):  # noqa: F811
    """
    So is the end of the thread that reads the kernel's queue.
    """
    inbox = watched()

    def broken(reader, **more):
        raise ValueError("an event that cannot be parsed")

    monkeypatch.setattr(InotifyFD, "_parse_event_buffer", broken)
    put(inbox.folder, "a.csv")
    lost = inbox.wait_for(WatchLost)
    assert "reader of notices" in lost.error
    monkeypatch.undo()
    inbox.wait_for(WatchRestored)
    inbox.take(b"a.csv")
    put(inbox.folder, "b.csv")
    inbox.take(b"b.csv")


def test_a_folder_that_is_created_again_is_watched_again(watched):  # noqa: F811
    """
    Deleted and made anew, at once or later: its files are found, by scan and by event.
    """
    inbox = watched()
    shutil.rmtree(inbox.folder)
    inbox.wait_for(WatchLost)
    inbox.scanned()
    assert "cannot be listed" in inbox.told(ScanFailed)[-1].error
    inbox.folder.mkdir()
    put(inbox.folder, "a.csv")
    inbox.wait_for(WatchRestored)
    inbox.take(b"a.csv")
    put(inbox.folder, "b.csv")
    inbox.take(b"b.csv")
    shutil.rmtree(inbox.folder)
    inbox.folder.mkdir()
    put(inbox.folder, "c.csv")
    inbox.wait_for(WatchRestored, 2)
    inbox.take(b"c.csv")


def test_a_folder_that_is_replaced_is_watched_instead(watched, tmp_path):  # noqa: F811
    """
    Another folder moved to the root's name, as by a mount, is noticed by its identity.
    """
    inbox = watched()
    (tmp_path / "other").mkdir()
    put(tmp_path / "other", "a.csv")
    inbox.folder.rename(tmp_path / "old")
    (tmp_path / "other").rename(inbox.folder)
    inbox.wait_for(WatchRestored)
    inbox.take(b"a.csv")
    put(tmp_path / "old", "not.csv")
    put(inbox.folder, "b.csv")
    inbox.take(b"b.csv")


def test_the_kernels_queue_overflows(watched, monkeypatch):  # noqa: F811
    """
    A burst that the queue cannot hold is told, and a scan finds every file, once.
    """
    gate = threading.Event()
    read = InotifyFD.read_events

    def held(reader, **more):
        events = read(reader, **more)
        gate.wait()
        return events

    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20_000:
        pytest.skip(f"a queue of {limit} events is too long to fill")
    monkeypatch.setattr(InotifyFD, "read_events", held)
    inbox = watched()
    names = [b"%d.csv" % number for number in range(limit // 2 + 1_000)]
    for name in names:
        put(inbox.folder, os.fsdecode(name))
    gate.set()
    inbox.wait_for(WatchOverflowed)
    inbox.until(lambda: len(inbox.known) >= len(names))
    assert sorted(names) == sorted(set(inbox.paths()))


def test_our_own_queue_is_bounded(watched, monkeypatch):  # noqa: F811
    """
    Hints beyond the limit are dropped, told as an overflow, and found by a scan.
    """
    monkeypatch.setattr(watching, "MAX_HINTS", 2)
    inbox = watched()
    for number in range(50):
        put(inbox.folder, f"{number}.csv")
    inbox.wait_for(WatchOverflowed)
    inbox.take(*(b"%d.csv" % number for number in range(50)))


def test_a_tree_too_deep_to_watch_does_not_end_discovery(watched):  # noqa: F811
    """
    watchdog recurses into trees and fails in a deep one: told, and scans go on.
    """
    inbox = watched(recursive=True)
    made = inbox.folder.parent / "tree"
    made.mkdir()
    fd = os.open(made, os.O_RDONLY)
    for _ in range(1_300):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    made.rename(inbox.folder / "tree")
    try:
        inbox.wait_for(WatchLost)
        inbox.until(lambda: "cannot be watched" in inbox.source.watcher.healthy())
        put(inbox.folder, "a.csv")
        inbox.scanned()
        inbox.take(b"a.csv")
        assert "folders deep" in inbox.told(ScanFailed)[-1].error
    finally:
        subprocess.run(["rm", "-rf", inbox.folder / "tree"], check=True)


LIMITED = """
import json, signal, sys
from pathlib import Path
from tests.integration.discover_kit import Inbox
from ingestd.observe.events import ScanFinished, WatchLost
signal.signal(signal.SIGIO, signal.SIG_IGN)
inbox = Inbox(Path(sys.argv[1]), recursive=True)
inbox.source.start()
inbox.wait_for(ScanFinished)
inbox.wait_for(WatchLost)
for number in range(30):
    (inbox.folder / str(number) / "a.csv").write_bytes(b"a\\n")
inbox.scanned()
inbox.until(lambda: len(inbox.admitted) >= 30)
lost = inbox.told(WatchLost)[-1]
print(json.dumps({
    "error": lost.error, "hint": lost.hint, "found": len(set(inbox.paths())),
    "healthy": inbox.source.watcher.healthy(),
}))
inbox.source.stop()
"""


@pytest.mark.parametrize(
    ("limit", "value", "error"),
    [
        ("max_inotify_watches", 10, "folders cannot be watched"),
        ("max_inotify_instances", 0, "cannot be watched"),
    ],
)
def test_a_limit_is_told_and_scans_find_the_rest(tmp_path, limit, value, error):
    """
    With too few watches, or no instance at all, the daemon starts, says so, misses
    nothing.
    """
    inside = ["unshare", "--user", "--map-root-user", "sh", "-c"]
    probe = f"echo {value} > /proc/sys/user/{limit}"
    if (
        not shutil.which("unshare")
        or subprocess.run([*inside, probe], check=False, capture_output=True).returncode
    ):
        pytest.skip("user namespaces with limits of their own are not permitted here")
    inbox = tmp_path / "inbox"
    for number in range(30):
        (inbox / str(number)).mkdir(parents=True)
    done = subprocess.run(
        [*inside, probe + '; exec "$@"', "-", sys.executable, "-c", LIMITED, inbox],
        check=True,
        stdout=subprocess.PIPE,
        timeout=50,
        cwd=Path(__file__).parents[2],
    )
    told = json.loads(done.stdout)
    assert error in told["error"]
    assert error in told["healthy"]
    assert "fs.inotify" in told["hint"]
    assert told["found"] == 30


def test_stopping_ends_every_thread(watched):  # noqa: F811
    """
    Stopped twice, or never started, nothing is left running.
    """
    inbox = watched()
    assert threads()
    inbox.source.stop()
    inbox.source.stop()
    assert not threads()


def test_a_full_watch_after_the_limit_is_raised(tmp_path, monkeypatch):
    """
    A watch that lacks folders is renewed now and then, and says when it is whole.
    """
    (tmp_path / "a").mkdir()
    real, refused = InotifyFD.add_callback, []

    def limited(reader, path, *args):
        if path.endswith(b"/a") and not refused:
            raise OSError(28, "inotify watch limit reached")
        return real(reader, path, *args)

    monkeypatch.setattr(InotifyFD, "add_callback", limited)
    watcher = watching.Watcher(str(tmp_path), recursive=True, wake=lambda: None)
    watcher.start()
    try:
        assert ["lost"] == [news.kind for news in watcher.probe(0.0)]
        refused.append(True)
        assert watcher.probe(watching.RENEW_SECONDS - 1) == []
        (news,) = watcher.probe(watching.RENEW_SECONDS + 1)
        assert "restored" == news.kind
        assert watcher.healthy() == ""
    finally:
        watcher.stop()
