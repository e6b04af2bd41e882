"""
Dates and timestamps: a value for each row, or that the row is in error.
"""

from __future__ import annotations

from tests.conformance.expression_case import Case, T

TIMES = [
    # Time.
    Case(
        "date_trunc('week', x)",
        "date",
        ["2026-02-04", "2026-02-01"],
        ["2026-02-02 00:00:00", "2026-01-26 00:00:00"],
    ),
    Case(
        "date_trunc('hour', x)",
        "timestamp",
        ["1969-12-31 23:59:00"],
        ["1969-12-31 23:00:00"],
    ),
    Case("date_trunc('century', x)", "date", ["2026-02-04"], ["2000-01-01 00:00:00"]),
    Case("time_bucket(interval '1 week', x)", "date", ["2026-02-04"], ["2026-02-02"]),
    Case("time_bucket(interval '5 months', x)", "date", ["1969-12-31"], ["1969-08-01"]),
    Case(
        "time_bucket(interval '36 hours', x)",
        "timestamp",
        ["2026-02-04 03:00:00"],
        ["2026-02-03 00:00:00"],
    ),
    Case(
        "time_bucket(interval '1 week', x, timestamp '2026-01-01')",
        "timestamp",
        ["2026-02-04 00:00:00"],
        ["2026-01-29 00:00:00"],
    ),
    Case("extract(dow from x)", "date", ["2026-02-01"], [0]),
    Case("extract(isodow from x)", "date", ["2026-02-01"], [7]),
    Case("extract(week from x)", "date", ["2021-01-03"], [53]),
    Case("extract(isoyear from x)", "date", ["2021-01-03"], [2020]),
    Case(
        "extract(millisecond from x)",
        "timestamp",
        ["2026-01-01 00:00:05.678901"],
        [5678],
    ),
    Case("extract(epoch from x)", "timestamp", ["1969-12-31 23:59:59.500000"], [-0.5]),
    Case(
        "x + interval '1 month'",
        "timestamp",
        ["2026-01-31 00:00:00"],
        ["2026-02-28 00:00:00"],
    ),
    Case(
        "x - interval '1 month 1 day'", "date", ["2026-03-31"], ["2026-02-27 00:00:00"]
    ),
    Case("x + 1", "date", ["2024-02-28"], ["2024-02-29"]),
    Case("x - date '2024-01-01'", "date", ["2024-03-01"], [60]),
    Case("x < '2026-01-01'", "timestamp", ["2025-12-31 23:59:00"], [T]),
    Case(
        "x at time zone 'Europe/Berlin'",
        "timestamp(tz)",
        ["2026-03-29 01:30:00+00:00"],
        ["2026-03-29 03:30:00"],
    ),
    # Left out by the clock; shown twice, where it is the later one.
    Case(
        "x at time zone 'Europe/Berlin'",
        "timestamp",
        ["2026-03-29 02:30:00"],
        ["2026-03-29 01:30:00+00:00"],
    ),
    Case(
        "x at time zone 'Europe/Berlin'",
        "timestamp",
        ["2026-10-25 02:30:00"],
        ["2026-10-25 01:30:00+00:00"],
    ),
    Case(
        "date_trunc('day', x at time zone 'Europe/Berlin')"
        " at time zone 'Europe/Berlin'",
        "timestamp(tz)",
        ["2026-02-04 00:00:00+00:00"],
        ["2026-02-03 23:00:00+00:00"],
    ),
]
