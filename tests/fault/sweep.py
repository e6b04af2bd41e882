"""
The crash sweep with the real engine at every point; minutes long, so not in the suite.

``python -m tests.fault.sweep [--every N] [--engine polars|csv]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.fault.lives import Lives, sweep


def main() -> int:
    """
    Sweep both modes; return the exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every point (the default)")
    parser.add_argument("--every", type=int, default=1, help="every so many points")
    parser.add_argument("--engine", choices=("polars", "csv"), default="polars")
    asked = parser.parse_args()
    every = 1 if asked.all else asked.every
    failures = []
    for mode in ("rows", "groups"):
        begun, tried = time.monotonic(), list[int]()

        def firsts(points: int, tried: list[int] = tried) -> list[int]:
            tried += range(1, points + 1, every)
            return tried

        with Lives(asked.engine) as lives, tempfile.TemporaryDirectory() as folder:
            found = sweep(lives, Path(folder), mode, firsts)
        seconds = time.monotonic() - begun
        print(f"{mode}: {len(tried)} points, {len(found)} failures, {seconds:.0f} s")  # noqa: T201
        failures += found
    print("\n".join(failures))  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
