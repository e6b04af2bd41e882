"""
The cuDF engine on this machine's GPU: a billion rows, and against the CPU engine.

    python -m bench.gpu [--rows N] [--files N] [--rounds N] [--folder DIR] [--out DIR]
                        [--steps engine kernels cold daemon crossover]

Makes its input (13 GB for a billion rows), checks every result against what it wrote,
prints a report, and writes figures.json and crossover.csv to --out. Plot the latter
with ``python -m bench.plot``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import numpy as np
import polars as pl

from bench import crossover, live_gpu, stations
from bench.watched import watched
from ingestd.run.engine import Plan, load

STEPS = ("engine", "kernels", "cold", "daemon", "crossover")
TOLERANCE = 1e-14
"""Relative: a mean of floats is within some roundings of the exact one."""

_PACKAGES = (
    "pylibcudf-cu13", "cudf-cu13", "rmm-cu13", "cupy-cuda13x", "dask-cuda", "polars",
    "pyarrow", "numpy", "dask", "prefect",
)  # fmt: skip


@dataclass(slots=True)
class Bench:
    """
    The input, the truth, and the figures so far.
    """

    folder: Path
    paths: list[Path]
    truth: stations.Truth
    rounds: int
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """
        The input's bytes.
        """
        return sum(path.stat().st_size for path in self.paths)

    def say(self, name: str, **values: Any) -> None:
        """
        Print a figure and keep it.
        """
        print(name, json.dumps(values, default=str), flush=True)
        self.figures[name] = values

    def plan(self) -> Plan:
        """
        Return the plan of an attempt that stages into the folder.
        """
        return stations.plan(self.folder, aggregate=True)

    def run(self, name: str, paths: list[Path], rounds: int) -> pl.DataFrame:
        """
        Run the engine *name* over *paths* several times; return its output.
        """
        engine, seconds, out = load(name), [], pl.DataFrame()
        with gpu_memory() as memory:
            for _ in range(rounds):
                begun = time.perf_counter()
                found = engine.read_and_aggregate(self.plan(), stations.unit(paths))
                assert found.partial is not None
                (part,) = engine.combine(self.plan(), [found.partial])
                seconds.append(time.perf_counter() - begun)
                out = pl.read_parquet(part.staged)
        check(out, self.truth)
        size = sum(path.stat().st_size for path in paths)
        self.say(
            f"{name}, {len(paths)} files",
            seconds=[round(s, 3) for s in seconds],
            gb_per_second=round(size / 1e9 / median(seconds), 2),
            handed_over=found.handed,
            peak_gpu_mib=max(memory, default=0),
        )
        return out


def check(found: pl.DataFrame, truth: stations.Truth) -> None:
    """
    End the benchmark unless *found* is right for every station.
    """
    by_name = sorted(
        range(stations.STATIONS), key=lambda n: stations.names()[n].encode()
    )
    here = [number for number in by_name if truth.count[number]]
    mean = truth.total[here] / truth.count[here] / 10
    off = np.abs(found["mean"].to_numpy() - mean) / np.maximum(np.abs(mean), 1e-3)
    right = (
        found["station"].to_list() == [stations.names()[number] for number in here]
        and (found["_rows"].to_numpy() == truth.count[here]).all()
        and (found["lo"].to_numpy() == truth.least[here] / 10).all()
        and (found["hi"].to_numpy() == truth.greatest[here] / 10).all()
        and off.max() < TOLERANCE
    )
    if not right:
        raise SystemExit(f"the result is wrong; means are off by up to {off.max()}")


@contextmanager
def gpu_memory() -> Iterator[list[int]]:
    """
    Yield a list that grows by the GPU's used MiB, several times a second.
    """
    seen: list[int] = []
    command = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    with subprocess.Popen([*command, "-lms", "50"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        stream = process.stdout

        def follow() -> None:
            with suppress(ValueError):
                seen.extend(int(line) for line in stream)

        reader = Thread(target=follow, daemon=True)
        reader.start()
        try:
            yield seen
        finally:
            process.terminate()
            reader.join()


def engine(bench: Bench, single: Path) -> None:
    """
    All rows in one unit: of many files, of one file, and by the CPU engine once.
    """
    ours = bench.run("cudf", bench.paths, bench.rounds + 1)
    bench.run("cudf", [single], bench.rounds)
    theirs = bench.run("polars", bench.paths, 1)
    bench.say("same output as the CPU engine", exactly=ours.equals(theirs))


def kernels(bench: Bench) -> None:
    """
    Where the device's time goes; each step waits for the one before, so that the sum is
    more than all takes.
    """
    seconds, steps = watched(bench.plan(), stations.unit(bench.paths))
    bench.say("steps, one after the other", seconds=seconds, milliseconds=steps)


def cold(bench: Bench) -> None:
    """
    Once more, when nothing is in the page cache.
    """
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as error:
        bench.say("cold", skipped=str(error))
        return
    found = load("cudf")
    begun = time.perf_counter()
    found.read_and_aggregate(bench.plan(), stations.unit(bench.paths))
    seconds = time.perf_counter() - begun
    bench.say("cold", seconds=seconds, gb_per_second=bench.size / 1e9 / seconds)


def daemon(bench: Bench, single: Path) -> None:
    """
    The same through the daemon: Prefect, a dask-cuda worker, ledger, commit.
    """
    for name, paths in (("many files", bench.paths), ("one file", [single])):
        with gpu_memory() as memory:
            lines, out = live_gpu.through_daemon(bench.folder, paths, bench.rounds)
        check(out, bench.truth)
        bench.say(
            f"daemon, {name}",
            flow_start_to_commit=[line["seconds"]["total"] for line in lines],
            seconds=[line["seconds"] for line in lines],
            peak_gpu_mib=max(memory, default=0),
        )


def versions() -> dict[str, str]:
    """
    Return what runs here.
    """
    found = {"python": platform.python_version(), "cores": str(os.cpu_count())}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    asked = subprocess.run(query, capture_output=True, text=True, check=True)
    return found | {"gpu": asked.stdout.strip().replace("\n", " | ")}


def main() -> None:
    """
    Run the steps that were asked for.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="ingestd-gpu-", dir=options.folder))
    try:
        _steps(folder, options)
    finally:
        shutil.rmtree(folder)


def _steps(folder: Path, options: argparse.Namespace) -> None:
    begun = time.perf_counter()
    paths, truth = stations.make(folder, options.rows, options.files)
    bench = Bench(folder, paths, truth, options.rounds)
    bench.say("machine", date=f"{datetime.now(UTC):%Y-%m-%d}", **versions())
    single = folder / "single.csv"
    joined(paths, single)
    # What still goes to the disk would make each fsync of a batch wait.
    os.sync()
    bench.say("input", bytes=bench.size, made_in=round(time.perf_counter() - begun, 1))
    steps: dict[str, Callable[[], None]] = {
        "engine": lambda: engine(bench, single),
        "kernels": lambda: kernels(bench),
        "daemon": lambda: daemon(bench, single),
        "cold": lambda: cold(bench),
        "crossover": lambda: crossover.measure(folder, single, options.out),
    }
    for step, run in steps.items():
        if step in options.steps:
            run()
            text = json.dumps(bench.figures, indent=1, default=str)
            (options.out / "figures.json").write_text(text)


def joined(paths: list[Path], target: Path) -> None:
    """
    Write *paths*, one behind the other, to *target*.
    """
    with target.open("wb") as out:
        for path in paths:
            with path.open("rb") as source:
                shutil.copyfileobj(source, out, 1 << 24)


if __name__ == "__main__":
    main()
