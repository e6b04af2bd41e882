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
from dataclasses import dataclass
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


@dataclass(slots=True)
class Live:
    """
    A file that is there now: its rows in order, and how many of the last were appended.
    """

    rows: list[int]
    appended: int = 0


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

    @rule(name=st.sampled_from(NAMES), count=st.integers(0, 3))
    def create(self, name: str, count: int) -> None:
        """A new file, or another one in the place of an old one, renamed in."""
        rows = self._fresh(count)
        whole = self.folder / "whole"
        whole.write_bytes(_csv(rows))
        whole.rename(self._path(name))
        self._is_now(name, Live(rows))

    @rule(name=st.sampled_from(NAMES), count=st.integers(0, 3))
    def rewrite(self, name: str, count: int) -> None:
        """The same file with other content."""
        if name in self.live:
            rows = self._fresh(count)
            self._path(name).write_bytes(_csv(rows))
            self._is_now(name, Live(rows))

    @rule(name=st.sampled_from(NAMES), count=st.integers(1, 2))
    def append(self, name: str, count: int) -> None:
        """More rows at the end."""
        if name in self.live:
            before, rows = self.live[name], self._fresh(count)
            with self._path(name).open("ab") as file:
                file.write(_lines(rows))
            appended = before.appended + count
            self._is_now(name, Live(before.rows + rows, appended))

    @rule(old=st.sampled_from(NAMES), new=st.sampled_from(NAMES))
    def rename(self, old: str, new: str) -> None:
        """Another name, perhaps one that is in use."""
        if old in self.live and old != new:
            self._path(old).rename(self._path(new))
            moved = self.live.pop(old)
            if moved.appended:
                # Grown and renamed before or after it was looked at: another file.
                self.most.update(moved.rows)
            self.live[new] = moved
            self._remember(new)

    @rule(name=st.sampled_from(NAMES))
    def touch(self, name: str) -> None:
        """Another time, and nothing else."""
        if name in self.live:
            self._is_now(name, self.live[name])

    @rule(name=st.sampled_from(NAMES))
    def delete(self, name: str) -> None:
        """It is gone."""
        if name in self.live:
            self._path(name).unlink()
            del self.live[name]

    @rule(old=st.sampled_from(NAMES), new=st.sampled_from(NAMES))
    def duplicate(self, old: str, new: str) -> None:
        """The same rows a second time: they are to be read a second time."""
        if old in self.live and new not in self.live:
            shutil.copy(self._path(old), self._path(new))
            rows = self.live[old].rows
            self.most.update(rows)
            self._is_now(new, Live(list(rows)))

    # What happens to the daemon

    @rule(turns=st.integers(1, 4), scan=st.booleans())
    def tick(self, turns: int, scan: bool) -> None:
        """Some turns of the loop, with or without a scan."""
        if scan:
            self.rig.scan()
        self.rig.turn(turns)

    @rule(polite=st.booleans())
    def restart(self, polite: bool) -> None:
        """A crash between two turns, or a shutdown; and the next start."""
        if polite:
            self.rig.stop()
        else:
            self.rig.ledger.close()
        self._sink_is(there=True)
        self.rig = self._start()

    @rule()
    def hang(self) -> None:
        """The cluster goes on, or stands still: batches stay in flight."""
        self.rig.parts.runner.stopped = not self.rig.parts.runner.stopped

    @rule(failures=st.lists(st.sampled_from(FAILURES), min_size=1, max_size=4))
    def fail(self, failures: list[Exception]) -> None:
        """The next units to read fail."""
        self.failures[:] = failures

    @rule(there=st.booleans())
    def sink(self, there: bool) -> None:
        """The sink goes away, or comes back."""
        self._sink_is(there=there)

    @rule(seconds=st.floats(-1e6, 1e6))
    def jump(self, seconds: float) -> None:
        """The wall clock is set."""
        self.clock.skew += seconds

    @precondition(lambda self: self.live)
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

    def _start(self) -> Rig:
        failures = self.failures

        def before(plan: Plan, unit: Unit) -> None:
            if failures:
                raise failures.pop()

        return start(self.folder, CsvEngine(before=before), clock=self.clock)

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
            with pq.ParquetFile(path) as file:
                found.update(file.read(["id"], use_threads=False)["id"].to_pylist())
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
            *_, newest = self.rig.ledger.files(path=name.encode())
            assert newest.mtime_ns == self._path(name).stat().st_mtime_ns
            if newest.state is F.GREW_AFTER_COMMIT:
                assert live.appended
                assert set(live.rows[: -live.appended]) <= found.keys()
            elif newest.state is F.QUARANTINED:
                assert newest.reason == "unreadable"
            else:
                assert newest.state in {F.COMMITTED, F.UNCHANGED}
                assert set(live.rows) <= found.keys() or self._was_blamed(name)

    def _was_blamed(self, name: str) -> bool:
        states = [r.state for r in self.rig.ledger.files(path=name.encode())]
        return F.QUARANTINED in states


def _lines(rows: list[int]) -> bytes:
    return b"".join(b"%d,d,dev,1\n" % row for row in rows)


def _csv(rows: list[int]) -> bytes:
    return HEADER.encode() + b"\n" + _lines(rows)


TestPeople = People.TestCase
TestPeople.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
