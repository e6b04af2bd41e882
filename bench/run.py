"""
The daemon beside one Polars script: a backlog, small files, and the latency of one.

    python -m bench.run [--rounds 5] [--latency 40] [--folder DIR]

Every round does the same work with both, one after the other. Prints medians, ratios
and a Markdown table for docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from bench import data
from tests.live import Daemon

PATIENCE_SECONDS = 60
CONFIG = """
state_dir = "var"
[http]
listen = ""
[[pipelines]]
name = "sensors"
[pipelines.source]
url = "inbox"
[pipelines.schema]
{schema}
[pipelines.aggregate]
group_by = ["device", "region"]
[pipelines.aggregate.metrics]
n = ["*", "count"]
temp_mean = ["temp", "mean"]
hum_max = ["hum", "max"]
[pipelines.sink]
url = "outbox"
"""


@dataclass(slots=True)
class Bench:
    """
    One running daemon and the folder of the input.
    """

    folder: Path
    daemon: Daemon
    rounds: int

    def beside_script(self, name: str, files: list[Path], rows: int) -> str:
        """
        Time *files* through both; return a row of the table.
        """
        ours, script = [], []
        for number in range(self.rounds):
            script.append(self._script(files))
            ours.append(self._daemon(files, rows, f"{name}-{number}"))
        ratio = statistics.median(a / b for a, b in zip(ours, script, strict=True))
        print(
            f"{name}: daemon {_spread(ours)}, script {_spread(script)}, {ratio:.2f} x"
        )
        return (
            f"| {name} | {statistics.median(ours):.2f} s "
            f"| {statistics.median(script):.2f} s | {ratio:.2f} × |"
        )

    def latency(self, count: int, name: str = "latency") -> str:
        """
        Time from a small file's close to its Parquet being visible; return a row.
        """
        outbox, seconds = self.folder / "outbox", []
        for number in range(count):
            before = set(os.listdir(outbox))
            made = self.folder / "inbox" / f"{name}-{number}.csv"
            data.write(made, 70, 0, number)
            closed = time.perf_counter()
            while set(os.listdir(outbox)) == before:
                time.sleep(0.002)
                if time.perf_counter() > closed + PATIENCE_SECONDS:
                    raise SystemExit(f"{made} was not taken: {self.daemon.tail()}")
            seconds.append(time.perf_counter() - closed)
            time.sleep(0.3)  # one at a time: the next finds an idle pipeline
        seconds.sort()
        p50, p95 = statistics.median(seconds), seconds[int(len(seconds) * 0.95)]
        print(f"latency: p50 {p50:.3f}, p95 {p95:.3f}, max {seconds[-1]:.3f} s")
        row = f"p50 {p50:.2f} s, p95 {p95:.2f} s, max {seconds[-1]:.2f} s"
        return f"| one file of 4 KB, from close to visible | {row} | – | – |"

    def _script(self, files: list[Path]) -> float:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "bench.script"]
        out = str(self.folder / "script.parquet")
        subprocess.run([*command, out, *map(str, files)], check=True)
        return time.perf_counter() - begun

    def _daemon(self, files: list[Path], rows: int, name: str) -> float:
        waiting = self.folder / "waiting"
        waiting.mkdir(exist_ok=True)
        copies = [Path(shutil.copy(f, waiting / f"{name}-{f.name}")) for f in files]
        done = self.daemon.committed_rows()
        begun = time.perf_counter()
        for copy in copies:
            copy.rename(self.folder / "inbox" / copy.name)
        self.daemon.wait_for_rows(done + rows)
        seconds = time.perf_counter() - begun
        if any(b["bypassed"] for b in self.daemon.events("batch_committed")):
            raise SystemExit("a batch ran without Prefect: these figures are void")
        return seconds


def _spread(seconds: list[float]) -> str:
    middle = statistics.median(seconds)
    return f"{middle:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """
    Make the input, start the daemon, run all.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    source = options.folder or Path(tempfile.mkdtemp(prefix="ingestd-bench-"))
    source.mkdir(exist_ok=True)
    backlog, small = data.backlog(source), data.small(source)
    folder = Path(tempfile.mkdtemp(dir=source))
    (folder / "inbox").mkdir()
    schema = "\n".join(f'{name} = "{kind}"' for name, kind in data.SCHEMA.items())
    (folder / "config.toml").write_text(CONFIG.format(schema=schema))
    daemon = Daemon(folder).start()
    try:
        data.write(folder / "inbox" / "warm.csv", 1000, 0, 0)
        daemon.wait_for("batch_committed")
        bench = Bench(folder, daemon, options.rounds)
        bench.latency(3, "first")  # the first flows of a fresh server are slow
        rows = [bench.latency(options.latency)]
        rows_small = data.SMALL_FILES * (data.SMALL_BYTES // 56)
        rows.append(bench.beside_script("2,000 files of 4 KB", small, rows_small))
        rows_large = data.BACKLOG_FILES * data.BACKLOG_ROWS
        rows.append(bench.beside_script("900 MB in 64 files", backlog, rows_large))
    finally:
        daemon.stop()
        shutil.rmtree(folder)
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
          f"Python {platform.python_version()}, Polars {pl.__version__}, "
          f"{options.rounds} rounds\n")  # fmt: skip
    print(
        "| | ingestd | one Polars script | ratio (median of pairs) |\n|---|---|---|---|"
    )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
