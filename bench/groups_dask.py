"""
Groups that outgrow memory, combined by dask.dataframe (dask-cudf where a GPU is).

    python -m bench.groups_dask FOLDER

FOLDER is that of ``bench.groups --step make``. The partials in its staging are added up
by ``groupby(split_out=…)`` and a shuffle by tasks, sorted by their key, and written as
Parquet: twice, since the first time pays for imports and CUDA contexts. What is
left out of ingestd's contract: exact sums of floats and integers, refused overflows,
parts of a bounded size, hashes, fsync.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa

SPLIT_OUT = 16
KEY = "key:k"
ADDED = {"_rows": "sum", "hi:v": "sum", "lo:v": "sum", "max:v": "max"}
ON_GPU = find_spec("dask_cudf") is not None


def load(path: str) -> Any:
    """
    Return the partial rows of one file, on the GPU if there is one.
    """
    with pa.memory_map(path) as file:
        table = pa.ipc.open_file(file).read_all()
    if ON_GPU:
        return import_module("cudf").DataFrame.from_arrow(table)
    return table.to_pandas()


def combine(paths: list[str], out: Path) -> tuple[int, int]:
    """
    Combine the files *paths* into *out*; return the groups and the bytes.
    """
    frames = import_module("dask.dataframe")
    frame = frames.from_map(load, paths, meta=load(paths[0]).head(0))
    groups = frame.groupby([KEY], sort=False)
    found = groups.agg(ADDED, split_out=SPLIT_OUT, shuffle_method="tasks")
    ordered = found.reset_index().sort_values(KEY, shuffle_method="tasks")
    ordered.to_parquet(out, compression="zstd", write_index=False)
    parts = list(out.glob("*.parquet"))
    rows = sum(_rows(part) for part in parts)
    return rows, sum(part.stat().st_size for part in parts)


def _rows(part: Path) -> int:
    rows: int = import_module("pyarrow.parquet").read_metadata(part).num_rows
    return rows


@contextmanager
def cluster() -> Iterator[None]:
    """
    A worker for each GPU, or two processes without one.
    """
    if ON_GPU:
        made = import_module("dask_cuda").LocalCUDACluster(
            rmm_async=True, enable_cudf_spill=True, dashboard_address=None
        )
    else:
        made = import_module("distributed").LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        )
    with made, import_module("distributed").Client(made):
        yield


def main() -> None:
    """
    Combine twice.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    paths = sorted(str(path) for path in folder.glob("staging/spill/*.arrow"))
    out = folder / "dask"
    with cluster():
        for _ in range(2):
            shutil.rmtree(out, ignore_errors=True)
            begun = time.perf_counter()
            groups, size = combine(paths, out)
            seconds = time.perf_counter() - begun
            library = "dask-cudf" if ON_GPU else "dask with pandas"
            print(f"{library}: {groups:,} groups, {size >> 20} MiB in {seconds:.1f} s")


if __name__ == "__main__":
    main()
