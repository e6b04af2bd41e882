"""
What the scenarios of discovery share: a source on a real folder, driven as by a loop.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from ingestd.clock import Waker
from ingestd.config import Source
from ingestd.discover.source import LocalSource
from ingestd.ledger.ledger import Entry

GIVE_UP_SECONDS = 40


class Inbox:
    """
    A folder with a LocalSource on it, and a ledger that is a set.
    """

    def __init__(self, folder, mount=None, **config):
        self.folder = folder
        config = {"settle_unseen_seconds": 3600, "scan_seconds": 3600} | config
        self.waker = Waker()
        self.source = LocalSource(
            "p",
            Source(url=str(folder), **config),
            self.unknown,
            self.waker,
            mount=mount,
        )
        self.admitted: list[Entry] = []
        self.known = set()
        self.events = []

    def unknown(self, entries):
        return (e for e in entries if (e.path, e.fingerprint.stat) not in self.known)

    def turn(self):
        """
        One turn of the loop: advance, admit; wait for the next wake-up, but not long.
        """
        now = time.monotonic()
        found = self.source.advance(now)
        self.events += found.events
        for entry in found.entries:
            key = (entry.path, entry.fingerprint.stat)
            # As in the ledger, to admit twice is to admit once.
            if key not in self.known:
                self.known.add(key)
                self.admitted.append(entry)
        self.waker.wait(min(0.2, self.source.next_due(now) - now))

    def until(self, condition):
        """
        Turn until *condition* holds; fail when it never does.
        """
        end = time.monotonic() + GIVE_UP_SECONDS
        while not condition():
            assert time.monotonic() < end, (self.admitted, self.events)
            self.turn()

    def paths(self):
        return [entry.path for entry in self.admitted]

    def take(self, *paths):
        """
        Turn until exactly *paths* were admitted since the last take, in any order.
        """
        self.until(lambda: len(self.admitted) >= len(paths))
        assert sorted(paths) == sorted(self.paths())
        taken, self.admitted = self.admitted, []
        return taken

    def told(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind, count=1):
        """
        Turn until *count* events of *kind* came; return the last.
        """
        self.until(lambda: len(self.told(kind)) >= count)
        return self.told(kind)[-1]

    def scanned(self):
        """
        Scan now, and turn until that scan has ended.
        """
        from ingestd.observe.events import ScanFailed, ScanFinished

        count = len(self.told((ScanFailed, ScanFinished)))
        self.source.scanner.scan_now("test")
        self.until(lambda: len(self.told((ScanFailed, ScanFinished))) > count)


@pytest.fixture(autouse=True)
def sigio_ignored():
    """
    Ignore SIGIO, as the daemon does, so that leases are used.
    """
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


@pytest.fixture
def watched(tmp_path):
    """
    Return a function that starts an Inbox on a new folder, after its first scan.
    """
    from ingestd.observe.events import ScanFailed, ScanFinished

    started = []

    def start(folder=None, **config):
        if folder is None:
            folder = tmp_path / "inbox"
            folder.mkdir(exist_ok=True)
        inbox = Inbox(folder, **config)
        started.append(inbox)
        inbox.source.start()
        inbox.wait_for((ScanFailed, ScanFinished))
        return inbox

    yield start
    for inbox in started:
        inbox.source.stop()


def child(code, *args):
    """
    Start Python on *code* with pipes, to be spoken to line by line.
    """
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
