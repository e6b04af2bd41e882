"""
Hand-made rejects, and results that they belong to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingestd.config import Drift, Pipeline, Sink
from ingestd.errors import Reason
from ingestd.model import MemberResult, Outcome, Part, Schema
from ingestd.run.engine import Plan, UnitResult
from ingestd.run.rejects import Reject

BATCH = "20261123T231501Z-1a2b3c4d5e6f"


def plan_in(folder: Path, **changes: Any) -> Plan:
    """A plan whose two stagings are in *folder*."""
    stagings = {"staging": folder / "data", "rejects_staging": folder / "rejects"}
    for path in stagings.values():
        path.mkdir(exist_ok=True)
    pipeline = Pipeline(
        name="rows",
        drift=Drift(bad_row="reject"),
        sink=changes.pop("sink", Sink(url=str(folder / "out"))),
    )
    values = {
        "batch_id": BATCH,
        "pipeline": pipeline,
        "schema": Schema((("n", "int64"),), 1),
        "root": str(folder / "in"),
        "metadata": {"ingestd.batch": BATCH},
        **{name: str(path) for name, path in stagings.items()},
    }
    return Plan(**{**values, **changes})


def reject(file_id: int = 1, record: int = 1, **changes: Any) -> Reject:
    """The reject of one record, with a value that is no number."""
    values = {
        "file_id": file_id,
        "path": b"%d.csv" % file_id,
        "record": record,
        "line": record + 1,
        "offset": 10 * record,
        "column": "n",
        "reason": Reason.BAD_VALUE,
        "detail": "'x' is no int64",
        "header": b"n,text",
        "raw": b"x,%d" % record,
    }
    return Reject(**{**values, **changes})


def read(file_id: int, rows_out: int, rejected: int) -> MemberResult:
    """The result of a file that was read."""
    rows_in = rows_out + rejected
    return MemberResult(file_id, Outcome.READ, rows_in, rows_out, rejected)


def result(
    *members: MemberResult, rejects: tuple[Reject, ...] = (), unit: int = 0
) -> UnitResult:
    """A unit's result in row mode, with a part for what its members gave."""
    rows = sum(member.rows_out for member in members)
    parts = (Part(f"{unit}", "", rows, rows, 1, ""),) if rows else ()
    return UnitResult(unit, members, parts=parts, rejects=rejects)
