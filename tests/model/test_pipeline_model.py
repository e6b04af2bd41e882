"""
The whole pipeline against a folder that people and programs do random things to.

The parts are the daemon's own, on a ledger on disk; the engine is small, and the clock
is the test's. Every row has an id of its own, so each can be followed: it is in the
output once for each file that brought it, or its file's state says why it is not.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ingestd.errors import ComponentAway, Retryable
from ingestd.model import BatchState, FileState, Unit
from ingestd.run.engine import Plan
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import FakeClock, Rig, start
from tests.fault.world import HEADER

CONFIG = """
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "rows"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
[pipelines.schema]
id = "int64"
day = "string"
device = "string"
value = "int64"
[pipelines.batch]
max_files = 2
max_in_flight = 2
[pipelines.sink]
url = "outbox"
"""

NAMES = ("a.csv", "b.csv", "c.csv", "d.csv")
FAILURES = (
    ComponentAway("cluster", "gone"),
    Retryable("once more"),
    RuntimeError("boom"),
    OSError("the connection was lost"),
)

F = FileState
PENDING = {F.READY, F.CLAIMED}
ENDS = {F.COMMITTED, F.UNCHANGED, F.GREW_AFTER_COMMIT, F.QUARANTINED}


@dataclass(slots=True)
class Live:
    """
    A file that is there now: its rows in order, how many of the last were appended, and
    whether it had another name, or another time or size.
    """

    rows: list[int]
    appended: int = 0
    renamed: bool = False
    touched: bool = False


picks = st.integers(0, len(NAMES) - 1)
# Unseen; in flight; staged, committed or failed; idle. Below 0 a crash comes then.
turns = st.sampled_from([0, 2, 3, 4, -2, -3])


def some(people: People) -> bool:
    """Whether there is a file."""
    return bool(people.live)


class People(RuleBasedStateMachine):
    """
    Rules do to the inbox what people do, and to the daemon what happens to it.
    """

    @initialize()
    def begin(self) -> None:
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="pipeline-model-", dir=place))
        (self.folder / "config.toml").write_text(CONFIG)
        (self.folder / "inbox").mkdir()
        self.sigio = signal.getsignal(signal.SIGIO)
        self.clock = FakeClock()
        self.live: dict[str, Live] = {}
        self.versions: dict[tuple[bytes, int], list[int]] = {}
        self.most: Counter[int] = Counter()  # how often each row may be in the output
        self.time = 1_700_000_000_000_000_000
        self.next_row = 0
        self.failures: list[Exception] = []
        self.parts: dict[str, list[int]] = {}  # a part never changes
        self.rig = self._start()

    def teardown(self) -> None:
        if hasattr(self, "rig"):
            try:
                self.run_to_idle()
            finally:
                self.rig.ledger.close()
                signal.signal(signal.SIGIO, self.sigio)
                shutil.rmtree(self.folder)

    # What people do

    @rule(name=st.sampled_from(NAMES), count=st.integers(0, 3), then=turns)
    def create(self, name: str, count: int, then: int = 0) -> None:
        """A new file, or another one in the place of an old one, renamed in."""
        rows = self._fresh(count)
        whole = self.folder / "whole"
        whole.write_bytes(_csv(rows))
        whole.rename(self._path(name))
        self._is_now(name, Live(rows))
        self._then(then)

    @precondition(some)
    @rule(pick=picks, count=st.integers(0, 3), then=turns)
    def rewrite(self, pick: int, count: int, then: int = 0) -> None:
        """The same file with other content."""
        name, rows = self._pick(pick), self._fresh(count)
        self._path(name).write_bytes(_csv(rows))
        self._is_now(name, Live(rows))
        self._then(then)

    @precondition(some)
    @rule(pick=picks, count=st.integers(1, 2), then=turns)
    def append(self, pick: int, count: int, then: int = 0) -> None:
        """More rows at the end."""
        name, rows = self._pick(pick), self._fresh(count)
        before = self.live[name]
        self._allow_twice(before, other=before.renamed)
        with self._path(name).open("ab") as file:
            file.write(_lines(rows))
        now = Live(before.rows + rows, before.appended + count, before.renamed, True)
        self._is_now(name, now)
        self._then(then)

    @precondition(some)
    @rule(pick=picks, new=st.sampled_from(NAMES), then=turns)
    def rename(self, pick: int, new: str, then: int = 0) -> None:
        """Another name, perhaps one that is in use."""
        old = self._pick(pick)
        if old != new:
            self._path(old).rename(self._path(new))
            moved = self.live.pop(old)
            mtime = self._path(new).stat().st_mtime_ns
            # Back over what took its name meanwhile: that path has changed again.
            back = (new.encode(), mtime) in self.versions
            self._allow_twice(moved, other=moved.touched or back)
            self.live[new] = replace(moved, renamed=True)
            self._remember(new)
        self._then(then)

    @precondition(some)
    @rule(pick=picks, count=st.integers(1, 3), then=turns)
    def rotate(self, pick: int, count: int, then: int) -> None:
        """Another name, and a new file under the old one."""
        old = self._pick(pick)
        free = [name for name in NAMES if name not in self.live]
        if free:
            self.rename(pick=pick, new=free[0])
            self.create(name=old, count=count)
        self._then(then)

    @precondition(some)
    @rule(pick=picks, then=turns)
    def touch(self, pick: int, then: int = 0) -> None:
        """Another time, and nothing else."""
        name = self._pick(pick)
        self._allow_twice(self.live[name], other=self.live[name].renamed)
        self._is_now(name, replace(self.live[name], touched=True))
        self._then(then)

    @precondition(some)
    @rule(pick=picks, then=turns)
    def delete(self, pick: int, then: int = 0) -> None:
        """It is gone."""
        name = self._pick(pick)
        self._path(name).unlink()
        del self.live[name]
        self._then(then)

    @precondition(some)
    @rule(pick=picks, new=st.sampled_from(NAMES), then=turns)
    def duplicate(self, pick: int, new: str, then: int = 0) -> None:
        """The same rows a second time: they are to be read a second time."""
        old = self._pick(pick)
        if new not in self.live:
            shutil.copy(self._path(old), self._path(new))
            rows = self.live[old].rows
            self.most.update(rows)
            self._is_now(new, Live(list(rows)))
        self._then(then)

    # What happens to the daemon

    @rule(turns=st.integers(1, 3))
    def tick(self, turns: int) -> None:
        """Some turns of the loop; what was started is in flight after the last."""
        self.rig.turn(turns)

    @rule(what=st.sampled_from(["crash", "stop", "hang", "go on", "away", "back"]))
    def happen(self, what: str) -> None:
        """What befalls a daemon, its cluster and its sink."""
        if what in {"crash", "stop"}:
            self._restart(polite=what == "stop")
        elif what in {"hang", "go on"}:
            self.rig.parts.runner.stopped = what == "hang"
        else:
            self._sink_is(there=what == "back")

    @rule(failures=st.lists(st.sampled_from(FAILURES), min_size=1, max_size=4))
    def fail(self, failures: list[Exception]) -> None:
        """The next units to read fail."""
        self.failures[:] = failures

    @rule(seconds=st.floats(-1e6, 1e6))
    def jump(self, seconds: float) -> None:
        """The wall clock is set."""
        self.clock.skew += seconds

    @precondition(some)
    @rule()
    def run_to_idle(self) -> None:
        """With everything there, and all quiet, nothing stays undone."""
        self._sink_is(there=True)
        self.rig.parts.runner.stopped = False
        self.failures.clear()
        # Twice: a look at what a batch found changed may come after the last scan.
        self.rig.run_to_idle()
        self.rig.run_to_idle()
        self._nothing_is_pending()
        self._each_file_is_explained()

    @invariant()
    def output_is_what_the_ledger_says(self) -> None:
        """The rows of each committed version are there once for each, and no others."""
        if not hasattr(self, "rig") or not (self.folder / "outbox").is_dir():
            return
        expected: Counter[int] = Counter()
        staged: Counter[int] = Counter()
        batches = {b.id: b.state for b in self.rig.ledger.batches()}
        for row in self.rig.ledger.files():
            rows = self.versions[row.path, row.mtime_ns]
            if row.state is F.COMMITTED:
                expected.update(rows)
            elif row.batch_id and batches[row.batch_id] is BatchState.STAGED:
                staged.update(rows)
        found = self._output()
        assert expected <= found <= expected + staged
        assert found <= self.most

    # Ways and means

    def _then(self, turns: int) -> None:
        """
        Let the daemon notice what was done, and get some way with it.
        """
        if turns:
            self.rig.scan()
            self.rig.turn(abs(turns))
        if turns < 0:
            self._restart(polite=False)

    def _restart(self, *, polite: bool) -> None:
        if polite:
            self.rig.stop()
        else:
            self.rig.ledger.close()
        self._sink_is(there=True)
        self.rig = self._start()

    def _start(self) -> Rig:
        failures = self.failures

        def before(plan: Plan, unit: Unit) -> None:
            if failures:
                raise failures.pop()

        return start(self.folder, CsvEngine(before=before), clock=self.clock)

    def _allow_twice(self, live: Live, *, other: bool) -> None:
        if other:
            # Renamed and changed, perhaps unseen between the two: it is another file.
            self.most.update(live.rows)

    def _pick(self, pick: int) -> str:
        return sorted(self.live)[pick % len(self.live)]

    def _path(self, name: str) -> Path:
        return self.folder / "inbox" / name

    def _fresh(self, count: int) -> list[int]:
        self.next_row += count
        rows = list(range(self.next_row - count, self.next_row))
        self.most.update(rows)
        return rows

    def _is_now(self, name: str, live: Live) -> None:
        self.time += 1_000
        os.utime(self._path(name), ns=(self.time, self.time))
        self.live[name] = live
        self._remember(name)

    def _remember(self, name: str) -> None:
        mtime = self._path(name).stat().st_mtime_ns
        self.versions[name.encode(), mtime] = self.live[name].rows

    def _sink_is(self, *, there: bool) -> None:
        outbox, away = self.folder / "outbox", self.folder / "away"
        if there and away.exists():
            away.rename(outbox)
        elif not there and outbox.exists():
            outbox.rename(away)

    def _output(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for path in (self.folder / "outbox").glob("**/*.parquet"):
            if path.name not in self.parts:
                with pq.ParquetFile(path) as file:
                    column = file.read(["id"], use_threads=False)["id"]
                self.parts[path.name] = column.to_pylist()
            found.update(self.parts[path.name])
        return found

    def _nothing_is_pending(self) -> None:
        assert [] == self.rig.ledger.unfinished()
        assert {} == {
            s: n for s, n in self.rig.ledger.counts("rows").items() if s in PENDING
        }
        staging = self.folder / "outbox.ingestd" / "staging"
        assert [] == list(staging.iterdir())

    def _each_file_is_explained(self) -> None:
        found = self._output()
        for name, live in self.live.items():
            versions = list(self.rig.ledger.files(path=name.encode()))
            states = {version.state for version in versions}
            newest = versions[-1]
            assert newest.mtime_ns == self._path(name).stat().st_mtime_ns
            assert newest.state in ENDS
            # What grew after its commit, was touched since, or is to blame is not read.
            grew = live.appended if F.GREW_AFTER_COMMIT in states else 0
            rows = live.rows[: len(live.rows) - grew]
            assert set(rows) <= found.keys() or F.QUARANTINED in states


def _lines(rows: list[int]) -> bytes:
    return b"".join(b"%d,d,dev,1\n" % row for row in rows)


def _csv(rows: list[int]) -> bytes:
    return HEADER.encode() + b"\n" + _lines(rows)


TestPeople = People.TestCase
TestPeople.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
