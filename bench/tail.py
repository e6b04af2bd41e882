"""
Logs that grow: the time from a record's writing to its commit.

    python -m bench.tail [--seconds 60] [--rate 1000] [--gather 0]

Six logs, three of CSV and three of JSON lines, are written to at the rate and rotated
every five seconds; that each record comes once and in order is checked as well.
"""

from __future__ import annotations

import sys

from tests.soak.tail import main

if __name__ == "__main__":
    sys.exit(main(["--kills", "0", *sys.argv[1:]]))
