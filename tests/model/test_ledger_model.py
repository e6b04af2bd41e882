"""
The ledger on disk and the ledger in memory, side by side, through random steps.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ingestd.errors import IngestdError
from ingestd.ledger.ledger import Entry
from ingestd.ledger.memory import MemoryLedger
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.model import (
    UNTYPED,
    BatchState,
    Committable,
    FileState,
    Fingerprint,
    MemberResult,
    Outcome,
    Part,
    Schema,
)

PIPELINES = ("p", "q")
SCHEMAS = tuple(Schema(((name, "int64"),)) for name in "xy")

pipelines = st.sampled_from(PIPELINES)
paths = st.sampled_from([b"a", b"b", b"\xff\n", b"d"])
marks = st.builds(
    Fingerprint,
    size=st.integers(0, 3),
    mtime_ns=st.integers(1, 2),
    ctime_ns=st.integers(1, 3),
    inode=st.sampled_from([0, 1, 2**64 - 1]),
    head=st.sampled_from([b"", b"h"]),
    tail=st.just(b"t"),
)
entries = st.builds(Entry, paths, marks)
columns = st.dictionaries(
    st.sampled_from("xyzw"), st.sampled_from(["int64", "string", UNTYPED]), min_size=1
)
outcomes = st.lists(st.sampled_from(list(Outcome)), min_size=8, max_size=8)


def typed(schema):
    """The columns of *schema* that have a type."""
    return {name: kind for name, kind in schema.columns if kind != UNTYPED}


class TwoLedgers(RuleBasedStateMachine):
    """Every step goes to both ledgers; they must answer, or refuse, alike."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-model-"))
        self.disk = SqliteLedger.open(self.folder, now=0.0)
        self.memory = MemoryLedger()
        self.now = 1_795_475_700.0

    def teardown(self):
        self.disk.close()
        self.memory.close()
        shutil.rmtree(self.folder)

    def both(self, step):
        """Take *step* on both; return the answer that they share."""
        self.now += 0.25
        answers = []
        for ledger in (self.disk, self.memory):
            try:
                answers.append(("answer", step(ledger)))
            except IngestdError as err:
                answers.append(("error", type(err)))
        assert answers[0] == answers[1]
        return answers[0][1]

    def batch(self, draw):
        """Any batch there is, in whatever state."""
        ids = [row.id for row in self.memory.batches()]
        return ids[draw % len(ids)] if ids else "none"

    @rule(
        pipeline=pipelines,
        batch=st.lists(entries, max_size=4),
        policy=st.sampled_from(["new", "ignore", "fail"]),
    )
    def admit(self, pipeline, batch, policy):
        self.both(lambda led: led.admit(pipeline, batch, policy, self.now))

    @rule(pipeline=pipelines, listing=st.lists(entries, max_size=6))
    def unknown(self, pipeline, listing):
        self.both(lambda led: list(led.unknown(pipeline, listing)))

    @rule(pipeline=pipelines, entry=entries)
    def grow(self, pipeline, entry):
        self.both(lambda led: led.grown(pipeline, entry, self.now))

    @rule(pipeline=pipelines, entry=entries)
    def rename(self, pipeline, entry):
        found = self.both(lambda led: led.renamed_from(pipeline, entry))
        if found is not None and found[1] is FileState.COMMITTED:
            self.both(lambda led: led.renamed(pipeline, entry, self.now))

    @rule(pipeline=pipelines, path=paths)
    def retry(self, pipeline, path):
        self.both(lambda led: led.retry(pipeline, path, self.now))

    @rule(pipeline=pipelines, files=st.integers(1, 3), size=st.integers(0, 5))
    def seal(self, pipeline, files, size):
        self.both(
            lambda led: led.seal(
                pipeline, max_files=files, max_bytes=size, now=self.now
            )
        )

    @rule(draw=st.integers(0, 99))
    def claim(self, draw):
        batch_id = self.batch(draw)
        self.both(lambda led: led.claim(batch_id, self.now))

    @rule(draw=st.integers(0, 99), isolate=st.booleans(), counted=st.booleans())
    def wait(self, draw, isolate, counted):
        batch_id = self.batch(draw)
        self.both(
            lambda led: led.wait(
                batch_id, "boom", self.now, isolate=isolate, counted=counted
            )
        )

    @rule(draw=st.integers(0, 99))
    def release(self, draw):
        batch_id = self.batch(draw)
        self.both(lambda led: led.release(batch_id, self.now))

    @rule(draw=st.integers(0, 99), ends=outcomes, schema=st.sampled_from(SCHEMAS))
    def stage(self, draw, ends, schema):
        found = {batch.id: batch for batch, _ in self.memory.unfinished()}
        batch = found.get(self.batch(draw))
        if batch is None:
            return
        results = tuple(
            MemberResult(member.file.id, end, 4, 1, 1, 2, "", "")
            for member, end in zip(batch.members, ends, strict=False)
        )
        part = Part(f"{batch.id}-0.parquet", "/s", 1, 1, 10, "ab")
        given = Committable(batch, "/s", (part,), results, schema, seconds={"read": 1})
        self.both(lambda led: led.stage(given, self.now))

    @rule(draw=st.integers(0, 99))
    def commit(self, draw):
        batch_id = self.batch(draw)
        self.both(lambda led: led.commit(batch_id, self.now))

    @rule(draw=st.integers(0, 99))
    def fail(self, draw):
        batch_id = self.batch(draw)
        self.both(lambda led: led.fail(batch_id, "batch_failed", "why", self.now))

    @rule(pipeline=pipelines, schema=st.sampled_from(SCHEMAS))
    def pin(self, pipeline, schema):
        self.both(lambda led: led.pin(pipeline, schema, self.now))

    @rule(pipeline=pipelines, columns=columns)
    def widen(self, pipeline, columns):
        before = self.memory.schema(pipeline)
        given = Schema(tuple(columns.items()), source="added")
        after = self.both(lambda led: led.widen(pipeline, given, self.now))
        if before is None:
            return
        # Two batches that are in flight at once lose no column, of either.
        assert set(after.names) == {*before.names, *columns}
        known = {**columns, **typed(before)}
        assert all(known[name] == kind for name, kind in typed(after).items())

    @rule(pipeline=pipelines, columns=columns)
    def declare(self, pipeline, columns):
        before = self.memory.schema(pipeline)
        declared = Schema(tuple(columns.items()))
        after = self.both(lambda led: led.pin(pipeline, declared, self.now))
        assert after.columns[: len(columns)] == declared.columns
        added = set(before.added) if before else set()
        assert set(after.names) - set(columns) == added - set(columns)
        # A restart with the same declaration changes nothing.
        assert after == self.both(lambda led: led.pin(pipeline, declared, self.now))

    @rule(pipeline=pipelines, state=st.sampled_from([FileState.MOVED, FileState.READY]))
    def dispose(self, pipeline, state):
        refs = self.both(lambda led: list(led.undisposed(pipeline)))
        for ref in refs[:1]:
            self.both(lambda led, i=ref.id: led.disposed(i, state, self.now))

    @rule()
    def reopen(self):
        self.disk.close()
        self.memory.close()
        self.disk = SqliteLedger.open(self.folder, now=self.now)
        self.memory = self.memory.reopen()

    @invariant()
    def the_answers_are_equal(self):
        self.both(lambda led: led.epoch)
        self.both(lambda led: list(led.files()))
        batches = self.both(lambda led: list(led.batches()))
        self.both(lambda led: led.unfinished())
        for row in batches:
            self.both(lambda led, i=row.id: list(led.members(i)))
            self.both(lambda led, i=row.id: led.attempts(i))
            self.both(lambda led, i=row.id: led.parts(i))
            self.both(lambda led, i=row.id: led.staged(i))
        for name in PIPELINES:
            self.both(lambda led, n=name: (led.counts(n), led.backlog(n)))
            self.both(lambda led, n=name: (led.schema(n), led.totals(n)))
            rows = self.both(lambda led, n=name: led.schemas(n))
            numbers = [row.schema.version for row in rows]
            assert numbers == list(range(1, len(rows) + 1))
            self.both(lambda led, n=name: led.last_error(n))
            for path in (b"a", b"b", b"\xff\n", b"d"):
                self.both(lambda led, n=name, p=path: led.latest(n, p))
                self.both(
                    lambda led, n=name, p=path: list(led.files(pipeline=n, path=p))
                )

    @invariant()
    def a_claimed_file_is_in_one_open_batch(self):
        members = [
            member.file.id
            for batch, _ in self.disk.unfinished()
            for member in batch.members
        ]
        claimed = [row.id for row in self.disk.files(state=FileState.CLAIMED)]
        assert sorted(claimed) == sorted(members)

    @invariant()
    def rows_add_up(self):
        for row in self.disk.batches(state=BatchState.COMMITTED):
            assert row.rows_in == row.rows_out + row.rows_rejected + row.rows_filtered


TwoLedgers.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestTwoLedgers = TwoLedgers.TestCase
