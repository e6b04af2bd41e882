"""
The GPU engine beside the CPU engine over the size of a file.
"""

from __future__ import annotations

import csv
import time
from pathlib import Path
from statistics import median

from bench import stations
from ingestd.run.engine import load

ENGINES = ("polars", "cudf")
MODES = ("groups", "rows")
SIZES = [4 << 10 << 2 * step for step in range(10)]
"""4 KiB to 1 GiB."""

_SECONDS_EACH = 0.5
_LEAST_ROUNDS, _MOST_ROUNDS = 3, 15


def measure(folder: Path, source: Path, out: Path) -> None:
    """
    Read the first bytes of *source*, as files of each size, with both engines in turn;
    write the medians to crossover.csv in *out*.
    """
    plans = {mode: stations.plan(folder, aggregate=mode == "groups") for mode in MODES}
    engines = {name: load(name) for name in ENGINES}
    with (out / "crossover.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow(["mode", "engine", "bytes", "rounds", "seconds"])
        for size in SIZES:
            unit = stations.unit([_head(folder, source, size)])
            for mode in MODES:
                taken: dict[str, list[float]] = {name: [] for name in ENGINES}
                while not _enough(taken["polars"]):
                    for name, engine in engines.items():
                        begun = time.perf_counter()
                        engine.read_and_aggregate(plans[mode], unit)
                        taken[name].append(time.perf_counter() - begun)
                for name, seconds in taken.items():
                    row = [mode, name, size, len(seconds), f"{median(seconds):.6f}"]
                    table.writerow(row)
                    print(*row, flush=True)


def _enough(taken: list[float]) -> bool:
    if len(taken) < _LEAST_ROUNDS:
        return False
    return len(taken) >= _MOST_ROUNDS or sum(taken) > _SECONDS_EACH


def _head(folder: Path, source: Path, size: int) -> Path:
    """
    Return a file of the whole lines in the first *size* bytes of *source*.
    """
    path = folder / "head.csv"
    with source.open("rb") as file:
        text = file.read(size)
    path.write_bytes(text[: text.rfind(b"\n") + 1])
    return path
