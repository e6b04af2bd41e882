"""
Random expressions of the list, and a table of columns that they read.

What is drawn comes from a chooser: random numbers for the long run, Hypothesis in the
suite, which makes a finding small.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
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
INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
DECIMALS = ("d4", "d18", "d38", "d0")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
TRIMS = ("a", "ac", " ", "x\u00e9")
NEEDLES = ("a", "bc", "\u00e9", "", "$1", ".")
WORDS = (
    "a",
    "abc",
    "ABC",
    "ab%c",
    "a_c",
    "",
    " x ",
    "\u00e9t\u00e9",
    "\U0001f600b",
    "x\ny",
    "b.c",
    "aab$1",
)
INT_TYPES = (
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "utinyint",
    "uint16",
    "uint32",
    "ubigint",
)
UNITS = ("microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium")  # fmt: skip
FIELDS = ("year", "isoyear", "quarter", "month", "week", "day", "doy", "dow", "isodow", "hour", "minute", "second", "millisecond", "microsecond", "epoch")  # fmt: skip
WIDTHS = ("15 minutes", "1 hour", "7 days", "36 hours", "1 week", "10 seconds", "1 month", "5 months", "1 year", "250 milliseconds", "90 minutes", "1 day 6 hours")  # fmt: skip
PATTERNS = (r"^a", r"b.c$", r"[a-c]+\d?", r"(?:ab|\.)c", r"\s", r"\w{2,3}", r"^$", r"x\ny", r"[^a-z ]", r"a*?b", r"\bb", "\u00e9", r"\W\w", r"[\d\s_-]")  # fmt: skip


class Chooser(Protocol):
    """
    Where choices come from.
    """

    def pick(self, options: Sequence[T]) -> T: ...

    def number(self, low: int, high: int) -> int: ...


class Dice:
    """
    Choices from pseudo-random numbers.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.pick = self._random.choice
        self.number = self._random.randint


class Grammar:
    """
    Makes expressions by category: most are well typed, and the rest is refused.
    """

    def __init__(self, chooser: Chooser) -> None:
        self._pick = chooser.pick
        self._number = chooser.number

    def expression(self, depth: int) -> str:
        return self._any(
            self._pick(("number", "number", "bool", "bool", "text", "moment")), depth
        )

    def _any(self, category: str, depth: int) -> str:
        makers: dict[str, Callable[[int], str]] = {
            "number": self._numeric,
            "bool": self._condition,
            "text": self._text,
            "moment": self._moment,
        }
        return makers[category](depth)

    def _operand(self, category: str, depth: int) -> str:
        found = self._any(category, depth - 1)
        # Without marks, the order of operations is at stake as well.
        return found if self._number(0, 3) == 0 else f"({found})"

    def _numeric(self, depth: int) -> str:
        if depth <= 0 or self._number(0, 5) == 0:
            return self._number_leaf()
        one = lambda: self._operand("number", depth)  # noqa: E731
        moment = lambda: self._operand("moment", depth)  # noqa: E731
        return self._pick(
            (
                lambda: (
                    f"{one()} {self._pick(('+', '-', '*', '/', '//', '%'))} {one()}"
                ),
                lambda: f"{one()} {self._pick(('+', '-', '*'))} {one()}",
                lambda: (
                    f"{one()} {self._pick(('+', '-', '*', '/', '//', '%'))} {self._literal()}"
                ),
                lambda: f"- {one()}",
                lambda: f"abs({one()})",
                lambda: f"round({one()})",
                lambda: f"round({one()}, {self._number(-1, 5)})",
                lambda: (
                    f"round({self._pick((*INTEGERS, 'f32', 'f64', 'd18'))}, {self._number(-4, 0)})"
                ),
                lambda: f"{self._pick(('floor', 'ceil'))}({one()})",
                lambda: f"mod({one()}, {one()})",
                lambda: self._cast_number(depth),
                lambda: f"extract({self._pick(FIELDS)} from {moment()})",
                lambda: f"dt - {self._pick(('dt', 'ts::date'))}",
                lambda: self._choice("number", depth),
            )
        )()

    def _number_leaf(self) -> str:
        if self._number(0, 4) == 0:
            return self._literal()
        return self._pick((*INTEGERS, "f32", "f64", "g64", *DECIMALS))

    def _literal(self) -> str:
        return self._pick((
            "0", "1", "2", "-1", "3", "7", "10", "100", "127", "128", "-128", "255", "1000", "40000",
            "2147483647", "3000000000", "9223372036854775807", "0.5", "1.25", "0.05", "-2.5", "12345.678",
            "1e3", "1.5e-3", "cast(null as int)",
        ))  # fmt: skip

    def _cast_number(self, depth: int) -> str:
        number = lambda: self._operand("number", depth)  # noqa: E731
        decimal = f"decimal({self._pick(('4,2', '10,3', '18,6', '38,10', '5,0'))})"
        return self._pick(
            (
                lambda: f"cast({number()} as {self._pick(INT_TYPES)})",
                lambda: f"cast({number()} as {self._pick(('real', 'double'))})",
                lambda: f"cast({number()} as {decimal})",
                lambda: f"cast(b as {self._pick((*INT_TYPES, 'real', 'double'))})",
                lambda: f"text_int::{self._pick(INT_TYPES)}",
                lambda: f"text_float::{self._pick(('double', 'real'))}",
                lambda: (
                    f"cast(text_decimal as decimal({self._pick(('4,2', '18,6', '38,10'))}))"
                ),
            )
        )()

    def _choice(self, category: str, depth: int) -> str:
        one = lambda: self._operand(category, depth)  # noqa: E731
        test = lambda: self._operand("bool", depth)  # noqa: E731
        return self._pick(
            (
                lambda: f"case when {test()} then {one()} else {one()} end",
                lambda: (
                    f"case when {test()} then {one()} when {test()} then {one()} end"
                ),
                lambda: (
                    f"case {self._pick(INTEGERS)} when {self._literal()} then {one()} else {one()} end"
                ),
                lambda: f"coalesce({one()}, {one()})",
            )
        )()

    def _condition(self, depth: int) -> str:
        if depth <= 0:
            return self._pick(("b", "c", "true", "false", "cast(null as bool)"))
        category = self._pick(("number", "number", "text", "moment"))
        one = lambda: self._operand(category, depth)  # noqa: E731
        test = lambda: self._operand("bool", depth)  # noqa: E731
        text = lambda: self._operand("text", depth)  # noqa: E731
        no = self._pick(("", "", "not "))
        return self._pick(
            (
                lambda: (
                    f"{one()} {self._pick(('=', '<>', '<', '<=', '>', '>=', '!=', '=='))} {one()}"
                ),
                lambda: f"{one()} {self._pick(('=', '<', '>='))} {one()}",
                lambda: f"{test()} and {test()}",
                lambda: f"{test()} or {test()}",
                lambda: f"not {test()}",
                lambda: (
                    f"{self._operand(self._pick(('number', 'text', 'moment', 'bool')), depth)} is {no}null"
                ),
                lambda: f"{test()} is {no}{self._pick(('true', 'false'))}",
                lambda: f"{one()} {no}in ({one()}, {one()}, {one()})",
                lambda: (
                    f"{self._pick(INTEGERS)} {no}in ({self._literal()}, {self._literal()})"
                ),
                lambda: f"{one()} {no}between {one()} and {one()}",
                lambda: f"{text()} {no}like {self._like()}",
                lambda: (
                    f"regexp_matches({text()}, {quoted(self._pick(PATTERNS))}{self._pick(('', ', ' + quoted('i')))})"
                ),
                lambda: (
                    f"cast({self._pick((*INTEGERS, 'f64', 'd18', 'text_bool'))} as bool)"
                ),
                lambda: (
                    f"{self._pick(('ts', 'dt', 'us'))} {self._pick(('<', '='))} '2024-02-29'"
                ),
                lambda: self._choice("bool", depth),
            )
        )()

    def _like(self) -> str:
        pattern = self._pick(
            ("%", "", "a%", "%c", "%b%", "a_c", "_", "%\u00e9_", "a%c", "__%")
        )
        if self._number(0, 3) == 0:
            return f"{quoted('%' + '!' + self._pick('%_!') + '%')} escape '!'"
        return quoted(pattern)

    def _text(self, depth: int) -> str:
        if depth <= 0 or self._number(0, 4) == 0:
            return self._pick(("s", "t", "s", "t", quoted(self._pick(WORDS))))
        one = lambda: self._operand("text", depth)  # noqa: E731
        number = lambda: self._pick((str(self._number(-4, 6)), "i8", "u8", "i32"))  # noqa: E731
        plain = (*INTEGERS, "d18", "d0", "b", "dt", "ts", "tz", "ns", "s", "null")
        return self._pick(
            (
                lambda: (
                    f"{self._pick(('lower', 'upper', 'trim', 'ltrim', 'rtrim'))}({one()})"
                ),
                lambda: (
                    f"{self._pick(('trim', 'ltrim', 'rtrim'))}({one()}, {quoted(self._pick(TRIMS))})"
                ),
                lambda: f"substr({one()}, {number()})",
                lambda: f"substr({one()}, {number()}, {number()})",
                lambda: (
                    f"replace({one()}, {quoted(self._pick(NEEDLES))}, {quoted(self._pick(('', 'x', '$1', 'aa')))})"
                ),
                lambda: f"concat({one()}, {self._pick(plain)}, {one()})",
                lambda: f"{one()} || {one()}",
                lambda: f"{one()} || {self._pick(plain[:-1])}",
                lambda: f"cast({self._pick(plain)} as varchar)",
                lambda: self._choice("text", depth),
            )
        )()

    def _moment(self, depth: int) -> str:
        if depth <= 0 or self._number(0, 4) == 0:
            return self._pick(("ts", "us", "dt", "tz", "ns", "date '2024-02-29'", "timestamp '1969-12-31 23:59:59.5'", "timestamptz '2026-03-29 02:30:00+02'"))  # fmt: skip
        one = lambda: self._operand("moment", depth)  # noqa: E731
        zone = quoted(self._pick(ZONES))
        return self._pick(
            (
                lambda: f"date_trunc({quoted(self._pick(UNITS))}, {one()})",
                lambda: (
                    f"time_bucket(interval {quoted(self._pick(WIDTHS[:-1]))}, {one()})"
                ),
                lambda: (
                    f"time_bucket(interval {quoted(self._pick(WIDTHS))}, ts, timestamp '2001-02-03 04:05:06')"
                ),
                lambda: f"{one()} at time zone {zone}",
                lambda: f"tz at time zone {zone}",
                lambda: f"ts at time zone {zone}",
                lambda: (
                    f"{one()} {self._pick('+-')} interval {quoted(self._pick((*WIDTHS, '-1 month', '13 months')))}"
                ),
                lambda: (
                    f"dt {self._pick('+-')} {self._pick((str(self._number(-400, 400)), 'i8', 'i16'))}"
                ),
                lambda: (
                    f"cast({one()} as {self._pick(('date', 'timestamp', 'timestamptz', 'timestamp_ns'))})"
                ),
                lambda: (
                    f"text_date::{self._pick(('date', 'timestamp', 'timestamptz'))}"
                ),
                lambda: f"text_moment::{self._pick(('timestamp', 'timestamptz'))}",
                lambda: self._choice("moment", depth),
            )
        )()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def table(chooser: Chooser, rows: int) -> dict[str, list[Any]]:
    """
    Return random values for each column, most of them at the edges.
    """
    makers = {name: _maker(kind, name) for name, kind in COLUMNS.items()}
    return {
        name: [
            None if chooser.number(0, 6) == 0 else make(chooser) for _ in range(rows)
        ]
        for name, make in makers.items()
    }


def _maker(kind: str, name: str) -> Callable[[Chooser], Any]:
    if name.startswith("text_"):
        return lambda c: c.pick(_TEXTS[name])
    if kind.startswith(("int", "uint")):
        return lambda c: _integer(c, kind)
    if kind.startswith("decimal"):
        return lambda c: _decimal(c, kind)
    return {
        "float32": lambda c: c.pick(_FLOATS32),
        "float64": lambda c: c.pick(_FLOATS),
        "string": lambda c: c.pick(WORDS),
        "bool": lambda c: c.pick((True, False)),
        "date": lambda c: _moment(c).date(),
        "timestamp": _moment,
        "timestamp(ns)": lambda c: _near(c),
        "timestamp(tz)": lambda c: _moment(c).replace(tzinfo=UTC),
    }[kind]


def _integer(chooser: Chooser, kind: str) -> int:
    width = int(kind.removeprefix("u").removeprefix("int"))
    low, high = (
        (0, 2**width - 1)
        if kind[0] == "u"
        else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
    )
    wide = chooser.number(low, high)
    return chooser.pick(
        (low, high, 0, 1, 2, 3, 5, 7, 10, 100, max(low, -1), max(low, -7), wide)
    )


def _decimal(chooser: Chooser, kind: str) -> Decimal:
    precision, scale = (int(n) for n in kind[8:-1].split(","))
    most = 10**precision - 1
    small = chooser.number(-500, 500) * 10 ** max(scale - 2, 0)
    units = chooser.pick(
        (
            0,
            1,
            -1,
            5,
            -5,
            10**scale,
            most,
            -most,
            small,
            small,
            chooser.number(-most, most),
        )
    )
    return Decimal(max(-most, min(most, units))).scaleb(-scale)


def _moment(chooser: Chooser) -> datetime:
    fixed = ("2024-02-29 12:34:56.789012", "1969-12-31 23:59:59.999999", "2026-03-29 02:30:00", "2026-10-25 02:30:00", "2000-01-01 00:00:00", "1999-12-31 00:00:00", "2021-01-03 05:00:00")  # fmt: skip
    if chooser.number(0, 2) == 0:
        return datetime.fromisoformat(chooser.pick(fixed))
    # Of later and earlier years, libraries have other rules for time zones.
    return datetime(1971, 1, 1) + timedelta(
        microseconds=chooser.number(0, 60 * 365 * 86_400_000_000)
    )


def _near(chooser: Chooser) -> datetime:
    return _moment(chooser)


_FLOATS = (0.0, -0.0, 1.0, -1.5, 2.5, 0.1, 3.14159, 1e10, -1e300, 1e308, 5e-324, math.inf, -math.inf, math.nan, 127.5, 1234.5678, -7.25, 9.3e18, 0.125, 2.675)  # fmt: skip
_FLOATS32 = (0.0, -0.0, 1.0, -1.5, 2.5, 0.10000000149011612, 1e10, math.inf, math.nan, 127.5, 255.5, -7.25, 0.15000000596046448, 16777216.0)  # fmt: skip
_TEXTS = {
    "text_int": (
        "0",
        "12",
        "-7",
        "+5",
        "300",
        "-129",
        "99999999999",
        "9223372036854775807",
        "18446744073709551616",
        "abc",
        "",
        "1x",
        "007",
        "-0",
    ),  # fmt: skip
    "text_float": (
        "0",
        "1.5",
        "-2.25e3",
        "1e400",
        "nan",
        "inf",
        "-Infinity",
        ".5",
        "5.",
        "abc",
        "",
        "1e",
        "+1.5",
        "0.1",
        "1e-400",
        "3.4e39",
    ),  # fmt: skip
    "text_decimal": (
        "0",
        "1.5",
        "-2.25",
        "99.99",
        "100",
        "12345678901234",
        "abc",
        "",
        "+0.01",
        ".5",
        "5.",
        "-0",
    ),  # fmt: skip
    "text_bool": ("true", "FALSE", "t", "No", "yes", "1", "0", "on", "", "maybe", "F"),
    "text_date": (
        "2024-02-29",
        "2023-02-29",
        "1969-12-31",
        "abc",
        "2026-13-01",
        "1066-10-14",
        "2098-12-31",
    ),  # fmt: skip
    "text_moment": (
        "2024-02-29 12:34:56",
        "2024-02-29T12:34:56.789",
        "2024-02-29 12:34",
        "2026-01-01",
        "1969-12-31 23:59:59.999999",
        "abc",
        "",
        "2024-02-30 00:00:00",
        "2024-02-29 12:61:00",
    ),  # fmt: skip
}
