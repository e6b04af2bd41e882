"""
What a periodic scan costs when every file is known already.

Makes a folder of small files, admits them all, then scans it again and again, and
prints the seconds and the growth of the process. Run: ``python bench/scan.py``.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path

from ingestd.discover.known import Known
from ingestd.discover.rules import Rules
from ingestd.discover.scan import Scan
from ingestd.ledger.sqlite import SqliteLedger

PIPELINE = "bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where to work; default: temporary")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as made:
        run(Path(made), args.files, args.rounds)


def run(folder: Path, files: int, rounds: int) -> None:
    inbox, state = folder / "inbox", folder / "state"
    inbox.mkdir()
    state.mkdir()
    for number in range(files):
        (inbox / f"sensor-{number:07d}.csv").write_bytes(b"a,b\n1,2\n")
    rules = Rules(("*.csv", "*.csv.gz"))
    make = partial(Scan, os.fspath(inbox), rules)
    known = Known()
    ledger = SqliteLedger.open(state, now=time.time())
    entries = iter(make())
    while chunk := list(islice(entries, 1_000)):
        ledger.admit(PIPELINE, chunk, "new", time.time())
    before = peak_mib()
    for number in range(1, rounds + 1):
        begin, worked = time.perf_counter(), time.process_time()
        scan = make()
        found = known.sweep(scan, make, partial(ledger.unknown, PIPELINE))
        unknown = sum(1 for _ in found)
        print(
            f"scan {number}: {scan.files} files, {unknown} unknown, "
            f"{time.perf_counter() - begin:.3f} s "
            f"({time.process_time() - worked:.3f} s of CPU)"
        )
    print(f"memory: peak {before:.1f} MiB before, {peak_mib():.1f} MiB after")
    ledger.close()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
