"""
An application that writes a line for each request, and rotates its log every 100 lines.

    python app.py [--lines N]
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from datetime import UTC, datetime
from pathlib import Path

LOG = Path("logs/requests.jsonl")
EVERY = 100


def main() -> None:
    """
    Write the lines.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=250)
    parser.add_argument("--pause", type=float, default=0.02)
    options = parser.parse_args()
    LOG.parent.mkdir(exist_ok=True)
    statuses = itertools.cycle([200, 200, 404, 200, 500])
    for number in range(options.lines):
        if number and number % EVERY == 0:
            LOG.rename(f"{LOG}.{number // EVERY}")
        record = {
            "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "request": {"path": f"/item/{number}", "status": next(statuses)},
            "seconds": number / 1000,
        }
        with LOG.open("a") as file:
            file.write(json.dumps(record) + "\n")
        time.sleep(options.pause)


if __name__ == "__main__":
    main()
