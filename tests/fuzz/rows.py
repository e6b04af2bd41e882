"""
A table of random rows: one or two columns of each type, most values at the edges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

COLUMNS = {
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "f32": "float32",
    "f64": "float64",
    "g64": "float64",
    "d4": "decimal(4,2)",
    "d18": "decimal(18,6)",
    "d38": "decimal(38,10)",
    "d0": "decimal(20,0)",
    "s": "string",
    "t": "string",
    "b": "bool",
    "c": "bool",
    "dt": "date",
    "ts": "timestamp",
    "us": "timestamp",
    "tz": "timestamp(tz)",
    "ns": "timestamp(ns)",
    "text_int": "string",
    "text_float": "string",
    "text_decimal": "string",
    "text_bool": "string",
    "text_date": "string",
    "text_moment": "string",
}
WORDS = (
    *("a", "abc", "ABC", "ab%c", "a_c", "", " x ", "x\ny", "b.c", "aab$1"),
    *("\u00e9t\u00e9", "\U0001f600b"),
)
_TEXTS = {
    "text_int": (
        *("0", "12", "-7", "+5", "300", "-129", "99999999999", "007", "-0"),
        *("9223372036854775807", "18446744073709551616", "abc", "", "1x"),
    ),
    "text_float": (
        *("0", "1.5", "-2.25e3", "1e400", "1e-400", "3.4e39", "+1.5", "0.1"),
        *("nan", "inf", "-Infinity", ".5", "5.", "abc", "", "1e"),
    ),
    "text_decimal": (
        *("0", "1.5", "-2.25", "99.99", "100", "12345678901234", "+0.01"),
        *(".5", "5.", "-0", "abc", ""),
    ),
    "text_bool": ("true", "FALSE", "t", "No", "yes", "1", "0", "on", "", "maybe", "F"),
    "text_date": (
        *("2024-02-29", "2023-02-29", "1969-12-31", "1066-10-14", "2098-12-31"),
        *("abc", "2026-13-01"),
    ),
    "text_moment": (
        *("2024-02-29 12:34:56", "2024-02-29T12:34:56.789", "2024-02-29 12:34"),
        *("2026-01-01", "1969-12-31 23:59:59.999999", "abc", ""),
        *("2024-02-30 00:00:00", "2024-02-29 12:61:00"),
    ),
}
_FLOATS = (
    *(0.0, -0.0, 1.0, -1.5, 2.5, 0.1, 3.14159, 127.5, 1234.5678, -7.25, 0.125, 2.675),
    *(1e10, 9.3e18, -1e300, 1e308, 5e-324, math.inf, -math.inf, math.nan),
)
_NARROW_FLOATS = (
    *(0.0, -0.0, 1.0, -1.5, 2.5, 0.10000000149011612, 0.15000000596046448),
    *(1e10, 16777216.0, 127.5, 255.5, -7.25, math.inf, math.nan),
)
_MOMENTS = (
    *("2024-02-29 12:34:56.789012", "1969-12-31 23:59:59.999999"),
    *("2026-03-29 02:30:00", "2026-10-25 02:30:00"),  # left out, and twice, in Berlin
    *("2000-01-01 00:00:00", "1999-12-31 00:00:00", "2021-01-03 05:00:00"),
)
_FIFTY_YEARS = 50 * 365 * 86_400_000_000


class Chooser(Protocol):
    """
    Where choices come from: random numbers, or Hypothesis, which makes findings small.
    """

    def pick(self, options: Sequence[T]) -> T: ...

    def number(self, low: int, high: int) -> int: ...


def table(chooser: Chooser, rows: int) -> dict[str, list[Any]]:
    """
    Return random values for each column; one of seven is null.
    """
    makers = {name: _maker(kind, name) for name, kind in COLUMNS.items()}
    return {
        name: [make(chooser) if chooser.number(0, 6) else None for _ in range(rows)]
        for name, make in makers.items()
    }


def _maker(kind: str, name: str) -> Callable[[Chooser], Any]:
    if name in _TEXTS:
        return lambda chooser: chooser.pick(_TEXTS[name])
    if kind.startswith(("int", "uint")):
        return lambda chooser: _integer(chooser, kind)
    if kind.startswith("decimal"):
        return lambda chooser: _decimal(chooser, kind)
    makers: dict[str, Callable[[Chooser], Any]] = {
        "float32": lambda chooser: chooser.pick(_NARROW_FLOATS),
        "float64": lambda chooser: chooser.pick(_FLOATS),
        "string": lambda chooser: chooser.pick(WORDS),
        "bool": lambda chooser: chooser.pick((True, False)),
        "date": lambda chooser: _moment(chooser).date(),
        "timestamp(tz)": lambda chooser: _moment(chooser).replace(tzinfo=UTC),
    }
    return makers.get(kind, _moment)


def _integer(chooser: Chooser, kind: str) -> int:
    width = int(kind.removeprefix("u").removeprefix("int"))
    low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    if kind.startswith("u"):
        low, high = 0, 2**width - 1
    small = (0, 1, 2, 3, 5, 7, 10, 100, max(low, -1), max(low, -7))
    return chooser.pick((low, high, *small, chooser.number(low, high)))


def _decimal(chooser: Chooser, kind: str) -> Decimal:
    precision, scale = (int(number) for number in kind[8:-1].split(","))
    most = 10**precision - 1
    small = chooser.number(-500, 500) * 10 ** max(scale - 2, 0)
    any_size = chooser.number(-most, most)
    edges = (0, 1, -1, 5, -5, 10**scale, most, -most)
    units = chooser.pick((*edges, small, small, any_size))
    return Decimal(max(-most, min(most, units))).scaleb(-scale)


def _moment(chooser: Chooser) -> datetime:
    if chooser.number(0, 2) == 0:
        return datetime.fromisoformat(chooser.pick(_MOMENTS))
    return datetime(1971, 1, 1) + timedelta(
        microseconds=chooser.number(0, _FIFTY_YEARS)
    )
