"""
Random files, read by the engine and by independent readers. For longer:
``python -m tests.fuzz.differential --minutes 10``.
"""

from __future__ import annotations

from random import SystemRandom

from tests.conformance.engine_kit import engine_fixture  # noqa: F401 - fixture
from tests.fuzz.differential import Tally, run

CASES = 60


def test_random_files_are_read_as_others_read_them(engine):
    """
    The same cases each time and as many new ones: rows, rejects and counts are those of
    the reference reader, of Python's csv module and of DuckDB.
    """
    tally, begin = Tally(), SystemRandom().randrange(10**9)

    wrong = run(range(CASES), engine, tally)
    wrong |= run(range(begin, begin + CASES), engine, tally)

    assert {} == wrong, "python -m tests.fuzz.differential --case N runs one again"
    assert 2 * CASES == tally.cases
    assert min(tally.rejects, tally.by_csv, tally.by_duckdb) > 0
