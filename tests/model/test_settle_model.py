"""
Settle against a model of writers, in random order of hints, looks and time.
"""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ingestd.discover.fingerprint import Look
from ingestd.discover.lease import Writers
from ingestd.discover.settle import Hint, Quiet, Settle
from ingestd.ledger.ledger import Entry
from ingestd.model import Fingerprint

PATHS = st.sampled_from([b"a", b"b", b"c"])
QUIET = Quiet(closed_seconds=0.25, unseen_seconds=10.0)


class Settling(RuleBasedStateMachine):
    """
    Files have a size, a version and perhaps an open writer; hints may get lost.
    """

    def __init__(self):
        super().__init__()
        self.settle = Settle(QUIET, capacity=2)
        self.now = 0.0
        self.version = 0
        self.files = {}  # path: Fingerprint
        self.open = set()
        self.changed_at = {}
        self.blind = set()  # paths whose lease is not to be had
        self.taken = {}  # path: the version that was due last

    def _write(self, path, size):
        self.version += 1
        self.files[path] = Fingerprint(size, self.version, self.version, 1)
        self.changed_at[path] = self.now

    def _hint(self, path, kind, lost):
        if not lost:
            self.settle.hint(path, kind, self.now)

    @rule(path=PATHS, size=st.integers(0, 3), lost=st.booleans(), blind=st.booleans())
    def open_and_write(self, path, size, lost, blind):
        (self.blind.add if blind else self.blind.discard)(path)
        self.open.add(path)
        self._write(path, size)
        self._hint(path, Hint.CREATED, lost)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), size=st.integers(0, 3))
    def write_more(self, data, size):
        self._write(data.draw(st.sampled_from(sorted(self.open))), size)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), lost=st.booleans())
    def close(self, data, lost):
        path = data.draw(st.sampled_from(sorted(self.open)))
        self.open.discard(path)
        self._hint(path, Hint.CLOSED, lost)

    @rule(path=PATHS, size=st.integers(1, 3), lost=st.booleans())
    def rename_in(self, path, size, lost):
        self.open.discard(path)
        self._write(path, size)
        self._hint(path, Hint.MOVED, lost)

    @rule(path=PATHS)
    def delete(self, path):
        self.open.discard(path)
        self.files.pop(path, None)

    @rule(seconds=st.sampled_from([0.05, 0.2, 0.3, 3.0, 11.0]))
    def pass_time(self, seconds):
        self.now += seconds
        self._turn()

    @rule()
    def scan(self):
        entries = [
            Entry(path, mark)
            for path, mark in self.files.items()
            if self.taken.get(path) != mark
        ]
        self.settle.listed(entries[: self.settle.room()], self.now)
        self._turn()

    def _look(self, path):
        if path not in self.files:
            return None
        writers = Writers.SOME if path in self.open else Writers.NONE
        if path in self.blind:
            writers = Writers.UNKNOWN
        return Look(self.files[path], writers)

    def _turn(self):
        for path in self.settle.look_due(self.now):
            self.settle.looked(path, self._look(path), self.now)
        for entry in self.settle.due():
            self._check(entry.path, entry.fingerprint)
            self.taken[entry.path] = entry.fingerprint

    def _check(self, path, mark):
        rested = self.now - self.changed_at[path]
        assert mark == self.files[path], "what is due is what was last seen"
        if path not in self.blind:
            assert path not in self.open, "a lease told that somebody writes"
        else:
            assert rested >= QUIET.closed_seconds
        if not mark.size:
            assert rested >= QUIET.unseen_seconds

    @invariant()
    def bounded(self):
        assert self.settle.pending() <= 4
        assert self.settle.room() <= 2

    @invariant()
    def never_stuck(self):
        if self.settle.pending():
            assert self.settle.next_due() is not None

    def teardown(self):
        """
        Once all is quiet and scans go on, every version that stands is taken.
        """
        self.open.clear()
        for _ in range(12):
            self.now += 11.0
            self.scan()
            self.now += 11.0
            self._turn()
        assert self.files == {p: m for p, m in self.taken.items() if p in self.files}
        assert self.settle.pending() == 0


TestSettling = Settling.TestCase
TestSettling.settings = settings(max_examples=150, deadline=None)
