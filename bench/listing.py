"""
What a poll of a large prefix costs: requests, seconds, and the daemon's memory.

    python -m bench.listing [OBJECTS]

The store is a stand-in that answers in this process, so that what is measured is ours.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ingestd.config import Source
from ingestd.discover.bucket import BucketScan, Compared
from ingestd.discover.cursor import Cursor
from ingestd.discover.rules import Rules
from ingestd.ledger.ledger import Entry
from ingestd.ledger.sqlite import SqliteLedger
from ingestd.storage import Item

PAGE = 1_000


def pages(number: int, asked: list[int], after: str = "") -> Iterator[list[Item]]:
    first = int(after[3:12]) + 1 if after else 0
    asked.extend([] if first < number else [first])  # an empty page is asked for, too
    for start in range(first, number, PAGE):
        asked.append(start)
        yield [
            Item(f"in/{at:09d}.csv", 4_096, f"{at:032x}")
            for at in range(start, min(number, start + PAGE))
        ]


def memory_mib() -> float:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main(number: int) -> None:
    rules = Rules.of(Source(url="s3://bucket/in"))
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqliteLedger.open(Path(folder), now=time.time())
        before = memory_mib()
        cursor = Cursor(f"in/{0:09d}.csv", 3_600.0)
        for title, ordered in (
            ("first poll, all new", None),
            ("poll, all known", None),
            ("poll, all known", None),
            ("in order, the first", cursor),
            ("in order, the sweep", cursor),
            ("in order, all known", cursor),
        ):
            asked: list[int] = []
            after = ordered.begin() if ordered else ""

            def listed(
                asked: list[int] = asked, after: str = after
            ) -> Iterator[list[Item]]:
                return pages(number, asked, after)

            begun, cpu, new = time.perf_counter(), time.process_time(), 0
            chunk: list[Entry] = []
            scan = BucketScan(rules, "in/", listed, after=after, cursor=ordered)
            found = Compared().sweep(scan, None, lambda e: ledger.unknown("rows", e))
            for entry in found:
                chunk.append(entry)
                new += 1
                if len(chunk) == 500:
                    ledger.admit("rows", chunk, "new", time.time())
                    chunk = []
            ledger.admit("rows", chunk, "new", time.time())
            print(
                f"{title}: {scan.files:,} objects, {len(asked)} requests, {new:,} new, "
                f"{time.perf_counter() - begun:.2f} s, "
                f"{time.process_time() - cpu:.2f} s of CPU, "
                f"memory {before:.0f} -> {memory_mib():.0f} MiB"
            )
        ledger.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
