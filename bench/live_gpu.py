"""
A daemon with a GPU: files are moved in, and its canonical lines come back.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from bench import stations
from tests.live import Daemon

CONFIG = """
state_dir = "var"
[http]
listen = ""
[limits]
max_bytes_in_flight = "64GiB"
[prefect]
start_seconds = 170  # batches wait for it, and none runs without its record
[cluster]
kind = "cuda"
[[pipelines]]
name = "stations"
engine = "cudf"  # also what warms it up, which is small
[pipelines.source]
url = "inbox"
[pipelines.csv]
delimiter = ";"
header = false
[pipelines.schema]
station = "string"
temp = "float64"
[pipelines.batch]
max_bytes = "64GiB"
unit_bytes = {unit_bytes}  # one for each GPU, which cuts it into chunks by itself
[pipelines.aggregate]
group_by = ["station"]
[pipelines.aggregate.metrics]
lo = ["temp", "min"]
mean = ["temp", "mean"]
hi = ["temp", "max"]
[pipelines.sink]
url = "outbox"
"""
WARM = f"{stations.names()[0]};12.0\n" * 1000
WARM_BATCHES = 3


def through_daemon(
    near: Path, files: list[Path], rounds: int
) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """
    Move *files* into a running daemon's inbox, *rounds* times; return the lines of the
    batches that took them, and the last one's output.
    """
    folder = Path(tempfile.mkdtemp(dir=near))
    (folder / "inbox").mkdir()
    size, gpus = sum(f.stat().st_size for f in files), len(names())
    unit_bytes = size // gpus + len(files)
    (folder / "config.toml").write_text(CONFIG.format(unit_bytes=unit_bytes))
    daemon = Daemon(folder).start()
    try:
        for number in range(WARM_BATCHES):
            (folder / "inbox" / f"warm{number}.csv").write_text(WARM)
            _lines(daemon, 1)
        found = [_round(daemon, folder, files, number) for number in range(rounds)]
        newest = max(
            (folder / "outbox").glob("*.parquet"), key=lambda p: p.stat().st_mtime
        )
        return found, pl.read_parquet(newest)
    finally:
        daemon.stop()
        shutil.rmtree(folder)


def names() -> list[str]:
    """
    Return the names of the GPUs that a daemon here would use.
    """
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


def _round(
    daemon: Daemon, folder: Path, files: list[Path], number: int
) -> dict[str, Any]:
    waiting = []
    for file in files:
        linked = folder / f"{number}-{file.name}"
        os.link(file, linked)
        waiting.append(linked)
    begun = time.perf_counter()
    for linked in waiting:
        linked.rename(folder / "inbox" / linked.name)
    lines = _lines(daemon, len(files))
    visible = time.perf_counter() - begun
    if len(lines) > 1 or lines[0]["bypassed"]:
        raise SystemExit(f"expected one batch with Prefect's record: {lines}")
    lines[0]["seconds"]["move to commit"] = round(visible, 3)
    return lines[0]


def _lines(daemon: Daemon, files: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while sum(line["files"] for line in found) < files:
        line = next(daemon.follow())
        if line.get("event") == "batch_committed":
            found.append(line)
    return found
