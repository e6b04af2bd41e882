"""
A small world for a daemon: its configuration and files, and what must come of them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ingestd.commit.verify import Recount
from ingestd.config import load
from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import BatchState, FileState, PartKind

ROWS = """
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "rows"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
after_commit = "move"
move_to = "done"
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
partition_by = ["day"]
[pipelines.drift]
new_column = "fail"
missing_column = "fail"
[pipelines.rejects]
url = "rejects"
"""

GROUPS = """
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "groups"
[pipelines.source]
url = "inbox"
settle_unseen_seconds = 1
[pipelines.batch]
max_files = 2
max_in_flight = 2
[pipelines.aggregate]
group_by = ["device"]
[pipelines.aggregate.metrics]
n = ["*", "count"]
total = ["value", "sum"]
[pipelines.drift]
new_column = "fail"
missing_column = "fail"
[pipelines.sink]
url = "outbox"
"""

CONFIGS = {"rows": ROWS, "groups": GROUPS}
HEADER = "id,day,device,value"
BAD = "c.csv"
"""In the middle, so that it shares its batch with a good file."""
MIXED = "b.csv"
"""Good but for some rows, so that one batch has rejects and another has none."""

Row = tuple[int, str, str, int]


def rows_of(number: int, count: int = 3) -> list[Row]:
    """
    Return the rows of file *number*: each id is unique in the world.
    """
    return [
        (number * 100 + i, f"d{i % 2}", f"dev{i % 2}", number + i) for i in range(count)
    ]


def csv_of(rows: list[Row]) -> bytes:
    """
    Return *rows* as a CSV file.
    """
    lines = [HEADER, *(",".join(map(str, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def parquet_of(folder: Path) -> Iterator[Path]:
    """
    Yield the Parquet files that a reader's glob finds below *folder*.
    """
    yield from folder.glob("**/*.parquet")


@cache
def _duckdb() -> Any:
    import duckdb

    return duckdb.connect(config={"threads": 1})


@dataclass(slots=True)
class World:
    """
    A folder with ``config.toml``, inbox, outbox, done and var.

    *good* files by name with their rows, *bad* ones with the reason to quarantine them;
    *rejected* are the lines at the end of good files that make no row.
    """

    folder: Path
    mode: str = "rows"
    good: dict[str, list[Row]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)

    def fill(self) -> World:
        """
        Write the configuration, three good files, and a bad one among them.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.toml").write_text(CONFIGS[self.mode])
        self.rejected[MIXED] = ["290,d0", "291,d1,dev1,4,5"]
        if self.mode == "rows":
            # Where types are inferred these would make the columns text.
            self.rejected[MIXED] += ["292,d0,dev0,many", "x93,d1,dev1,4"]
        for name in ("inbox", "done"):
            (self.folder / name).mkdir()
        for number, name in enumerate(("a.csv", "b.csv", "d.csv"), 1):
            self.add(name, rows_of(number))
        (self.inbox / BAD).write_bytes(b"id,day,device\n1,d0,dev0\n")
        self.bad[BAD] = "missing_column"
        return self

    def add(self, name: str, rows: list[Row]) -> None:
        """
        Put a good file into the inbox.
        """
        self.good[name] = rows
        (self.inbox / name).write_bytes(self.content_of(name))

    def content_of(self, name: str) -> bytes:
        """
        Return what is in the good file *name*.
        """
        lines = "".join(f"{line}\n" for line in self.rejected.get(name, ()))
        return csv_of(self.good[name]) + lines.encode()

    @property
    def inbox(self) -> Path:
        """The source's folder."""
        return self.folder / "inbox"

    @property
    def outbox(self) -> Path:
        """The sink's folder."""
        return self.folder / "outbox"

    @property
    def rejects(self) -> Path:
        """The folder of the rejects: a configured one, and the default one."""
        return (
            self.folder / {"rows": "rejects", "groups": "var/rejects/groups"}[self.mode]
        )

    def visible(self) -> dict[str, str]:
        """
        Return the digest of every Parquet file that a reader's glob finds now, and
        fail unless each is whole.
        """
        import pyarrow.parquet as pq

        found = {}
        for folder in (self.outbox, self.rejects):
            for path in parquet_of(folder):
                with pq.ParquetFile(path) as file:
                    file.read(use_threads=False)
                name = str(path.relative_to(self.folder))
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def check_rejects_come_first(self) -> None:
        """
        Fail unless the rejects of every batch that a reader sees are there as well.
        """
        seen = {path.name for path in parquet_of(self.outbox)}
        if not seen:
            return
        there = {path.name for path in parquet_of(self.rejects)}
        reader = SqliteReader.open(self.folder / "var")
        try:
            for batch in reader.batches():
                names: dict[PartKind, set[str]] = {kind: set() for kind in PartKind}
                for part in reader.parts(batch.id):
                    names[part.kind].add(part.name.rpartition("/")[2])
                if seen & names[PartKind.DATA]:
                    assert names[PartKind.REJECTS] <= there
        finally:
            reader.close()

    def check(self) -> None:
        """
        Fail unless everything was ingested exactly once, and nothing is left over.
        """
        self.check_output()
        self.check_rejects()
        self.check_ledger()
        self.check_leftovers()

    def check_output(self) -> None:
        """
        Fail unless the rows in the output are the good files' rows, each once.
        """
        rows = [row for found in self.good.values() for row in found]
        if self.mode == "groups":
            sums: Counter[tuple[str, str]] = Counter()
            for _, _, device, value in rows:
                sums.update({(device, "n"): 1, (device, "total"): value})
            assert sums == self._sums()
        else:
            assert sorted(rows) == self.by_duckdb()
            assert sorted(rows) == self.by_polars()

    def check_rejects(self) -> None:
        """
        Fail unless each row that was set aside is among the rejects once.
        """
        import pyarrow.parquet as pq

        expected = [
            (name, len(self.good[name]) + n, f"{HEADER}\n{raw}")
            for name, lines in self.rejected.items()
            for n, raw in enumerate(lines, 1)
            if name in self.good
        ]
        found = []
        for path in parquet_of(self.rejects):
            for row in pq.read_table(path, use_threads=False).to_pylist():
                text = f"{row['header']}\n{row['raw']}"
                found.append((row["file"], row["record"], text))
        assert sorted(expected) == sorted(found)

    def by_duckdb(self) -> list[Row]:
        """
        Return the output's rows, sorted, as DuckDB's glob reads them.
        """
        query = (
            "select id, day, device, value from read_parquet(?, hive_partitioning=1)"
        )
        if not list(self.outbox.glob("**/*.parquet")):
            return []
        glob = str(self.outbox / "**" / "*.parquet")
        return sorted(_duckdb().execute(query, [glob]).fetchall())

    def by_polars(self) -> list[Row]:
        """
        Return the output's rows, sorted, as Polars reads the folder.
        """
        import polars as pl

        if not list(self.outbox.glob("**/*.parquet")):
            return []
        frame = pl.read_parquet(self.outbox, hive_partitioning=True)
        return sorted(frame.select("id", "day", "device", "value").rows())

    def check_ledger(self) -> None:
        """
        Fail unless every batch is committed, and every file has its right end.
        """
        after = FileState.MOVED if self.mode == "rows" else FileState.COMMITTED
        expected = {name.encode(): [after] for name in self.good}
        expected |= {name.encode(): [FileState.QUARANTINED] for name in self.bad}
        found: dict[bytes, list[FileState]] = {}
        reader = SqliteReader.open(self.folder / "var")
        try:
            batches = {batch.state for batch in reader.batches()}
            for row in reader.files():
                found.setdefault(row.path, []).append(row.state)
                name = row.path.decode()
                assert self.bad.get(name, "") == row.reason
                lines = self.rejected.get(name, ()) if name in self.good else ()
                assert len(lines) == row.rows_rejected
            config = load(self.folder / "config.toml", {})
            findings = list(Recount(reader, config.pipelines, deep=True).findings())
        finally:
            reader.close()
        assert {BatchState.COMMITTED} == batches
        assert expected == found
        assert [] == [str(finding) for finding in findings]

    def check_leftovers(self) -> None:
        """
        Fail unless only finished files are there, under their final names.
        """
        for folder in (self.outbox, self.rejects):
            staging = folder.with_name(f"{folder.name}.ingestd") / "staging"
            assert [] == list(staging.iterdir())
        odd = [p for p in self.outbox.glob("**/*") if p.is_file()]
        odd += [p for p in self.rejects.glob("**/*") if p.is_file()]
        assert [] == [p for p in odd if p.suffix != ".parquet"]
        manifests = (self.folder / "outbox.ingestd" / "manifest").iterdir()
        told = [json.loads(path.read_bytes()) for path in manifests]
        places = {"data": self.outbox, "rejects": self.rejects}
        parts = [
            str((places[part["kind"]] / part["name"]).relative_to(self.folder))
            for one in told
            for part in one["parts"]
        ]
        assert sorted(self.visible()) == sorted(parts)
        moved = self.good if self.mode == "rows" else {}
        stayed = self.bad.keys() | (self.good.keys() - moved.keys())
        assert sorted(stayed) == sorted(p.name for p in self.inbox.iterdir())
        done = {p.name: p.read_bytes() for p in (self.folder / "done").iterdir()}
        assert {name: self.content_of(name) for name in moved} == done

    def _sums(self) -> Counter[tuple[str, str]]:
        import pyarrow.parquet as pq

        sums: Counter[tuple[str, str]] = Counter()
        for path in self.outbox.glob("**/*.parquet"):
            rows: list[dict[str, Any]] = pq.read_table(
                path, use_threads=False
            ).to_pylist()
            for row in rows:
                assert row["n"] == row["_rows"]
                n, total = (row["device"], "n"), (row["device"], "total")
                sums.update({n: row["n"], total: row["total"]})
        return sums
