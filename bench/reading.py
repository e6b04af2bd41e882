"""
What it costs to read strictly, to count for oneself, and to set bad rows aside.

    python -m bench.reading FOLDER [--rounds N] [--files N] [--giant GB]

Clean files in this process, in core-seconds, beside a plain ``polars.scan_csv`` to the
same Parquet; then the same files with one bad row in a thousand; then, with
``--giant``, one file of that size, slice by slice in a process of its own, for its peak
memory. The sides of a pair run in turn; medians count.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from bench.data import BACKLOG_ROWS, SCHEMA, write
from bench.engine import METRICS, members
from ingestd.batch.plan import plan as cut
from ingestd.config import Pipeline
from ingestd.model import Batch, Schema, Unit
from ingestd.run.engine import Plan, UnitResult, load
from ingestd.run.opening import open_content
from ingestd.run.slices import whole_files

KEYS = ["device", "region"]
EVERY = 1000
BAD = b"2026-01-01T00:00:00,1,north,warm,1.5,2.5,1\n"
POLARS = {
    "timestamp": pl.Datetime("us"),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "string": pl.String(),
}
Times = tuple[float, float]
Work = Callable[[], tuple[int, int]]


def job(folder: Path, staging: Path, *, grouped: bool) -> tuple[Plan, Batch]:
    """
    Return the plan and the batch of all files of *folder*.
    """
    spec: dict[str, Any] = {"aggregate": {"group_by": KEYS, "metrics": METRICS}}
    options = {"sink": {"url": str(staging)}, "drift": {"max_rejects": 10**7}}
    pipeline = Pipeline(name="bench", **options, **(spec if grouped else {}))
    schema = Schema(tuple(SCHEMA.items()), 1)
    aside = staging / "rejects"
    aside.mkdir(exist_ok=True)
    plan = Plan(
        "bench", pipeline, schema, str(folder), str(staging), {}, 8 << 20, str(aside)
    )
    return plan, Batch("bench", 1, "bench", members(folder), 0.0)


def ours(plan: Plan, batch: Batch, threads: int) -> tuple[int, int]:
    """
    Read *batch* as the daemon's workers do; return the rows kept and set aside.
    """
    engine, units = load("polars"), cut(batch, 256 << 20, cut=True)

    def read(unit: Unit) -> UnitResult:
        return engine.read_and_aggregate(plan, unit)

    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(read, units))
    found = whole_files(units, results, read, 10**7)
    if partials := [result.partial for result in found if result.partial]:
        engine.combine(plan, partials)
    read_members = [member for result in found for member in result.members]
    if bad := [member for member in read_members if member.reason]:
        raise SystemExit(f"not read: {bad[0].detail}")
    return (
        sum(member.rows_out for member in read_members),
        sum(member.rows_rejected for member in read_members),
    )


def counted(plan: Plan, batch: Batch) -> tuple[int, int]:
    """
    Open and count the records of *batch*, and no more.
    """
    rows = 0
    for member in batch.members:
        content = open_content(plan, member, None)
        if content is not None:
            rows += content.rows
            content.close()
    return rows, 0


def plain(folder: Path, staging: Path, *, grouped: bool) -> tuple[int, int]:
    """
    Do the same with one Polars script, which trusts its parser.
    """
    schema = {name: POLARS[kind] for name, kind in SCHEMA.items()}
    frame = pl.scan_csv(sorted(folder.glob("*.csv")), schema=schema)
    target = staging / "plain.parquet"
    if not grouped:
        frame.sink_parquet(target, compression="zstd", maintain_order=True)
        return int(pl.scan_parquet(target).select(pl.len()).collect().item()), 0
    groups = frame.group_by(KEYS).agg(
        pl.len().alias("n"), pl.col("temp").mean(), pl.col("hum").max()
    )
    found = groups.sort(KEYS).collect(engine="streaming")
    found.write_parquet(target)
    return int(found["n"].sum()), 0


def timed(work: Work) -> tuple[Times, tuple[int, int]]:
    """
    Return the wall and core seconds of *work*, and its rows.
    """
    wall, cores = time.perf_counter(), time.process_time()
    rows = work()
    return (time.perf_counter() - wall, time.process_time() - cores), rows


def medians(sides: dict[str, Work], rounds: int) -> dict[str, Times]:
    """
    Run the *sides* in turn; print and return each one's median wall and core seconds.
    """
    found: dict[str, list[Times]] = {name: [] for name in sides}
    rows: dict[str, tuple[int, int]] = {}
    for _, (name, work) in itertools.product(range(rounds), sides.items()):
        took, rows[name] = timed(work)
        found[name].append(took)
    middle: dict[str, Times] = {}
    for name, took in found.items():
        wall, cores = (statistics.median(each) for each in zip(*took, strict=True))
        middle[name] = wall, cores
        kept, aside = rows[name]
        said = f"{kept:,} rows" + (f", {aside:,} set aside" if aside else "")
        print(f"  {name:16} {wall:7.3f} s wall {cores:7.3f} s cores  {said}")
    return middle


def clean_files(folder: Path, staging: Path, rounds: int, *, grouped: bool) -> None:
    """
    Print what strictness and the count cost over Polars' own read.
    """
    plan, batch = job(folder, staging, grouped=grouped)
    took = medians(
        {
            "polars": lambda: plain(folder, staging, grouped=grouped),
            "ingestd": lambda: ours(plan, batch, 2),
            "count alone": lambda: counted(plan, batch),
        },
        rounds,
    )
    base = took["polars"][1]
    count = took["count alone"][1]
    strict = took["ingestd"][1] - count
    wall = took["ingestd"][0] / took["polars"][0]
    print(
        f"  strict reading {strict / base:.2f} x polars, the count {count / base:+.2f},"
        f" in core-seconds; wall in all {wall:.2f} x"
    )


def bad_rows(folder: Path, dirty: Path, staging: Path, rounds: int) -> None:
    """
    Print what one bad row in a thousand costs.
    """
    good = job(folder, staging, grouped=False)
    bad = job(dirty, staging, grouped=False)
    took = medians(
        {
            "clean": lambda: ours(*good, 2),
            "1 of 1,000 bad": lambda: ours(*bad, 2),
        },
        rounds,
    )
    wall, cores = (b / c for b, c in zip(*reversed(took.values()), strict=True))
    print(f"  bad rows cost {wall:.2f} x wall, {cores:.2f} x core-seconds")


def spoiled(clean: Path, folder: Path) -> None:
    """
    Copy the files of *clean* into *folder* with one bad row in a thousand.
    """
    for path in sorted(clean.glob("*.csv")):
        lines = path.read_bytes().splitlines(keepends=True)
        lines[1 + EVERY // 2 :: EVERY] = [BAD] * len(lines[1 + EVERY // 2 :: EVERY])
        (folder / path.name).write_bytes(b"".join(lines))


def giant(folder: Path, gigabytes: float) -> None:
    """
    Make one file of that size, and read it in a process of its own.
    """
    folder.mkdir(exist_ok=True)
    path, piece = folder / "giant.csv", folder / "piece"
    with path.open("wb") as file:
        for number in itertools.count():
            write(piece, BACKLOG_ROWS, number * BACKLOG_ROWS, number)
            text = piece.read_bytes()
            file.write(text if not number else text[text.index(b"\n") + 1 :])
            if file.tell() >= gigabytes * 1e9:
                break
    piece.unlink()
    subprocess.run([sys.executable, "-m", "bench.reading_giant", folder], check=True)


def main() -> None:
    """
    Run the benchmark.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for the input; some gigabytes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=16)
    parser.add_argument("--giant", type=float, default=0.0, metavar="GB")
    chosen = parser.parse_args()
    folders = [chosen.folder / name for name in ("clean", "dirty")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    clean, dirty = folders
    for number in range(chosen.files):
        path = clean / f"{number:02}.csv"
        if not path.exists():
            write(path, BACKLOG_ROWS, number * BACKLOG_ROWS, number)
    spoiled(clean, dirty)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        for mode in ("rows", "groups"):
            print(f"{mode}:")
            grouped = mode == "groups"
            clean_files(clean, Path(name), chosen.rounds, grouped=grouped)
        print("bad rows:")
        bad_rows(clean, dirty, Path(name), chosen.rounds)
    if chosen.giant:
        giant(chosen.folder / "giant", chosen.giant)


if __name__ == "__main__":
    main()
