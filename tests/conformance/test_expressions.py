"""
What expressions mean, as data.

Each case is computed by DuckDB as well, with the same SQL, but for the deviations: they
are the list in docs/transform.md, with DuckDB's value beside.
"""

from __future__ import annotations

import itertools
import zoneinfo
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression import Program
from ingestd.run.transform.check import checked
from ingestd.run.transform.sql.parse import parse
from ingestd.run.transform.syntax import ExpressionError
from ingestd.run.transform.tree import Column, Node
from tests.conformance.expression_case import ERROR, Case
from tests.conformance.expression_casts_text import CASTS, TEXTS
from tests.conformance.expression_deviations import DEVIATIONS
from tests.conformance.expression_numbers import NUMBERS
from tests.conformance.expression_times import TIMES


def ours(case: Case) -> list[Any]:
    scope: dict[str, Node] = {"x": Column("x", case.kind)}
    node = checked(parse(case.text), case.text, scope)
    program = Program()
    outcome = program.outcome(node)
    error = pl.lit(value=False) if outcome.error is None else outcome.error
    frame = program.applied(frame_of(case).lazy())
    found = (
        frame.with_columns(outcome.value.alias("value"), error.alias("error"))
        .select("value", "error")
        .collect(engine="streaming")
    )
    assert data_type(node.type) == found["value"].dtype
    return [ERROR if failed else value for value, failed in found.rows()]


def frame_of(case: Case) -> pl.DataFrame:
    values = [None if v is None else _given(v, case.kind) for v in case.values]
    return pl.DataFrame({"x": values}, schema={"x": data_type(case.kind)})


def _given(value: Any, kind: str) -> Any:
    if kind.startswith("decimal"):
        return Decimal(value)
    if kind == "date":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind.startswith("timestamp") else value


def of_duckdb(case: Case, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    connection.register("given", frame_of(case).with_row_index("row").to_arrow())
    connection.execute("create or replace table rows as select * from given")
    return [_value(case, connection, row) for row in range(len(case.values))]


def _value(case: Case, connection: duckdb.DuckDBPyConnection, row: int) -> Any:
    query = f"select {case.text} as value from rows where row = {row}"
    try:
        relation = connection.sql(query)
        if str(relation.types[0]) in ("DATE", "TIMESTAMP"):
            # Years that Python lacks come as text.
            return relation.fetchall()[0][0]
        return pl.from_arrow(relation.to_arrow_table())["value"][0]
    except duckdb.Error:
        return ERROR


@pytest.fixture(name="connection", scope="module")
def connection_fixture():
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set timezone='UTC'")
    connection.execute("pragma disable_optimizer")
    return connection


def comparable(values: list[Any]) -> list[str]:
    """
    Return *values* as texts that tell 1 from 1.0, and equal NaN to itself.
    """
    shown = (str(v) if isinstance(v, date | Decimal) else v for v in values)
    return [repr(value) for value in shown]


CASES = [*NUMBERS, *CASTS, *TEXTS, *TIMES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.text}")
def test_meaning(case, connection):
    """
    An expression has its value here and in DuckDB, or its row is in error in both.
    """
    assert comparable(case.expected) == comparable(ours(case))
    assert comparable(case.expected) == comparable(of_duckdb(case, connection))


@pytest.mark.parametrize(
    "deviation", DEVIATIONS, ids=lambda d: f"{d.case.kind}: {d.case.text}"
)
def test_deviation(deviation, connection):
    """
    Where expressions mean another thing than in DuckDB, it is known and written down.
    """
    assert comparable(deviation.case.expected) == comparable(ours(deviation.case))
    assert comparable(deviation.theirs) == comparable(
        of_duckdb(deviation.case, connection)
    )


@pytest.mark.parametrize("kind", ["int64", "uint64"])
@pytest.mark.parametrize("sign", ["+", "-"])
def test_sums_at_the_edges(kind, sign):
    """
    A sum of 64 bits that wraps is an error, whatever the signs are; all others are
    exact.
    """
    low, high = (-(2**63), 2**63 - 1) if kind == "int64" else (0, 2**64 - 1)
    middle = [-(2**62), -2, -1, 0, 1, 2, 2**62, 2**63 - 1, 2**63]
    edges = [n for n in (low, low + 1, *middle, high - 1, high) if low <= n <= high]
    pairs = list(itertools.product(edges, edges))
    frame = pl.DataFrame(
        pairs, schema=dict.fromkeys("xy", data_type(kind)), orient="row"
    )
    scope: dict[str, Node] = {name: Column(name, kind) for name in "xy"}
    text = f"x {sign} y"
    program = Program()
    outcome = program.outcome(checked(parse(text), text, scope))
    found = program.applied(frame.lazy()).select(outcome.value.alias("value"))
    sums = [x + y if sign == "+" else x - y for x, y in pairs]
    expected = [total if low <= total <= high else None for total in sums]
    assert expected == found.collect()["value"].to_list()


def test_every_zone():
    """
    Each name of a time zone that is taken has its rules in the engine.
    """
    moment = pl.DataFrame(
        {"x": [datetime(2026, 1, 1)]}, schema={"x": pl.Datetime("us")}
    )
    scope: dict[str, Node] = {"x": Column("x", "timestamp")}
    for name in sorted(zoneinfo.available_timezones()):
        text = f"x at time zone '{name}'"
        if name in ("Factory", "localtime"):
            with pytest.raises(ExpressionError):
                checked(parse(text), text, scope)
            continue
        node = checked(parse(text), text, scope)
        program = Program()
        value = program.outcome(node).value.alias("value")
        assert program.applied(moment.lazy()).select(value).collect().item() is not None


def test_steps_do_not_grow():
    """
    A long sum takes as much for each term as a short one: no part is written twice.
    """
    sizes = []
    for terms in (10, 20, 40):
        text = " + ".join(["x"] * terms)
        program = Program()
        program.outcome(checked(parse(text), text, {"x": Column("x", "decimal(4,2)")}))
        frame = program.applied(pl.LazyFrame(schema={"x": pl.Decimal(4, 2)}))
        sizes.append(len(frame.explain(optimized=False)))
    assert sizes[2] - sizes[1] < 3 * (sizes[1] - sizes[0])


def test_filter_is_pushed_down():
    """
    A comparison with a column of the file is left to the reader, row by row.
    """
    text = "x > 1 and x < 10"
    program = Program()
    outcome = program.outcome(checked(parse(text), text, {"x": Column("x", "int32")}))
    assert outcome.error is None
    frame = pl.LazyFrame({"x": [1, 2, 3]}, schema={"x": pl.Int32})
    plan = program.applied(frame).filter(outcome.value).explain()
    assert "WITH_COLUMNS" not in plan


@pytest.mark.parametrize(
    "text",
    [
        "x < 13.6",
        "x > cast('2' as double)",
        "x + 1 / 3 + case when 1 = 1 then 2 else 3 end > 0",
    ],
)
def test_what_has_no_column_is_computed_once(text):
    """
    Not for each row: the conversion of a number in a condition took as long as parsing.
    """
    scope: dict[str, Node] = {"x": Column("x", "float64")}
    program = Program()
    outcome = program.outcome(checked(parse(text), text, scope))
    frame = pl.LazyFrame({"x": [1.0, 20.0]})

    plan = program.applied(frame).select(outcome.value).explain()

    for name in ("physical", "cast", "strict", "when"):
        assert name not in plan, plan
