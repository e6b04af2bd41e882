"""
Expressions that mean another thing than in DuckDB: what both give.
"""

from __future__ import annotations

from tests.conformance.expression_case import ERROR, Case, Deviation, F, N, T

DEVIATIONS = [
    # A left operand that decides is enough, whatever the right one is.
    Deviation(
        Case("x <> '' and cast(x as int) > 1", "string", ["", "2"], [F, T]), [ERROR, T]
    ),
    Deviation(
        Case("x = '' or cast(x as int) > 1", "string", ["", "2"], [T, T]), [ERROR, T]
    ),
    # What does not count is no error; DuckDB computes minus of a constant at once.
    Deviation(
        Case(
            "coalesce(x, - (2147483647 + 1))",
            "decimal(4,2)",
            ["1.50", N],
            ["1.50", ERROR],
        ),
        [ERROR, ERROR],
    ),
    # Text is read as strictly as columns are.
    Deviation(
        Case("cast(x as int)", "string", ["1.9", " 1 ", "1e3", "1_0"], [ERROR] * 4),
        [2, 1, 1000, 10],
    ),
    Deviation(
        Case("cast(x as decimal(4,2))", "string", ["1.005", "1e1"], [ERROR] * 2),
        ["1.01", "10.00"],
    ),
    Deviation(
        Case("cast(x as double)", "string", [" 1.5", "1_0.5"], [ERROR] * 2), [1.5, 10.5]
    ),
    Deviation(
        Case(
            "cast(x as date)",
            "string",
            ["2026-1-2", "2026/01/02", "2026-01-02 03:04"],
            [ERROR] * 3,
        ),
        ["2026-01-02"] * 3,
    ),
    Deviation(
        Case(
            "cast(x as timestamp)",
            "string",
            ["2026-01-02 03:04:05Z", "2026-01-02 24:00:00"],
            [ERROR] * 2,
        ),
        ["2026-01-02 03:04:05", "2026-01-03 00:00:00"],
    ),
    # Full Unicode mapping of case: a letter may become two, a final sigma its own form.
    Deviation(
        Case("upper(x)", "string", ["\u00df", "\ufb01"], ["SS", "FI"]),
        ["\u1e9e", "\ufb01"],
    ),
    Deviation(
        Case(
            "lower(x)",
            "string",
            ["\u0391\u03a3", "\u0130"],
            ["\u03b1\u03c2", "i\u0307"],
        ),
        ["\u03b1\u03c3", "i"],
    ),
    # Moments that are computed lie in the years 1 to 9999.
    Deviation(Case("x - 366", "date", ["0001-01-01"], [ERROR]), ["0001-01-01 (BC)"]),
    Deviation(
        Case("x + interval '1 year'", "date", ["9999-06-01"], [ERROR]),
        ["10000-06-01 00:00:00"],
    ),
    # The rules of clocks are known up to 2099.
    Deviation(
        Case(
            "x at time zone 'Europe/Berlin'",
            "timestamp",
            ["2100-07-01 00:00:00"],
            [ERROR],
        ),
        ["2100-06-30 22:00:00+00:00"],
    ),
    # A decimal below one has its zero.
    Deviation(Case("cast(x as varchar)", "decimal(2,2)", ["0.05"], ["0.05"]), [".05"]),
    # Null stays null, also where all digits are rounded away.
    Deviation(Case("round(x, -4)", "decimal(4,2)", [N], [N]), ["0"]),
    # To the nearest float, also of more than 64 bits.
    Deviation(
        Case(
            "x / 40000",
            "decimal(20,0)",
            ["-39259834190508683096"],
            [-981495854762717.0],
        ),
        [-981495854762717.1],
    ),
]
