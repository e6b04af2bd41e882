"""
The same SQL in DuckDB and in ingestd's expressions, and what differs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl

from ingestd.run.engines.polars.convert import data_type
from ingestd.run.engines.polars.expression.compile import Outcome, Program, either
from ingestd.run.transform.check import checked
from ingestd.run.transform.sql.parse import parse
from ingestd.run.transform.syntax import ExpressionError
from ingestd.run.transform.tree import (
    Call,
    Column,
    Node,
    Op,
    bottom_up,
    columns_of,
)
from tests.fuzz.rows import COLUMNS

FAILED = "<error>"
_TYPES = {
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "VARCHAR": "string",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_NS": "timestamp(ns)",
    "TIMESTAMP WITH TIME ZONE": "timestamp(tz)",
}


@dataclass
class Tally:
    """
    How many expressions were compared, refused here, and how many rows failed in both.
    Of the *loose* ones only types and errors were: DuckDB rounds large decimals to a
    float that is not always the nearest.
    """

    compared: int = 0
    loose: int = 0
    refused: int = 0
    failed_rows: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


class Difference(AssertionError):
    """
    An expression that means another thing in the two.
    """


class Reference:
    """
    One table in both.
    """

    def __init__(self, values: dict[str, list[Any]]) -> None:
        self.frame = pl.DataFrame(
            values,
            schema={name: data_type(kind) for name, kind in COLUMNS.items()},
        ).with_row_index("id")
        self._scope: dict[str, Node] = {n: Column(n, k) for n, k in COLUMNS.items()}
        self._connection = duckdb.connect(config={"threads": 1})
        self._connection.execute("set timezone='UTC'")
        # It leaves out operands that cannot matter, with their errors.
        self._connection.execute("pragma disable_optimizer")
        self._connection.register("given", self.frame.to_arrow())
        self._connection.execute("create table rows as select * from given")
        self.tally = Tally()

    def compare(self, text: str) -> None:
        """
        Raise Difference where *text* means another thing in DuckDB.
        """
        try:
            node = checked(parse(text), text, self._scope)
        except ExpressionError:
            self.tally.refused += 1
            return
        ours = self._ours(node)
        good = [i for i, value in enumerate(ours) if value is not FAILED]
        try:
            kind, theirs = self._duckdb(text, good)
        except duckdb.Error:
            theirs = [self._alone(text, node, row) for row in good]
            kind = node.type
        self.tally.compared += 1
        self.tally.kinds[node.type] = self.tally.kinds.get(node.type, 0) + 1
        if kind != node.type:
            raise Difference(f"{text}\n  type: duckdb {kind}, here {node.type}")
        strict = self._ours(node, _Strict) if FAILED in theirs else []
        rounds = any(map(_wide, _calls(node)))
        self.tally.loose += rounds
        for row, value in zip(good, theirs, strict=True):
            if rounds and value is not FAILED:
                continue
            if value is FAILED and strict[row] is FAILED:
                continue  # a left operand decides here, DuckDB looks at both
            if value is FAILED and self._constant_fails(node):
                continue  # where it does not count here; DuckDB computes it at once
            self._equal(text, row, ours[row], value)
        for row, value in enumerate(ours):
            if value is FAILED:
                self.tally.failed_rows += 1
                self._fails(text, node, good, row)

    def _constant_fails(self, node: Node) -> bool:
        """
        Tell whether minus of a constant has no value.
        """
        minus = (part for part in _calls(node) if part.op is Op.NEGATE)
        constant = (part for part in minus if next(columns_of(part), None) is None)
        return any(FAILED in self._ours(part) for part in constant)

    def _fails(self, text: str, node: Node, good: list[int], row: int) -> None:
        """
        Raise Difference where DuckDB has a value for *row*, which is in error here.
        """
        alone = self._alone(text, node, row)
        if alone is None:
            # Of a single row, what stands beside a null is not computed.
            try:
                self._duckdb(text, sorted([*good, row]))
            except duckdb.Error:
                return
        if same(self._ours(node, _Lenient)[row], alone):
            return  # DuckDB computes little beside a null
        self._equal(text, row, FAILED, alone)

    def _ours(self, node: Node, make: type[Program] = Program) -> list[Any]:
        program = make()
        outcome = program.outcome(node)
        error = pl.lit(value=False) if outcome.error is None else outcome.error
        # Lazily and streaming, as the engine runs it.
        found = (
            program.applied(self.frame.lazy())
            .with_columns(outcome.value.alias("value"), error.alias("error"))
            .select("value", "error")
            .collect(engine="streaming")
        )
        assert found["error"].null_count() == 0, "an error flag is null"
        assert found["value"].dtype == data_type(node.type), found["value"].dtype
        return [FAILED if e else v for v, e in found.rows()]

    def _duckdb(self, text: str, rows: list[int]) -> tuple[str, list[Any]]:
        chosen = ",".join(map(str, rows)) or "-1"
        # Beside a null that is constant, DuckDB computes nothing, errors included.
        for kind, column in (("int", "i32"), ("bool", "b")):
            text = text.replace(f"cast(null as {kind})", f"nullif({column}, {column})")
        query = f"select {text} as value from rows where id in ({chosen}) order by id"
        relation = self._connection.sql(query)
        kind = str(relation.types[0])
        table = relation.to_arrow_table()
        values = pl.from_arrow(table)["value"].to_list() if len(table) else []
        return _TYPES.get(kind) or kind.lower().replace(" ", ""), values

    def _alone(self, text: str, node: Node, row: int) -> Any:
        """
        Return the value of one row.
        """
        try:
            return self._duckdb(text, [row])[1][0]
        except duckdb.Error:
            pass
        return FAILED

    def _equal(self, text: str, row: int, ours: Any, theirs: Any) -> None:
        if not same(ours, theirs):
            columns = [n for n in COLUMNS if re.search(rf"\b{n}\b", text)]
            given = self.frame.row(row, named=True)
            shown = ", ".join(f"{n}={given[n]!r}" for n in columns)
            raise Difference(
                f"{text}\n  where {shown}\n  duckdb {theirs!r}, here {ours!r}"
            )


def _calls(node: Node) -> Iterator[Call]:
    return (part for part in bottom_up(node) if isinstance(part, Call))


def _wide(call: Call) -> bool:
    source = call.args[0].type
    if call.op is not Op.CAST or not call.type.startswith("float"):
        return False
    return source.startswith("decimal") and int(source[8:].split(",")[0]) > 18


class _Strict(Program):
    """
    Looks at both sides of ``and`` and ``or``, as DuckDB does most of the time.
    """

    def _connected(self, node: Call) -> Outcome:
        found = super()._connected(node)
        errors = [self._operand(arg).error for arg in node.args]
        return Outcome(found.value, either(errors), found.step)


class _Lenient(Program):
    """
    Takes an operand beside a null for one that is not computed: DuckDB does where all
    rows are null there, and in the conditions of ``case``.
    """

    def _called(self, node: Call) -> Outcome:
        found = super()._called(node)
        args = [self._operand(arg) for arg in node.args]
        if found.error is None:
            return found
        known = [_known(arg) for arg in args]
        return Outcome(found.value, pl.all_horizontal(found.error, *known), found.step)

    def _connected(self, node: Call) -> Outcome:
        found = super()._connected(node)
        if node.op is not Op.AND:
            return found
        left, right = (self._operand(arg) for arg in node.args)
        later = None if right.error is None else left.value & right.error
        flag = None if later is None else later.fill_null(value=False)
        return Outcome(found.value, either([left.error, flag]), found.step)


def _known(arg: Outcome) -> pl.Expr:
    value = arg.value.is_not_null()
    return value if arg.error is None else value | arg.error


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other
    return type(one) is type(other) and one == other
