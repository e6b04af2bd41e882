"""
The Polars engine in this process beside one plain Polars script on the same files.

    python bench/engine.py FOLDER [--rounds N] [--units N] [--threads N]

Both are timed in turn, so that what else the machine does hits both; medians count.
The files are those of ``bench/data.py`` or of the same columns.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from ingestd.batch.plan import plan as cut
from ingestd.config import Pipeline
from ingestd.model import Batch, FileRef, Fingerprint, Member, Schema
from ingestd.run.engine import Plan, load

METRICS = {"n": ["*", "count"], "m": ["temp", "mean"], "h": ["hum", "max"]}
KEYS = ["device", "region"]


def members(folder: Path) -> tuple[Member, ...]:
    """
    Return the CSV files of *folder* as members.
    """
    found = []
    for number, path in enumerate(sorted(folder.glob("*.csv"))):
        status = path.stat()
        ref = FileRef(number, "bench", os.fsencode(path.name), Fingerprint.of(status))
        found.append(Member(ref, 0, status.st_size))
    return tuple(found)


class Ours:
    """
    Infer once, then read all units on threads and combine.
    """

    def __init__(
        self, folder: Path, staging: str, unit_bytes: int, threads: int
    ) -> None:
        self.engine = load("polars")
        self.batch = Batch("bench", 1, "bench", members(folder), 0.0)
        self.units = cut(self.batch, unit_bytes)
        self.threads = threads
        self.folder, self.staging = str(folder), staging
        row_mode = Pipeline(name="bench", sink={"url": staging})
        self.schema = self.engine.infer(row_mode, self.folder, self.batch.members)

    def run(self, *, aggregate: bool) -> int:
        """
        Return the rows behind the parts.
        """
        spec = {"aggregate": {"group_by": KEYS, "metrics": METRICS}}
        pipeline = Pipeline(
            name="bench", sink={"url": self.staging}, **(spec if aggregate else {})
        )
        plan = Plan("bench", pipeline, self.schema, self.folder, self.staging, {})
        with ThreadPoolExecutor(self.threads) as pool:
            done = list(
                pool.map(lambda u: self.engine.read_and_aggregate(plan, u), self.units)
            )
        partials = [result.partial for result in done if result.partial]
        combined = self.engine.combine(plan, partials)
        parts = [part for result in done for part in result.parts] + list(combined)
        return sum(part.rows_in for part in parts)


class Plain:
    """
    What a person would write without a daemon.
    """

    def __init__(self, folder: Path, staging: str, schema: Schema) -> None:
        self.paths = sorted(folder.glob("*.csv"))
        self.target = Path(staging, "plain.parquet")
        types = {
            "int64": pl.Int64(),
            "float64": pl.Float64(),
            "string": pl.String(),
            "timestamp": pl.Datetime("us"),
        }
        self.schema = {name: types[kind] for name, kind in schema.columns}

    def run(self, *, aggregate: bool) -> int:
        """
        Return the rows read.
        """
        frame = pl.scan_csv(self.paths, schema=self.schema)
        if not aggregate:
            frame.sink_parquet(self.target, compression="zstd")
            return int(pl.scan_parquet(self.target).select(pl.len()).collect().item())
        groups = frame.group_by(KEYS).agg(
            pl.len().alias("n"), pl.col("temp").mean(), pl.col("hum").max()
        )
        found = groups.sort(KEYS).collect(engine="streaming")
        found.write_parquet(self.target)
        return int(found["n"].sum())


def timed(work: Callable[[], int]) -> tuple[float, float, int]:
    """
    Return wall seconds, core seconds and the rows of *work*.
    """
    wall, cores = time.perf_counter(), time.process_time()
    rows = work()
    return time.perf_counter() - wall, time.process_time() - cores, rows


def compare(mode: str, ours: Ours, plain: Plain, rounds: int) -> None:
    """
    Print one line for each, and the ratio of the medians.
    """
    aggregate = mode == "aggregate"
    found: dict[str, list[tuple[float, float, int]]] = {"plain": [], "ours": []}
    for _ in range(rounds):
        found["plain"].append(timed(lambda: plain.run(aggregate=aggregate)))
        found["ours"].append(timed(lambda: ours.run(aggregate=aggregate)))
    rows = {row for results in found.values() for _, _, row in results}
    if len(rows) != 1:
        raise SystemExit(f"{mode}: the row counts differ: {sorted(rows)}")
    medians = {}
    for name, results in found.items():
        wall = statistics.median(w for w, _, _ in results)
        cores = statistics.median(c for _, c, _ in results)
        medians[name] = (wall, cores)
        print(f"{mode:10} {name:6} {wall:7.3f} s wall {cores:7.3f} s cores")
    wall, cores = (
        o / p for o, p in zip(medians["ours"], medians["plain"], strict=True)
    )
    print(f"{mode:10} ratio  {wall:7.2f}        {cores:7.2f}")


def main() -> None:
    """
    Run the benchmark.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--unit-bytes", type=int, default=256 << 20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--modes", nargs="+", default=["aggregate", "rows"])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder.parent) as staging:
        ours = Ours(chosen.folder, staging, chosen.unit_bytes, chosen.threads)
        plain = Plain(chosen.folder, staging, ours.schema)
        print(
            f"{len(plain.paths)} files, {ours.batch.size} bytes, "
            f"{len(ours.units)} units, {chosen.threads} threads"
        )
        for mode in chosen.modes:
            compare(mode, ours, plain, chosen.rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
