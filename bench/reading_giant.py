"""
One giant file read slice by slice, one at a time as a worker does; prints the peak
memory of this process above what it needs without any file. See ``bench/reading.py``.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from bench.reading import job
from ingestd.batch.plan import plan as cut
from ingestd.run.engine import load
from ingestd.run.slices import whole_files


def peak() -> float:
    """
    Return this process's peak memory so far, in MiB.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """
    Read the files of the folder that is the first argument.
    """
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        plan, batch = job(folder, Path(name), grouped=False)
        engine, units = load("polars"), cut(batch, 256 << 20, cut=True)
        empty, begun = peak(), time.perf_counter()
        results = [engine.read_and_aggregate(plan, unit) for unit in units]
        found = whole_files(units, results, lambda unit: results[unit.index], 0)
        rows = sum(member.rows_out for result in found for member in result.members)
        took = time.perf_counter() - begun
    largest = max(
        member.end - member.start for unit in units for member in unit.members
    )
    print(
        f"giant: {batch.size:,} bytes in {len(units)} slices of up to "
        f"{largest >> 20} MiB, {rows:,} rows in {took:.1f} s by one worker; peak "
        f"{peak():.0f} MiB, of it {empty:.0f} without any file"
    )


if __name__ == "__main__":
    main()
