"""
Conditions and numbers: a value for each row, or that the row is in error.
"""

from __future__ import annotations

from tests.conformance.expression_case import ERROR, INF, NAN, Case, F, N, T

NUMBERS = [
    # Three-valued logic, and errors beside what decides.
    Case("x and true", "bool", [T, F, N], [T, F, N]),
    Case("x and false", "bool", [T, F, N], [F, F, F]),
    Case("x or true", "bool", [T, F, N], [T, T, T]),
    Case("x or false", "bool", [T, F, N], [T, F, N]),
    Case("not x", "bool", [T, F, N], [F, T, N]),
    Case("x is true", "bool", [T, F, N], [T, F, F]),
    Case("x is not false", "bool", [T, F, N], [T, F, T]),
    Case("x in (1, null)", "int32", [1, 2, N], [T, N, N]),
    Case("x not in (1, 2)", "int32", [1, 3, N], [F, T, N]),
    Case("x between 2 and 1", "int32", [1, 2, N], [F, F, N]),
    Case("case when x then 1 else 0 end", "bool", [T, F, N], [1, 0, 0]),
    Case("case x when 1 then 'a' end", "int32", [1, 2, N], ["a", N, N]),
    Case("case when x <> 0 then 6 // x end", "int32", [2, 0, N], [3, N, N]),
    Case("coalesce(x, 6 // 2)", "int32", [1, N], [1, 3]),
    # Integers.
    Case("x + 1", "int8", [126, 127, N], [127, ERROR, N]),
    Case("x - 1", "uint8", [1, 0], [0, ERROR]),
    Case("x * x", "int64", [3037000499, 3037000500], [9223372030926249001, ERROR]),
    Case("x * 2", "uint64", [2**63 - 1, 2**63], [2**64 - 2, ERROR]),
    Case("- x", "int8", [5, -128], [-5, ERROR]),
    Case("abs(x)", "int64", [-5, -(2**63)], [5, ERROR]),
    Case("x // 2", "int32", [7, -7], [3, -3]),
    Case("x // 0", "int32", [7, N], [ERROR, N]),
    Case("x // -1", "int8", [7, -128], [-7, ERROR]),
    Case("x % 3", "int32", [7, -7], [1, -1]),
    Case("x % 0", "int32", [7], [ERROR]),
    Case("x / 2", "int32", [7, N], [3.5, N]),
    Case("x / 0", "int32", [7, -7], [INF, -INF]),
    Case("round(x, -1)", "int32", [14, 15, -15], [10, 20, -20]),
    Case("round(x, -1)", "int8", [124, 127], [120, ERROR]),
    # Floats.
    Case("x / 0", "float64", [1.0, 0.0], [INF, NAN]),
    Case("x // 0", "float64", [1.0], [ERROR]),
    Case("x % 2", "float64", [-3.5, INF, NAN], [-1.5, NAN, NAN]),
    Case("x / 10", "float32", [255.5], [25.549999237060547]),
    Case("x = x", "float64", [NAN, 1.0, N], [T, T, N]),
    Case("x > 1e308", "float64", [NAN, INF, 1.0], [T, T, F]),
    Case("x = 0", "float64", [-0.0], [T]),
    Case("round(x)", "float64", [0.5, 2.5, -2.5, NAN], [1.0, 3.0, -3.0, NAN]),
    Case("round(x, 2)", "float64", [2.675, 1.005], [2.68, 1.0]),
    Case("floor(x)", "float64", [-1.5, 1.5], [-2.0, 1.0]),
    Case("ceil(x)", "int32", [3], [3.0]),
    # Decimals: exact, with the digits of DuckDB.
    Case("x + 0.5", "decimal(4,2)", ["99.99"], ["100.49"]),
    Case("x * x", "decimal(4,2)", ["99.99"], ["9998.0001"]),
    Case("x * x", "decimal(18,2)", ["1e9"], [ERROR]),
    Case("x + x", "decimal(38,0)", ["9" * 38, "1"], [ERROR, "2"]),
    Case("x * 10", "decimal(38,0)", ["9" * 38, "-7"], [ERROR, "-70"]),
    Case("x % 0.3", "decimal(4,2)", ["-1.00"], ["-0.10"]),
    Case("x / 3", "decimal(4,2)", ["1.00"], [0.3333333333333333]),
    Case("round(x, 1)", "decimal(4,2)", ["1.25", "-1.25"], ["1.3", "-1.3"]),
    Case("floor(x)", "decimal(4,2)", ["-1.25", "1.25"], ["-2", "1"]),
    Case("ceil(x)", "decimal(4,2)", ["-1.25", "1.25"], ["-1", "2"]),
    Case("x = 1.5", "decimal(4,2)", ["1.50", "1.51"], [T, F]),
]
