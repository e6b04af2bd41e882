"""
Any table in any dialect: what is inferred from one file takes the next one of its kind,
and every value comes back.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, assume, given, settings

from ingestd.model import Outcome
from tests.conformance.engine_kit import Bench, engine_fixture, rows_of  # noqa: F401 - fixture

FOLDERS = itertools.count()
DATES = {
    (): "{0:%Y-%m-%d}",
    ("iso",): "{0:%Y-%m-%d}",
    ("%d.%m.%Y",): "{0:%d.%m.%Y}",
    ("%-m/%-d/%Y", "%Y%m%d"): "{0.month}/{0.day}/{0.year}",
    ("%Y%m%d",): "{0:%Y%m%d}",
    ("%d %b %Y", "iso"): "{0:%d %b %Y}",
}
TIMES = {
    (): "{0:%Y-%m-%dT%H:%M:%S.%f}",
    ("%d.%m.%Y %H:%M:%S,%f",): "{0:%d.%m.%Y %H:%M:%S,%f}",
    ("%s", "iso"): "{0:%Y-%m-%d %H:%M:%S.%f}",
    ("%m/%d/%Y %I:%M:%S.%6f %p", "iso"): "{0:%m/%d/%Y %I:%M:%S.%f %p}",
}
MARKS = [(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", "'")]
MARKS += [(",", "\N{NO-BREAK SPACE}"), (".", "\N{RIGHT SINGLE QUOTATION MARK}")]
WORDS = [(("true",), ("false",)), (("yes", "ja"), ("no", "nein")), (("1",), ("0",))]
NULLS = [("", "NA", "null"), ("", "-"), ("NULL",), ("", "-999", '"'), ()]
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    marks: tuple[str, str]
    words: tuple[tuple[str, ...], tuple[str, ...]]
    nulls: tuple[str, ...]
    dates: tuple[str, ...]
    times: tuple[str, ...]
    quoting: Any

    @property
    def options(self) -> dict:
        return {
            "delimiter": self.delimiter,
            "decimal": self.marks[0],
            "thousands": self.marks[1],
            "true_values": self.words[0],
            "false_values": self.words[1],
            "nulls": self.nulls,
            "date_formats": self.dates,
            "timestamp_formats": self.times,
        }

    def number(self, text: str) -> str:
        """
        Return *text*, a number as Python writes it, with this dialect's marks.
        """
        marks = {".": self.marks[0], ",": self.marks[1]}
        return "".join(marks.get(c, c) for c in text)


@dataclass(frozen=True)
class Column:
    """
    *values* to draw, the *first* ones that show the kind, and how they are *written*.
    """

    kind: str
    values: st.SearchStrategy
    first: tuple[Any, ...]
    written: Callable[[Dialect, Any], str] = field(default=lambda _, value: value)


def group(dialect: Dialect, value: int) -> str:
    return dialect.number(f"{value:,}" if value % 2 else f"{value}")


def floating(dialect: Dialect, value: float) -> str:
    plain = f"{value:,.3f}" if float(f"{value:.3f}") == value else repr(value)
    return dialect.number(plain.replace(",", "") if abs(value) > 1e15 else plain)


COLUMNS = (
    Column("int64", st.integers(-(2**63), 2**63 - 1), (42, -7), group),
    Column("float64", st.floats(width=64), (0.5, 1234.5), floating),
    Column(
        "bool",
        st.booleans(),
        (True, False),
        lambda dialect, value: dialect.words[not value][-1],
    ),
    Column(
        "date",
        st.dates(date(1900, 1, 1), date(2100, 1, 1)),
        (date(2026, 2, 28),),
        lambda dialect, value: DATES[dialect.dates].format(value),
    ),
    Column(
        "timestamp",
        MOMENTS,
        (datetime(2026, 2, 28, 13, 2, 3),),
        lambda dialect, value: TIMES[dialect.times].format(value),
    ),
    Column(
        "timestamp(tz)",
        st.tuples(MOMENTS, st.integers(-719, 839)).map(
            lambda pair: pair[0].replace(tzinfo=timezone(timedelta(minutes=pair[1])))
        ),
        (datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC),),
        lambda _, value: value.isoformat(),
    ),
    Column("string", st.text("0123456789", min_size=1, max_size=9), ("007",)),
    Column("string", st.integers(2**63, 2**80).map(str), (str(2**64),)),
    Column(
        "string",
        st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=5),
        ("x y",),
    ),
    Column("null", st.none(), (None,)),
)

dialects = st.builds(
    Dialect,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(MARKS),
    st.sampled_from(WORDS),
    st.sampled_from(NULLS),
    st.sampled_from(list(DATES)),
    st.sampled_from(list(TIMES)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)


def usable(column: Column, dialect: Dialect) -> bool:
    """
    Tell whether *dialect* can write such a column, so that it is told from others.
    """
    if column.kind == "timestamp(tz)":
        return not dialect.times or "iso" in dialect.times
    return column.kind != "null" or bool(dialect.nulls)


def cells(data, column: Column, dialect: Dialect, rows: int) -> list[tuple[str, Any]]:
    """
    Draw *rows* values of *column*; return each with the text that is written for it.
    """
    maybe = st.one_of(column.values, st.none()) if dialect.nulls else column.values
    drawn = data.draw(st.lists(maybe, min_size=rows, max_size=rows))
    found = []
    for value in (*column.first, *drawn):
        text = None if value is None else column.written(dialect, value)
        if text is None or text in dialect.nulls:
            text, value = data.draw(st.sampled_from(dialect.nulls)), None  # noqa: PLW2901
        found.append((text, value))
    return found


def file_of(table: list[list[tuple[str, Any]]], dialect: Dialect) -> bytes:
    longest = max(len(column) for column in table)
    rows = [[column[i % len(column)][0] for column in table] for i in range(longest)]
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=dialect.delimiter, quoting=dialect.quoting, lineterminator="\n"
    )
    writer.writerow([f"c{index}" for index in range(len(table))])
    writer.writerows(rows)
    return out.getvalue().encode()


def values_of(table: list[list[tuple[str, Any]]]) -> list[tuple]:
    longest = max(len(column) for column in table)
    return [
        tuple(shown(column[i % len(column)][1]) for column in table)
        for i in range(longest)
    ]


def shown(value: Any) -> Any:
    if isinstance(value, float):
        return "nan" if math.isnan(value) else (value, math.copysign(1, value))
    return value


@given(data=st.data(), dialect=dialects)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_second_file_of_the_kind_is_read_as_the_first(
    engine, tmp_path, data, dialect
):
    """
    Nothing is rejected, and what was written comes back, whatever the dialect.
    """
    possible = [column for column in COLUMNS if usable(column, dialect)]
    columns = data.draw(st.lists(st.sampled_from(possible), min_size=2, max_size=6))
    assume(any(column.kind != "null" for column in columns))
    first, second = (
        [
            cells(data, column, dialect, data.draw(st.integers(0, 4)))
            for column in columns
        ]
        for _ in range(2)
    )
    folder = tmp_path / str(next(FOLDERS))
    bench = Bench(engine, folder, {}, {"csv": dialect.options})
    one = bench.put("a.csv", file_of(first, dialect))

    schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, (one,))

    assert [column.kind for column in columns] == [kind for _, kind in schema.columns]
    bench.schema = dict(schema.columns)
    two = bench.put("b.csv", file_of(second, dialect))
    found = bench.read(one, two)
    assert [(Outcome.READ, 0)] * 2 == [
        (m.outcome, m.rows_rejected) for m in found.members
    ]
    rows = [tuple(map(shown, row)) for row in rows_of(found.parts)]
    # A column that is all null so far has no type, and is not written.
    typed = [i for i, column in enumerate(columns) if column.kind != "null"]
    written = [
        tuple(row[i] for i in typed) for row in values_of(first) + values_of(second)
    ]
    assert written == rows


def test_a_late_change_of_kind_is_seen_anywhere(engine, tmp_path, monkeypatch):
    """
    Of a file too long to be looked at whole, places all over it are.
    """
    monkeypatch.setattr("ingestd.run.engines.polars.infer.ALL_BYTES", 1 << 19)
    lines = [f"x,{number}\n" for number in range(200_000)]
    bench = Bench(engine, tmp_path, {})
    for place in (0.3, 0.6, 0.9):
        begin = int(len(lines) * place)
        middle = [f"x,{number}.5\n" for number in range(30_000)]
        content = "k,v\n" + "".join(lines[:begin] + middle + lines[begin:])
        member = bench.put("f.csv", content.encode())
        schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, (member,))
        assert (("k", "string"), ("v", "float64")) == schema.columns
