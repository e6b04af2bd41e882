"""
A bucket as the source of a whole daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from ingestd.model import FileState
from tests.fault.rig import Rig
from tests.stores import Bucket


def config(bucket: Bucket, *, source: str = "", rest: str = "") -> str:
    return f"""
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "rows"
[pipelines.source]
url = "s3://{bucket.name}/in"
{source}
[pipelines.source.storage]
endpoint_url = "{bucket.endpoint}"
[pipelines.sink]
url = "outbox"
{rest}
"""


def rows(folder: Path) -> list[tuple[object, ...]]:
    """Return all rows that a reader finds, in order."""
    files = sorted((folder / "outbox").rglob("*.parquet"))
    return sorted(row for file in files for row in pl.read_parquet(file).rows())


def states(rig: Rig) -> dict[bytes, FileState]:
    return {row.path: row.state for row in rig.ledger.files(pipeline="rows")}


def test_objects_are_read_once(
    bucket: Bucket, begin: Callable[..., Rig], tmp_path: Path
) -> None:
    """Whatever their names: a listing shows every object that the rules take."""
    bucket.put("in/a b+é.csv", b"n,text\n1,x\n")
    bucket.put("in/b.csv", b'n,text\n2,"y,\nz"\n')
    bucket.put("in/empty.csv", b"")
    bucket.put("in/", b"")
    bucket.put("in/deeper/c.csv", b"n,text\n3,x\n")
    bucket.put("in/notes.txt", b"n,text\n4,x\n")
    bucket.put("inner.csv", b"n,text\n5,x\n")

    rig = begin(config(bucket))
    rig.run_to_idle()
    rig.run_to_idle()

    assert rows(tmp_path) == [(1, "x"), (2, "y,\nz")]
    assert states(rig) == {
        "a b+é.csv".encode(): FileState.COMMITTED,
        b"b.csv": FileState.COMMITTED,
        b"empty.csv": FileState.COMMITTED,
    }
