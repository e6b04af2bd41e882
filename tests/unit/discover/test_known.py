"""
A sweep compares what may be unknown, and nothing else.
"""

import os
from itertools import count
from types import SimpleNamespace

import pytest

from ingestd.discover.known import BUCKETS, TURNS, Known
from ingestd.errors import Unreachable


class Folder:
    """
    Files as a listing shows them, and the ledger's memory of them.
    """

    def __init__(self, names=()):
        self.files = {name: self.stat(1) for name in names}
        self.admitted = set()
        self.compared = []
        self.failure = None
        self.known = Known()

    @staticmethod
    def stat(version):
        return os.stat_result((0o100644, version, 1, 1, 0, 0, version, 0, 0, 0))

    def scan(self):
        return SimpleNamespace(found=self.found, failure=self.failure)

    def found(self, among=None):
        for name, seen in list(self.files.items()):
            if among is None or among[hash(name) % len(among)]:
                yield name, seen

    def unknown(self, entries):
        for entry in entries:
            self.compared.append(os.fsdecode(entry.path))
            if (entry.path, entry.fingerprint.stat) not in self.admitted:
                yield entry

    def sweep(self, admit=True):
        self.compared.clear()
        found = list(self.known.sweep(self.scan(), self.scan, self.unknown))
        if admit:
            self.admitted |= {(e.path, e.fingerprint.stat) for e in found}
        return sorted(os.fsdecode(e.path) for e in found)


NAMES = [f"file-{number}.csv" for number in range(2_000)]


def test_everything_is_compared_first():
    """
    A process that has just begun knows nothing.
    """
    folder = Folder(NAMES)
    assert sorted(NAMES) == folder.sweep()
    assert folder.sweep() == []


def test_a_steady_folder_is_hardly_compared():
    """
    Files that were found known are compared once in TURNS sweeps, each of them.
    """
    folder = Folder(NAMES)
    folder.sweep()
    folder.sweep()
    seen = []
    for _ in range(TURNS):
        assert folder.sweep() == []
        seen += folder.compared
    assert sorted(NAMES) == sorted(seen)


@pytest.mark.parametrize("name", [NAMES[7], "new.csv"])
def test_what_is_new_or_changed_is_found_at_once(name):
    """
    A changed stat and a new name are found by the next sweep, and by it only.
    """
    folder = Folder(NAMES)
    folder.sweep()
    folder.sweep()
    folder.files[name] = folder.stat(2)
    assert [name] == folder.sweep()
    assert folder.sweep() == []


def test_what_was_not_admitted_is_found_again():
    """
    An unknown file stays unknown until the ledger has it.
    """
    folder = Folder(NAMES[:50])
    for _ in range(3):
        assert sorted(NAMES[:50]) == folder.sweep(admit=False)
    folder.sweep()
    assert folder.sweep() == []


def test_two_files_that_change_places_are_found():
    """
    Stats that are exchanged between two names of one bucket do not keep its sum.
    """
    bucket = hash("a.csv") % BUCKETS
    other = next(
        name for name in map("{}.csv".format, count()) if hash(name) % BUCKETS == bucket
    )
    folder = Folder()
    folder.files["a.csv"], folder.files[other] = folder.stat(8), folder.stat(9)
    folder.sweep()
    folder.sweep()
    folder.files["a.csv"], folder.files[other] = folder.stat(9), folder.stat(8)
    assert sorted(["a.csv", other]) == folder.sweep()


def test_what_is_known_no_more_is_found_in_time():
    """
    A version that the ledger no longer counts as known is found within TURNS sweeps.
    """
    folder = Folder(NAMES[:50])
    folder.sweep()
    folder.sweep()
    lost = folder.admitted.pop()
    found = [name for _ in range(TURNS) for name in folder.sweep()]
    assert [os.fsdecode(lost[0])] == found


def test_what_a_broken_sweep_found_is_found_again():
    """
    When a sweep is broken off, what it had found and what it had not come again.
    """
    folder = Folder(NAMES[:50])
    folder.sweep()
    folder.sweep()
    folder.files = {name: folder.stat(2) for name in folder.files}
    sweep = folder.known.sweep(folder.scan(), folder.scan, folder.unknown)
    next(sweep)
    sweep.close()
    assert sorted(NAMES[:50]) == folder.sweep()


def test_what_was_found_known_no_more_is_found_until_it_is_admitted():
    """
    Such a version is compared again by the very next sweep, though its sum is old.
    """
    folder = Folder(NAMES[:50])
    folder.sweep()
    folder.sweep()
    name, _ = folder.admitted.pop()
    while not folder.sweep(admit=False):
        pass
    assert [os.fsdecode(name)] == folder.sweep(admit=False)


def test_a_failed_listing_gives_what_it_saw_and_then_its_error():
    """
    Every entry is handed over before the error is raised.
    """
    folder = Folder(NAMES[:50])
    folder.failure = Unreachable("a folder below cannot be listed")
    found = []
    with pytest.raises(Unreachable):
        found.extend(folder.known.sweep(folder.scan(), folder.scan, folder.unknown))
    assert len(found) == 50
