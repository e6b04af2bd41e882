"""
Casts and text: a value for each row, or that the row is in error.
"""

from __future__ import annotations

from tests.conformance.expression_case import ERROR, INF, NAN, Case, F, N, T

CASTS = [
    # Casts.
    Case("cast(x as tinyint)", "int32", [127, 128], [127, ERROR]),
    Case("cast(x as int)", "float64", [2.5, 3.5, NAN, 1e10], [2, 4, ERROR, ERROR]),
    Case("cast(x as int)", "decimal(4,2)", ["2.50", "-2.50"], [3, -3]),
    Case("cast(x as real)", "float64", [1e39, INF], [ERROR, INF]),
    Case("cast(x as decimal(4,2))", "float64", [0.125, 100.0], ["0.13", ERROR]),
    Case("cast(x as decimal(3,1))", "decimal(4,2)", ["1.25", "99.99"], ["1.3", ERROR]),
    Case(
        "cast(x as int)", "string", ["12", "+5", "abc", "", N], [12, 5, ERROR, ERROR, N]
    ),
    Case(
        "cast(x as utinyint)",
        "string",
        ["255", "256", "-1", "-0"],
        [255, ERROR, ERROR, 0],
    ),
    Case("cast(x as double)", "string", ["1e400", "-inf", "1e"], [INF, -INF, ERROR]),
    Case("cast(x as bool)", "string", ["Yes", "f", "on"], [T, F, ERROR]),
    Case(
        "cast(x as date)", "string", ["2024-02-29", "2023-02-29"], ["2024-02-29", ERROR]
    ),
    Case(
        "cast(x as timestamp)",
        "string",
        ["2026-01-31 12:30", "x"],
        ["2026-01-31 12:30:00", ERROR],
    ),
    Case(
        "cast(x as timestamptz)",
        "string",
        ["2026-01-31 12:30:00+02:30"],
        ["2026-01-31 10:00:00+00:00"],
    ),
    Case("cast(x as varchar)", "bool", [T, F, N], ["true", "false", N]),
    Case("cast(x as varchar)", "decimal(4,2)", ["-0.50"], ["-0.50"]),
    Case(
        "cast(x as varchar)",
        "timestamp",
        ["2026-01-31 00:00:00.120000", "2026-01-31 00:00:00"],
        ["2026-01-31 00:00:00.12", "2026-01-31 00:00:00"],
    ),
]
TEXTS = [
    # Text.
    Case("x < 'b'", "string", ["B", "a", "\u00e9"], [T, T, F]),
    Case("substr(x, 2, 2)", "string", ["h\u00e9llo", "h", N], ["\u00e9l", "", N]),
    Case("substr(x, 0, 2)", "string", ["hello"], ["h"]),
    Case("substr(x, -3, 2)", "string", ["hello"], ["ll"]),
    Case("substr(x, 4, -2)", "string", ["hello"], ["el"]),
    Case("substr('hello', x)", "int64", [2, 2**32], ["ello", ERROR]),
    Case("trim(x)", "string", ["  a\t "], ["a\t"]),
    Case("ltrim(x, 'ab')", "string", ["abcab"], ["cab"]),
    Case("replace(x, 'a', '$0')", "string", ["aba"], ["$0b$0"]),
    Case("replace(x, '', 'y')", "string", ["aba"], ["aba"]),
    Case("x || 'y'", "string", ["a", N], ["ay", N]),
    Case("concat(x, 'y', 1)", "string", ["a", N], ["ay1", "y1"]),
    Case("x like 'a_c%'", "string", ["abc", "a\nc", "ac", N], [T, T, F, N]),
    Case(r"x like 'a\%'", "string", ["a%", "a\\z"], [F, T]),
    Case("x like '50!%%' escape '!'", "string", ["50% off", "50 off"], [T, F]),
    Case("regexp_matches(x, '^a.c$')", "string", ["abc", "a\nc", "abc\n"], [T, F, F]),
    Case(
        r"regexp_matches(x, '\w\s')", "string", ["a ", "\u00e9 ", "a\u00a0"], [T, F, F]
    ),
    Case("regexp_matches(x, 'b', 'i')", "string", ["ABC"], [T]),
]
