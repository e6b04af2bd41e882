"""
The input of the benchmarks, made from a seed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

BACKLOG_FILES, BACKLOG_ROWS = 64, 250_000  # 888 MB, 16 million rows, 20,000 groups
SMALL_FILES, SMALL_BYTES = 2_000, 4_096
REGIONS = np.array(["north", "south", "east", "west"])

SCHEMA = {
    "ts": "timestamp",
    "device": "int64",
    "region": "string",
    "temp": "float64",
    "hum": "float64",
    "volt": "float64",
    "seq": "int64",
}


def frame(rows: int, first: int, seed: int) -> pl.DataFrame:
    """
    Return *rows* measurements, the first with sequence number *first*.
    """
    draw = np.random.default_rng(seed)
    number = np.arange(rows) + first
    start = np.datetime64("2026-01-01T00:00:00", "us")
    return pl.DataFrame(
        {
            "ts": start + number.astype("timedelta64[s]").astype("timedelta64[us]"),
            "device": draw.integers(0, 5000, rows),
            "region": REGIONS[draw.integers(0, 4, rows)],
            "temp": np.round(draw.normal(20, 5, rows), 4),
            "hum": np.round(draw.random(rows) * 100, 2),
            "volt": np.round(draw.random(rows) * 5, 3),
            "seq": number,
        }
    )


def write(path: Path, rows: int, first: int, seed: int) -> None:
    """
    Write one CSV file.
    """
    made = frame(rows, first, seed)
    made.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S")


def backlog(folder: Path) -> list[Path]:
    """
    Make the large files in *folder*, unless they are there.
    """
    paths = [folder / f"backlog-{n:02}.csv" for n in range(BACKLOG_FILES)]
    for number, path in enumerate(paths):
        if not path.exists():
            write(path, BACKLOG_ROWS, number * BACKLOG_ROWS, number)
    return paths


def small(folder: Path) -> list[Path]:
    """
    Make the 2,000 files of 4 KB in *folder*, unless they are there.
    """
    paths = [folder / f"small-{n:04}.csv" for n in range(SMALL_FILES)]
    if not paths[-1].exists():
        rows = SMALL_BYTES // 56
        for number, path in enumerate(paths):
            write(path, rows, number * rows, number)
    return paths
