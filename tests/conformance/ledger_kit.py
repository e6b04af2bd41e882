"""
What the suites of the ledger share: both implementations, and short ways to say things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingestd.ledger.ledger import Admission, Entry, Ledger
from ingestd.ledger.memory import MemoryLedger
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.model import (
    Batch,
    Committable,
    FileState,
    Fingerprint,
    MemberResult,
    Outcome,
    Part,
    PartKind,
    Schema,
)

PIPELINE = "sensors"
SCHEMA = Schema((("ts", "timestamp"), ("temp", "float64")))


@pytest.fixture(params=["sqlite", "memory"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[], Ledger]]:
    """Open the ledger, and open it again later; closed by the test's end."""
    ledgers: list[Ledger] = []

    def open_ledger() -> Ledger:
        if request.param == "sqlite":
            ledger: Ledger = SqliteLedger.open(tmp_path, now=0.5)
        else:
            ledger = ledgers[0].reopen() if ledgers else MemoryLedger()
        ledgers.append(ledger)
        return ledger

    yield open_ledger
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def ledger(opened: Callable[[], Ledger]) -> Ledger:
    """One open ledger of each kind."""
    return opened()


def entry(path: bytes = b"a.csv", *, version: int = 1, **values: object) -> Entry:
    """One settled file; another *version* has another stat and other content."""
    mark = Fingerprint(
        size=100,
        mtime_ns=1_000 + version,
        ctime_ns=2_000 + version,
        inode=7 + version,
        head=b"head%d" % version,
        tail=b"tail%d" % version,
    )
    return Entry(path, replace(mark, **values))


def touched(one: Entry, *, by: int = 1) -> Entry:
    """The same content with another stat."""
    mark = one.fingerprint
    return Entry(one.path, replace(mark, ctime_ns=mark.ctime_ns + 100 * by))


def admit(ledger: Ledger, *entries: Entry, on_change: str = "new") -> list[Admission]:
    """Admit into the usual pipeline at 10."""
    return ledger.admit(PIPELINE, entries, on_change, 10.0)


def seal(ledger: Ledger, *, max_files: int = 1000, now: float = 20.0) -> Batch:
    """Seal what is ready."""
    batch = ledger.seal(PIPELINE, max_files=max_files, max_bytes=1 << 40, now=now)
    assert batch is not None
    return batch


def committable(
    batch: Batch, outcome: Outcome = Outcome.READ, *, schema: Schema = SCHEMA
) -> Committable:
    """What a run of *batch* gives when every member has the same *outcome*."""
    read = outcome is Outcome.READ
    results = tuple(
        MemberResult(
            member.file.id,
            outcome,
            rows_in=7 if read else 0,
            rows_out=4 if read else 0,
            rows_rejected=1 if read else 0,
            rows_filtered=2 if read else 0,
            reason="" if read else "bad_value",
            detail="no number",
            rejected=(("bad_value", 1),) if read else (),
        )
        for member in batch.members
    )
    staging, name = f"/staging/{batch.id}", f"{batch.id}-0.parquet"
    part = Part(name, staging, 4, 4, 900, "ab" * 32)
    # Of the same name: each kind counts its parts for itself.
    aside = Part(name, "/rejects", 1, 1, 90, "ef" * 32, PartKind.REJECTS)
    return Committable(
        batch, staging, (part, aside), results, schema, True, {"read": 0.5}
    )


def finish(ledger: Ledger, outcome: Outcome = Outcome.READ) -> Batch:
    """Take what is ready through a whole batch."""
    batch = ledger.claim(seal(ledger).id, 30.0)
    ledger.stage(committable(batch, outcome), 40.0)
    ledger.commit(batch.id, 50.0)
    return batch


def states(ledger: Ledger, path: bytes | None = None) -> list[FileState]:
    """The states of all versions, in order of admission."""
    return [row.state for row in ledger.files(pipeline=PIPELINE, path=path)]
