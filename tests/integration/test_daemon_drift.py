"""
Files whose columns change, under a running daemon and over its restarts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.live import Daemon, verb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

CONFIG = """
state_dir = "var"
drain_seconds = 20
[http]
listen = ""

[[pipelines]]
name = "declared"
[pipelines.source]
url = "declared"
settle_unseen_seconds = 1
[pipelines.schema]
a = "int64"
[pipelines.drift]
new_column = "add"
[pipelines.batch]
max_files = 1
[pipelines.sink]
url = "out/declared"

[[pipelines]]
name = "inferred"
[pipelines.source]
url = "inferred"
settle_unseen_seconds = 1
[pipelines.sink]
url = "out/inferred"
"""


def put(folder: Path, name: str, text: str) -> None:
    """Let a whole file appear at once."""
    partial = folder / f".{Path(name).name}.part"
    partial.write_text(text)
    partial.rename(folder / name)


def rows(folder: Path, pipeline: str) -> list[tuple[object, ...]]:
    files = f"{folder}/out/{pipeline}/*.parquet"
    query = f"from read_parquet('{files}', union_by_name = true) order by a"
    return duckdb.sql(query).fetchall()


def changes(daemon: Daemon, pipeline: str) -> list[tuple[object, ...]]:
    return [
        (
            line["from_version"],
            line["to_version"],
            line["source"],
            *(tuple(line[k]) for k in ("added", "removed", "retyped", "renamed")),
        )
        for line in daemon.events("schema_changed")
        if line["pipeline"] == pipeline
    ]


def started(make_daemon: Callable[..., Daemon], *arguments: str) -> Daemon:
    daemon = make_daemon("", "", *arguments)
    (daemon.folder / "config.toml").write_text(CONFIG)
    for name in ("declared", "inferred"):
        (daemon.folder / name).mkdir(exist_ok=True)
    return daemon.start()


def test_columns_come_and_stay(make_daemon: Callable[..., Daemon]) -> None:
    """Added and typed while others are in flight, kept by a restart; no row is lost."""
    first = started(make_daemon)
    folder = first.folder
    pinned = first.wait_for("schema_pinned", lambda e: e["pipeline"] == "declared")
    assert (1, ["a int64"]) == (pinned["version"], pinned["columns"])
    put(folder, "declared/0.csv", "a\n0\n")
    put(folder, "inferred/0.csv", "a,note\n0,\n")
    first.wait_for_rows(2)
    for number in (1, 2, 3):
        put(folder, f"declared/{number}.csv", f"a,c{number}\n{number},{number}.5\n")
    put(folder, "inferred/1.csv", "a,note,more\n1,2026-11-24,x\n")
    first.wait_for_rows(6)
    came = changes(first, "declared")
    assert [(1, 2), (2, 3), (3, 4)] == [change[:2] for change in came]
    assert {("c1 float64",), ("c2 float64",), ("c3 float64",)} == {c[3] for c in came}
    assert [(1, 2, "typed", (), (), ("note: null -> date",), ())] == changes(
        first, "inferred"
    )
    assert 143 == first.stop(), first.tail()

    second = started(make_daemon)
    put(folder, "declared/4.csv", "A,c2\n4,7.5\n")
    second.wait_for_rows(1)
    assert 143 == second.stop(), second.tail()
    assert [] == second.events("schema_changed") + second.events("schema_pinned")

    by_name = {
        (row["a"], row.get("c1"), row.get("c2"), row.get("c3"))
        for row in _records(folder, "declared")
    }
    assert {
        (0, None, None, None),
        (1, 1.5, None, None),
        (2, None, 2.5, None),
        (3, None, None, 3.5),
        (4, None, 7.5, None),
    } == by_name
    dates = [(a, str(note) if note else None) for a, note in rows(folder, "inferred")]
    assert [(0, None), (1, "2026-11-24")] == dates
    assert 0 == verb(folder, "verify").returncode
    _answers(folder)


def _records(folder: Path, pipeline: str) -> list[dict[str, object]]:
    """The rows of each part, which has the columns of the version that it names."""
    found = []
    for path in (folder / "out" / pipeline).glob("*.parquet"):
        table = pq.read_table(path)
        version = int(pq.read_metadata(path).metadata[b"ingestd.schema_version"])
        assert version == table.num_columns
        found += table.to_pylist()
    return found


def _answers(folder: Path) -> None:
    why = verb(folder, "why", "declared/4.csv").stdout
    assert "schema    version 4\n" in why
    assert "no 'c1', 'c3', null instead" in why or "no 'c3', 'c1', null" in why
    assert "'A' taken for 'a'" in why
    assert "'more' left out" in verb(folder, "why", "inferred/1.csv").stdout
    check = verb(folder, "check").stdout
    assert "schema   pinned, version 4, added" in check
    assert "note: null -> date" in check
