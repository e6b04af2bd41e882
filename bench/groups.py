"""
Groups that outgrow memory: the peak memory and the time of combining them.

    python -m bench.groups [MILLIONS …] [--beside-dask]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from ingestd.config import Pipeline
from ingestd.model import Schema, Unit
from ingestd.run.engine import Plan, load
from ingestd.run.job import combine_partials, sealed

UNITS = 2
SCHEMA = {"k": "int64", "v": "float64"}
METRICS = {"s": ["v", "sum"], "hi": ["v", "max"], "n": ["*", "count"]}
STRIDE = 7919


def plan(folder: Path) -> Plan:
    """
    Return the plan of an attempt on files in *folder*.
    """
    groups = {"group_by": ["k"], "metrics": METRICS}
    sink = {"url": str(folder / "out")}
    pipeline = Pipeline(name="bench", schema=SCHEMA, sink=sink, aggregate=groups)
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    schema = Schema(tuple(SCHEMA.items()), 1)
    return Plan("bench", pipeline, schema, str(folder), str(staging), {})


def make(folder: Path, groups: int) -> None:
    """
    Read *groups* groups in each of several files; keep what their combining is given.
    """
    from bench.stations import unit  # noqa: PLC0415 - this process alone

    partials = []
    for number in range(UNITS):
        draw = np.random.default_rng(number)
        path = folder / "groups.csv"
        keys, values = draw.permutation(groups) * STRIDE, draw.normal(size=groups)
        pl.DataFrame({"k": keys, "v": values.round(3)}).write_csv(path)
        one = Unit(number, unit([path]).members)
        partials.append(load("polars").read_and_aggregate(plan(folder), one).partial)
    (folder / "partials").write_bytes(sealed((plan(folder), partials)))


def combine(folder: Path) -> None:
    """
    Combine them, and print what it took.
    """
    packed = (folder / "partials").read_bytes()
    before, begun = _peak_mib(), time.perf_counter()
    parts = combine_partials(packed)
    seconds = time.perf_counter() - begun
    rows, size = sum(p.rows for p in parts), sum(p.size for p in parts)
    print(
        f"{rows:,} groups: {len(parts)} parts of {size >> 20} MiB in {seconds:.1f} s, "
        f"peak memory {before} -> {_peak_mib()} MiB"
    )


def _peak_mib() -> int:
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) >> 10


def main() -> None:
    """
    Run each size, each step in a process of its own.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", type=int, nargs="*", default=[8, 24])
    parser.add_argument("--step", choices=("make", "combine"))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--beside-dask", action="store_true")
    options = parser.parse_args()
    if options.step == "make":
        make(options.folder, options.millions[0] * 1_000_000)
    elif options.step == "combine":
        combine(options.folder)
    else:
        for millions in options.millions:
            _run(millions, beside_dask=options.beside_dask)


def _run(millions: int, *, beside_dask: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="ingestd-groups-") as folder:
        ours = ["bench.groups", str(millions), "--folder", folder, "--step"]
        steps = [[*ours, "make"], [*ours, "combine"]]
        if beside_dask:
            # Before ours, which uses the partials up.
            steps.insert(1, ["bench.groups_dask", folder])
        for step in steps:
            subprocess.run([sys.executable, "-m", *step], check=True)


if __name__ == "__main__":
    main()
