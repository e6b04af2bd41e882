"""
The types of expressions, and which go together.
"""

from __future__ import annotations

import pytest

from ingestd.run.transform.check import checked
from ingestd.run.transform.conversion import can_cast
from ingestd.run.transform.sql.parse import parse
from ingestd.run.transform.syntax import ExpressionError
from ingestd.run.transform.tree import Column, columns_of
from ingestd.run.transform.types import common, named

INTEGERS = {f"{u}int{n}": f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)}
SCOPE = {
    name: Column(name, kind)
    for name, kind in {
        "i8": "int8",
        "i32": "int32",
        "i64": "int64",
        "u8": "uint8",
        "u64": "uint64",
        "f32": "float32",
        "f64": "float64",
        "d": "decimal(4,2)",
        "wide": "decimal(18,6)",
        "s": "string",
        "b": "bool",
        "dt": "date",
        "ts": "timestamp",
        "ns": "timestamp(ns)",
        "tz": "timestamp(tz)",
    }.items()
}


def kind(text: str) -> str:
    return checked(parse(text), text, SCOPE).type


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i8 + i8", "int8"),
        ("i8 + 127", "int8"),
        ("i8 + 128", "int32"),
        ("i8 + 3000000000", "int64"),
        ("u8 - 1", "uint8"),
        ("u8 + i8", "int64"),
        ("u8 + i32", "int32"),
        ("coalesce(u8, i8)", "int16"),
        ("i8 // 2", "int8"),
        ("i8 / 2", "float64"),
        ("i8 % 2", "int8"),
        ("f32 / 2", "float32"),
        ("f32 + f64", "float64"),
        ("f32 + d", "float32"),
        ("d + 1", "decimal(13,2)"),
        ("d + i8", "decimal(6,2)"),
        ("d * d", "decimal(8,4)"),
        ("d * 1.5", "decimal(6,3)"),
        ("wide * wide", "decimal(18,12)"),
        ("d / 2", "float64"),
        ("d % 0.3", "decimal(4,2)"),
        ("round(d)", "decimal(4,0)"),
        ("round(d, 1)", "decimal(4,1)"),
        ("round(wide, 9)", "decimal(18,6)"),
        ("round(u8)", "int64"),
        ("floor(i8)", "float64"),
        ("ceil(d)", "decimal(4,0)"),
        ("abs(u8)", "uint8"),
        ("1.5", "decimal(2,1)"),
        ("0.05", "decimal(3,2)"),
        ("1e3", "float64"),
        ("case when b then 1 else 2.5 end", "decimal(11,1)"),
        ("case when b then i8 end", "int8"),
        ("coalesce(null, d)", "decimal(4,2)"),
        ("s || i8", "string"),
        ("s like 'a'", "bool"),
        ("i8 in (1, 2)", "bool"),
        ("date_trunc('month', dt)", "timestamp"),
        ("date_trunc('hour', tz)", "timestamp(tz)"),
        ("date_trunc('hour', ns)", "timestamp"),
        ("time_bucket(interval '1 day', dt)", "date"),
        ("extract(year from dt)", "int64"),
        ("extract(epoch from ts)", "float64"),
        ("ts at time zone 'Asia/Tokyo'", "timestamp(tz)"),
        ("tz at time zone 'Asia/Tokyo'", "timestamp"),
        ("dt + 1", "date"),
        ("dt - dt", "int64"),
        ("dt + interval '1 hour'", "timestamp"),
        ("cast(s as decimal(10,2))", "decimal(10,2)"),
        ("s::timestamp with time zone", "timestamp(tz)"),
        ("ts > '2026-01-31'", "bool"),
        ("dt < ts", "bool"),
    ],
)
def test_result(text, expected):
    """
    A result has the type that DuckDB gives it.
    """
    assert expected == kind(text)


@pytest.mark.parametrize(
    "text",
    [
        "u64 > i64",
        "u64 + i8",
        "ts > tz",
        "ts = ns",
        "i8 = s",
        "i8 = '1'",
        "b + 1",
        "b = 1",
        "not i8",
        "b and 1",
        "dt + ts",
        "ts - ts",
        "dt + i64",
        "lower(i8)",
        "cast(f64 as varchar)",
        "f64 || s",
        "cast(dt as int)",
        "cast(b as decimal(4,2))",
        "cast(tz as timestamp_ns)",
        "dt at time zone 'UTC'",
        "round(s)",
        "extract(hour from s)",
        "time_bucket(interval '1 month 1 day', ts)",
        "time_bucket(interval '0 minutes', ts)",
        "time_bucket(interval '-1 hour', ts)",
        "time_bucket(interval '1 day', tz, timestamp '2026-01-01')",
        "ns + interval '1 hour'",
        "d * cast(1 as decimal(38,37))",
        "cast(1 as decimal(39,0))",
        "cast(1 as decimal(4,5))",
    ],
)
def test_mismatch(text):
    """
    Where a conversion may be a mistake, it has to be asked for.
    """
    with pytest.raises(ExpressionError):
        kind(text)


def test_columns():
    """
    The columns that an expression reads are known, and no others.
    """
    text = "case when b then lower(s) else cast(i8 as varchar) end"
    node = checked(parse(text), text, SCOPE)
    assert {"b", "s", "i8"} == set(columns_of(node))


def test_derived_is_put_in():
    """
    A derived column stands for its expression, so that nothing else need know of it.
    """
    text = "i8 + 1"
    scope = SCOPE | {"next": checked(parse(text), text, SCOPE)}
    assert ["i8", "i8"] == list(columns_of(checked(parse("next = next"), "", scope)))


def test_growth_is_bounded():
    """
    Columns derived from each other do not grow without a limit.
    """

    def grown() -> None:
        scope = dict(SCOPE)
        for _ in range(30):
            scope["i32"] = checked(parse("i32 + i32"), "i32 + i32", scope)

    with pytest.raises(ExpressionError, match="too large"):
        grown()


def test_depth_is_bounded():
    """
    A chain of derived columns ends before an engine's stack does.
    """

    def grown() -> None:
        scope = dict(SCOPE)
        for _ in range(300):
            scope["f64"] = checked(parse("f64 + 1"), "f64 + 1", scope)

    with pytest.raises(ExpressionError, match="too large"):
        grown()


@pytest.mark.parametrize("one", INTEGERS)
@pytest.mark.parametrize("other", INTEGERS)
def test_common_integer(one, other):
    """
    The common type of integers holds the values of both; 64 bits without and with a
    sign have none.
    """
    found = common(one, other)
    mixed = one.startswith("u") != other.startswith("u")
    if mixed and "uint64" in (one, other):
        assert found is None
    else:
        assert found is not None
        assert found == common(other, one)


def test_type_names():
    """
    The names of types are those of SQL; int8 has two meanings, and so none.
    """
    assert ["int32", "int64", "float64", "timestamp(tz)", None, None] == [
        named("INTEGER"),
        named("bigint"),
        named("double  precision"),
        named("timestamp with time zone"),
        named("int8"),
        named("blob"),
    ]


def test_casts_to_itself():
    """
    Each type can be cast to itself, and null to each.
    """
    kinds = ["bool", "string", "date", "timestamp(ns)", "decimal(4,2)", "float32"]
    assert all(can_cast(k, k) and can_cast("null", k) for k in kinds)
