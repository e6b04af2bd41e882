"""
A folder with a configuration, a ledger and a sink, made without any daemon.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestd.cli import main
from ingestd.commit.manifest import document
from ingestd.commit.sink import LocalSink
from ingestd.config import load
from ingestd.ledger.ledger import Entry
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.model import (
    Batch,
    Committable,
    Fingerprint,
    MemberResult,
    Outcome,
    Part,
    Schema,
)
from ingestd.run.aside import Aside
from ingestd.run.engine import Plan, UnitResult
from ingestd.run.rejects import Reject

CONFIG = """
state_dir = "var"
{head}
[[pipelines]]
name = "sensors"

[pipelines.source]
url = "inbox"
{source}

[pipelines.sink]
url = "outbox"
"""
AGGREGATE = """
[pipelines.aggregate]
group_by = ["device"]
"""
SCHEMA = Schema((("device", "int64"), ("temp", "float64")))
MEMBER_ROWS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb said: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it is."""
        return json.loads(self.out)


@dataclass(slots=True)
class World:
    """One operator's folder."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def sink(self) -> LocalSink:
        (pipeline,) = load(self.config, {}).pipelines
        return LocalSink.of(pipeline)

    def configure(self, *, head: str = "", source: str = "", tail: str = "") -> None:
        text = CONFIG.format(head=head, source=source) + tail
        self.config.write_text(text, encoding="utf-8")

    def ask(self, *arguments: str) -> Answer:
        verb, *rest = arguments
        self.capsys.readouterr()
        code = main([verb, "-c", str(self.config), *rest])
        captured = self.capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    @contextmanager
    def ledger(self) -> Iterator[SqliteLedger]:
        state = self.folder / "var"
        state.mkdir(exist_ok=True)
        ledger = SqliteLedger.open(state, now=1.0)
        try:
            yield ledger
        finally:
            ledger.close()

    def admit(self, *paths: bytes, on_change: str = "new", version: int = 1) -> None:
        with self.ledger() as ledger:
            entries = [entry(path, version) for path in paths]
            ledger.admit("sensors", entries, on_change, 10.0)

    def commit(
        self,
        *paths: bytes,
        outcome: Outcome = Outcome.READ,
        rows_in: int = 0,
        note: str = "",
        rejects: Sequence[Reject] = (),
    ) -> Batch:
        """
        Take *paths* through a whole batch, with real parts and their manifest.

        The *rejects* get the id of the file that has their path.
        """
        self.admit(*paths)
        with self.ledger() as ledger:
            sealed = ledger.seal("sensors", max_files=99, max_bytes=1 << 30, now=20.0)
            assert sealed is not None
            batch = ledger.claim(sealed.id, 30.0)
            given = self._committable(batch, outcome, rows_in, rejects)
            members = [replace(m, detail=m.detail or note) for m in given.members]
            ledger.stage(replace(given, members=tuple(members)), 40.0)
            staged = ledger.staged(batch.id)
            self.sink.publish(staged, document(staged, ledger.epoch))
            self.sink.discard(staged.staging)
            ledger.commit(batch.id, 50.0)
        return batch

    def fail(self, *paths: bytes) -> Batch:
        """Leave *paths* in a batch whose first attempt failed."""
        self.admit(*paths)
        with self.ledger() as ledger:
            sealed = ledger.seal("sensors", max_files=99, max_bytes=1 << 30, now=20.0)
            assert sealed is not None
            batch = ledger.claim(sealed.id, 30.0)
            error = "the disk said \x1b[31mno"
            ledger.wait(batch.id, error, 35.0, isolate=False, counted=True)
        return batch

    def _committable(
        self,
        batch: Batch,
        outcome: Outcome,
        rows_in: int,
        rejects: Sequence[Reject] = (),
    ) -> Committable:
        sink = self.sink
        sink.prepare()
        staging = sink.stage(1, batch.id, 1)
        read = outcome is Outcome.READ
        each = MEMBER_ROWS if read else 0
        results = tuple(
            MemberResult(
                member.file.id,
                outcome,
                rows_in=each,
                rows_out=each,
                reason="" if read else "bad_value",
                detail="" if read else "record 3: 'x' is no int64",
            )
            for member in batch.members
        )
        parts = (part(batch, staging, each * len(results), rows_in),) if read else ()
        made = Committable(batch, staging, parts, results, SCHEMA)
        if not rejects:
            return made
        return self._with_rejects(made, rejects, sink.rejects_of(staging))

    def _with_rejects(
        self, made: Committable, rejects: Sequence[Reject], staging: str
    ) -> Committable:
        ids = {member.file.path: member.file.id for member in made.batch.members}
        mine = tuple(replace(one, file_id=ids[one.path]) for one in rejects)
        (pipeline,) = load(self.config, {}).pipelines
        named = {"ingestd.batch": made.batch.id}
        plan = Plan(
            made.batch.id, pipeline, SCHEMA, "", "", named, rejects_staging=staging
        )
        aside = Aside(plan)
        aside.add(UnitResult(0, (), rejects=mine))
        parts = made.parts + aside.close()
        counts = Counter(one.file_id for one in mine)
        members = tuple(
            replace(
                member,
                rows_in=member.rows_in + counts[member.file_id],
                rows_rejected=counts[member.file_id],
            )
            for member in made.members
        )
        return replace(made, parts=parts, members=aside.tally.told(members))


def entry(path: bytes, version: int = 1) -> Entry:
    """One settled file of 100 bytes; another *version* has other content."""
    ends = b"v%d" % version
    return Entry(path, Fingerprint(100, version, version, 7, "", ends + path, ends))


def part(batch: Batch, staging: str, rows: int, groups: int = 0) -> Part:
    """Write a part of *rows* rows, or of *groups* groups that stand for them."""
    columns: dict[str, list[float]] = {"device": list(range(groups or rows))}
    if groups:
        columns["_rows"] = [1] * (groups - 1) + [rows - groups + 1]
    table = pa.table(columns)
    named = table.replace_schema_metadata({"ingestd.batch": batch.id})
    path = Path(staging, "0.parquet")
    pq.write_table(named, path)
    return Part(
        name=f"{batch.id}-0000000000.parquet",
        staged=str(path),
        rows=table.num_rows,
        rows_in=rows,
        size=path.stat().st_size,
        sha256=_sha256(path),
    )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(name="world")
def made_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> World:
    """A folder with a configuration and an inbox, and nothing else."""
    made = World(tmp_path, capsys)
    made.configure()
    made.inbox.mkdir()
    return made
