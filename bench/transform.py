"""
A transform beside the same Polars script, and beside ingestd without it.

    python -m bench.transform FOLDER [--rounds N] [--files N]

Three of seven columns, and a filter that keeps a tenth of the rows, of the files of
``bench/data.py``, made in FOLDER unless they are there. All are timed in turn,
so that what else the machine does hits all; medians count.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from bench import data
from bench.engine import members
from bench.script import TYPES
from ingestd.batch.plan import plan as cut
from ingestd.config import Pipeline
from ingestd.model import Batch, Schema
from ingestd.run.engine import Plan, load
from ingestd.run.transform.pipeline import shape_of

COLUMNS = ["device", "region", "temp"]
LIMIT = 13.6  # a tenth of normal(20, 5) is below it
KEYS = ["device", "region"]
METRICS = {"n": ["*", "count"], "temp_mean": ["temp", "mean"]}
TRANSFORM = {"select": COLUMNS, "where": f"temp < {LIMIT}"}


class Ours:
    """
    All units of *folder*, read on two threads and combined.
    """

    def __init__(self, folder: Path, staging: str, options: dict[str, object]) -> None:
        self.engine = load("polars")
        batch = Batch("bench", 1, "bench", members(folder), 0.0)
        self.units = cut(batch, 256 << 20)
        pipeline = Pipeline(name="bench", sink={"url": staging}, **options)
        schema = Schema(tuple(data.SCHEMA.items()), 1)
        shape = shape_of(pipeline, schema)
        self.plan = Plan(
            "bench", pipeline, schema, str(folder), staging, {}, shape=shape
        )

    def run(self) -> int:
        """
        Return the rows behind the parts.
        """
        read = self.engine.read_and_aggregate
        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(lambda unit: read(self.plan, unit), self.units))
        partials = [result.partial for result in done if result.partial]
        parts = [part for result in done for part in result.parts]
        parts += self.engine.combine(self.plan, partials)
        return sum(part.rows_in for part in parts)


class Script:
    """
    What a person would write without a daemon.
    """

    def __init__(self, folder: Path, staging: str, *, grouped: bool) -> None:
        self.paths = sorted(folder.glob("*.csv"))
        self.target = Path(staging, "script.parquet")
        self.grouped = grouped

    def run(self) -> int:
        """
        Return the rows behind the output.
        """
        frame = pl.scan_csv(self.paths, schema=TYPES)
        frame = frame.filter(pl.col("temp") < LIMIT).select(COLUMNS)
        if not self.grouped:
            frame.sink_parquet(self.target, compression="zstd")
            return int(pl.scan_parquet(self.target).select(pl.len()).collect().item())
        groups = frame.group_by(KEYS).agg(pl.len().alias("n"), pl.col("temp").mean())
        found = groups.sort(KEYS).collect(engine="streaming")
        found.write_parquet(self.target)
        return int(found["n"].sum())


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """
    Return wall seconds and the rows of *work*.
    """
    begun = time.perf_counter()
    rows = work()
    return time.perf_counter() - begun, rows


def compare(folder: Path, staging: str, rounds: int, *, grouped: bool) -> None:
    """
    Print a line for each, and the ratios of the medians.
    """
    rest = {"aggregate": {"group_by": KEYS, "metrics": METRICS}} if grouped else {}
    works: dict[str, Callable[[], int]] = {
        "script": Script(folder, staging, grouped=grouped).run,
        "with": Ours(folder, staging, {"transform": TRANSFORM, **rest}).run,
        "without": Ours(folder, staging, rest).run,
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    rows: dict[str, int] = {}
    for _ in range(rounds):
        for name, work in works.items():
            passed, rows[name] = timed(work)
            seconds[name].append(passed)
    if rows["script"] != rows["with"]:
        raise SystemExit(f"the rows differ: {rows}")
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    mode = "groups" if grouped else "rows"
    for name, median in medians.items():
        print(f"{mode:7} {name:8} {median:7.3f} s, {rows[name]:,} rows")
    for other in ("script", "without"):
        ratio = medians["with"] / medians[other]
        print(f"{mode:7} with / {other:8} {ratio:.2f}")


def main() -> None:
    """
    Run the benchmark.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=data.BACKLOG_FILES)
    chosen = parser.parse_args()
    folder = chosen.folder / f"transform-{chosen.files}"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(chosen.files):
        path = folder / f"backlog-{number:02}.csv"
        if not path.exists():
            first = number * data.BACKLOG_ROWS
            data.write(path, data.BACKLOG_ROWS, first, number)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as staging:
        for grouped in (False, True):
            compare(folder, staging, chosen.rounds, grouped=grouped)


if __name__ == "__main__":
    main()
