"""
Draw what ``bench.crossover`` measured.

    python -m bench.plot CSV PICTURE
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.crossover import MODES
from ingestd.config import Cluster

mpl.use("Agg")
# The same table gives the same file.
mpl.rcParams["svg.hashsalt"] = "ingestd"

ROUTED = Cluster.model_fields["gpu_min_bytes"].default / 2**20
TICKS = {-8: "4 KiB", -4: "64 KiB", 0: "1 MiB", 4: "16 MiB", 7: "128 MiB", 10: "1 GiB"}


def plot(table: Path, picture: Path) -> None:
    """
    Draw *table* as *picture*.
    """
    with table.open() as file:
        rows = list(csv.DictReader(file))
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True)
    names = {"polars": "CPU engine (Polars)", "cudf": "GPU engine (cuDF)"}
    titles = {"groups": "min, mean, max per station", "rows": "rows to Parquet (zstd)"}
    for axis, mode in zip(axes, MODES, strict=True):
        for engine, marker in (("polars", "o"), ("cudf", "s")):
            points = [
                (int(row["bytes"]) / 2**20, float(row["seconds"]) * 1000)
                for row in rows
                if (row["mode"], row["engine"]) == (mode, engine)
            ]
            axis.plot(*zip(*points, strict=True), marker=marker, label=names[engine])
        axis.axvline(ROUTED, color="grey", ls=":", label="cluster.gpu_min_bytes")
        axis.set(xscale="log", yscale="log", title=titles[mode], xlabel="file")
        axis.set_xticks([2.0**power for power in TICKS], TICKS.values())
        axis.minorticks_off()
        axis.grid(visible=True, which="major", alpha=0.4)
    axes[1].legend(loc="lower right")
    axes[0].set_ylabel("milliseconds, median")
    figure.tight_layout()
    metadata = {"Date": None} if picture.suffix == ".svg" else None
    figure.savefig(picture, dpi=110, metadata=metadata)


def main() -> None:
    """
    Plot.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    plot(options.table, options.picture)


if __name__ == "__main__":
    main()
