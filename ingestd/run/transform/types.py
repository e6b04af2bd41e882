"""
The types of expressions: those of columns, and what two of them have in common.

A type is the text that a schema has: ``int64``, ``decimal(10,2)``, ``timestamp``.
Beside these there is NULL, the type of a ``null`` that stands alone.
"""

from __future__ import annotations

from typing import Final

NULL: Final = "null"
BOOL: Final = "bool"
TEXT: Final = "string"
DATE: Final = "date"
TIMESTAMP: Final = "timestamp"
TIMESTAMP_NS: Final = "timestamp(ns)"
TIMESTAMP_TZ: Final = "timestamp(tz)"
FLOAT32: Final = "float32"
FLOAT64: Final = "float64"

MAX_DIGITS: Final = 38
_DIGITS: Final = {
    "int8": 3,
    "int16": 5,
    "int32": 10,
    "int64": 19,
    "uint8": 3,
    "uint16": 5,
    "uint32": 10,
    "uint64": 20,
}
MOMENTS: Final = (TIMESTAMP, TIMESTAMP_NS, TIMESTAMP_TZ)
TEMPORAL: Final = (DATE, *MOMENTS)
FLOATS: Final = (FLOAT32, FLOAT64)

_NAMES: Final = {
    "tinyint": "int8",
    "smallint": "int16",
    "int2": "int16",
    "int16": "int16",
    "int": "int32",
    "int4": "int32",
    "int32": "int32",
    "integer": "int32",
    "bigint": "int64",
    "int64": "int64",
    "utinyint": "uint8",
    "uint8": "uint8",
    "usmallint": "uint16",
    "uint16": "uint16",
    "uinteger": "uint32",
    "uint32": "uint32",
    "ubigint": "uint64",
    "uint64": "uint64",
    "float": FLOAT32,
    "float4": FLOAT32,
    "float32": FLOAT32,
    "real": FLOAT32,
    "double": FLOAT64,
    "double precision": FLOAT64,
    "float8": FLOAT64,
    "float64": FLOAT64,
    "varchar": TEXT,
    "text": TEXT,
    "string": TEXT,
    "bool": BOOL,
    "boolean": BOOL,
    "date": DATE,
    "timestamp": TIMESTAMP,
    "timestamp_us": TIMESTAMP,
    "timestamp_ns": TIMESTAMP_NS,
    "timestamptz": TIMESTAMP_TZ,
    "timestamp with time zone": TIMESTAMP_TZ,
}
TYPE_NAMES: Final = (*_NAMES, "decimal(p,s)")


def named(name: str) -> str | None:
    """
    Return the type that SQL calls *name*, None for no type of ours.

    ``int8`` has no meaning here: in SQL it is 8 bytes wide, in a schema 8 bits.
    """
    return _NAMES.get(" ".join(name.lower().split()))


def decimal(precision: int, scale: int) -> str:
    """
    Return the type of decimals of *precision* digits, *scale* of them after the point.
    """
    return f"decimal({precision},{scale})"


def is_integer(kind: str) -> bool:
    """
    Tell whether *kind* is an integer type.
    """
    return kind in _DIGITS


def is_decimal(kind: str) -> bool:
    """
    Tell whether *kind* is a decimal type.
    """
    return kind.startswith("decimal(")


def is_number(kind: str) -> bool:
    """
    Tell whether *kind* is a type of numbers.
    """
    return is_integer(kind) or is_decimal(kind) or kind in FLOATS


def is_signed(kind: str) -> bool:
    """
    Tell whether the integer type *kind* has negative values.
    """
    return not kind.startswith("u")


def bits(kind: str) -> int:
    """
    Return the width of the integer type *kind*.
    """
    return int(kind.removeprefix("u").removeprefix("int"))


def bounds(kind: str) -> tuple[int, int]:
    """
    Return the least and the greatest value of the integer type *kind*.
    """
    width = bits(kind)
    if is_signed(kind):
        return -(2 ** (width - 1)), 2 ** (width - 1) - 1
    return 0, 2**width - 1


def digits(kind: str) -> tuple[int, int]:
    """
    Return precision and scale of *kind*, an integer or decimal type.
    """
    if kind in _DIGITS:
        return _DIGITS[kind], 0
    precision, scale = kind[len("decimal(") : -1].split(",")
    return int(precision), int(scale)


def common(one: str, other: str) -> str | None:
    """
    Return the type that holds the values of both, None where no type does.

    Naive timestamps and those with a time zone have none in common, and neither have
    int64 and uint64: the user says which is meant, with a cast.
    """
    if other in (one, NULL):
        return one
    if one == NULL:
        return other
    if is_number(one) and is_number(other):
        return _common_number(one, other)
    if {one, other} == {DATE, TIMESTAMP}:
        return TIMESTAMP
    return None


def _common_number(one: str, other: str) -> str | None:
    if FLOAT64 in (one, other):
        return FLOAT64
    if FLOAT32 in (one, other):
        return FLOAT32
    if is_integer(one) and is_integer(other):
        return common_integer(one, other)
    (p1, s1), (p2, s2) = digits(one), digits(other)
    scale = max(s1, s2)
    precision = max(p1 - s1, p2 - s2) + scale
    return decimal(precision, scale) if precision <= MAX_DIGITS else None


def common_integer(one: str, other: str) -> str | None:
    """
    Return the least integer type that holds the values of both.
    """
    if is_signed(one) == is_signed(other):
        return max(one, other, key=bits)
    signed, unsigned = (one, other) if is_signed(one) else (other, one)
    width = max(bits(signed), 2 * bits(unsigned))
    return f"int{width}" if width <= 64 else None  # noqa: PLR2004 - the widest


def sum_integer(one: str, other: str) -> str | None:
    """
    Return the type of ``+ - * // %`` of two integer types, as DuckDB has it.
    """
    if is_signed(one) == is_signed(other):
        return max(one, other, key=bits)
    signed, unsigned = (one, other) if is_signed(one) else (other, one)
    if unsigned == "uint64":
        return None
    return signed if bits(signed) > bits(unsigned) else "int64"
