"""
Random expressions over random rows, against DuckDB: ``python -m tests.fuzz.transform``.

Prints each difference once, and how many expressions were compared.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.duckdb_sql import Difference, Reference, Tally
from tests.fuzz.grammar import Dice, expression
from tests.fuzz.rows import table

_ROWS = 24
_PER_TABLE = 200


def run(expressions: int, seed: int, most: int) -> tuple[list[str], Tally]:
    """
    Compare until *expressions* were, or *most* differ.
    """
    found: list[str] = []
    total = Tally()
    number = 0
    while total.compared < expressions and len(found) < most:
        dice = Dice(seed * 1_000_003 + number)
        number += 1
        reference = Reference(table(dice, _ROWS))
        for _ in range(_PER_TABLE):
            text = expression(dice, dice.number(1, 4))
            try:
                reference.compare(text)
            except Difference as error:
                found.append(str(error))
                print(error, flush=True)
            except Exception as error:  # noqa: BLE001 - a finding like any other
                found.append(f"{text}\n  {type(error).__name__}: {str(error)[:300]}")
                print(found[-1], flush=True)
        total.compared += reference.tally.compared
        total.loose += reference.tally.loose
        total.refused += reference.tally.refused
        total.failed_rows += reference.tally.failed_rows
        for kind, count in reference.tally.kinds.items():
            total.kinds[kind] = total.kinds.get(kind, 0) + count
    return found, total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expressions", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=20, help="differences to stop at")
    options = parser.parse_args()
    begun = time.perf_counter()
    found, total = run(options.expressions, options.seed, options.most)
    print(
        f"{total.compared} expressions compared with DuckDB over {_ROWS} rows each "
        f"({total.loose} by type and errors alone), {total.refused} refused, "
        f"{total.failed_rows} rows in error in both, "
        f"{len(found)} differences, {time.perf_counter() - begun:.0f} s"
    )
    print(dict(sorted(total.kinds.items())))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
