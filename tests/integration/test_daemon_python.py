"""
A function of the user's own, on the workers of a running daemon.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.live import ROOT, Daemon, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CONFIG = """
state_dir = "var"
drain_seconds = 20
[prefect]
start_seconds = 300
[http]
listen = ""

[[pipelines]]
name = "rows"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
[pipelines.schema]
device = "int64"
temp = "float64"
[pipelines.transform]
where = "device <> 0"
python = "own_rows:scored"
python_columns = { score = "float64" }
[pipelines.sink]
url = "outbox"
"""
OWN = """
import polars as pl

def scored(rows):
    if rows["temp"].max() > 100:
        raise ValueError("temp is in tenths of a degree")
    return rows.drop_nulls().with_columns(score=pl.col("temp") * 2)
"""


def made(make_daemon: Callable[..., Daemon], *arguments: str) -> Daemon:
    daemon = make_daemon("", "", *arguments)
    (daemon.folder / "config.toml").write_text(CONFIG)
    own = daemon.folder / "own"
    own.mkdir(exist_ok=True)
    daemon.environment["PYTHONPATH"] = f"{ROOT}:{own}"
    return daemon


def manifest(folder: Path) -> dict[str, object]:
    (path,) = (folder / "outbox.ingestd" / "manifest").glob("*.json")
    found: dict[str, object] = json.loads(path.read_text())
    return found


def test_rows_counts_manifest_and_traceback(make_daemon: Callable[..., Daemon]) -> None:
    """
    A good file's rows are in the output, a bad one is set aside and tells the line, and
    the manifest has the hash of what ran.
    """
    daemon = made(make_daemon, "--once")
    folder = daemon.folder
    (folder / "own" / "own_rows.py").write_text(OWN)
    (folder / "inbox" / "a.csv").write_text("device,temp\n1,1.5\n0,2\n3,\n")
    (folder / "inbox" / "b.csv").write_text("device,temp\n1,215\n")

    assert 3 == daemon.start().wait(), daemon.tail()

    files = f"{folder}/outbox/*.parquet"
    assert [(1, 1.5, 3.0)] == duckdb.sql(f"from read_parquet('{files}')").fetchall()
    source = hashlib.sha256(OWN.encode()).hexdigest()
    found = manifest(folder)
    assert {"function": "own_rows:scored", "sha256": [source]} == found["python"]
    assert (3, 1, 2) == (found["rows_in"], found["rows_out"], found["rows_filtered"])
    told = verb(folder, "why", "b.csv").stdout
    problem = "own_rows:scored raised ValueError: temp is in tenths of a degree\n"
    assert f"reason    python_failed: {problem}" in told
    assert 'own_rows.py", line 6, in scored\n' in told
    assert 0 == verb(folder, "verify", "--deep").returncode


def test_a_function_that_is_not_there(make_daemon: Callable[..., Daemon]) -> None:
    """
    No file is set aside for it: the batch waits, and the next start finds it there.
    """
    daemon = made(make_daemon)
    folder = daemon.folder
    (folder / "inbox" / "a.csv").write_text("device,temp\n1,1.5\n")
    daemon.start()
    failed = daemon.wait_for("batch_failed")
    assert "cannot be imported: ModuleNotFoundError" in failed["error"]
    assert 143 == daemon.stop(), daemon.tail()

    (folder / "own" / "own_rows.py").write_text(OWN)
    again = made(make_daemon, "--once")
    assert 0 == again.start().wait(), again.tail()
    assert 1 == again.committed_rows()
