"""
docs/types.md, line by line: what each type takes and refuses, on each engine; and what
is inferred from one file takes a second one of its kind.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from tests.conformance.engine_kit import Bench, engine_fixture, frame_of  # noqa: F401 - fixture

DOCUMENT = Path(__file__).parents[2] / "docs" / "types.md"
VALUES = ("csv", "type", "takes", "refuses")
INFERRED = ("csv", "values", "type")
_SPAN = re.compile(r"`([^`]+)`(?: = (?:`([^`]+)`|(null)))?")
CAREFUL = {"bad_row": "reject", "max_rejects": 1000}


def lines_under(heads: tuple[str, ...]) -> list[tuple[str, ...]]:
    """
    Return the cells of each line in the document's tables that have these *heads*.
    """
    found, inside = [], False
    for line in DOCUMENT.read_text("utf-8").splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if not line.startswith("|"):
            inside = False
        elif cells == heads:
            inside = True
        elif inside and not set(line) <= set("|-"):
            found.append(cells)
    return found


def options_of(cell: str) -> dict:
    return tomllib.loads("\n".join(span[1] for span in _SPAN.finditer(cell)))


def since_1970(text: str) -> int:
    whole, _, fraction = text.partition(".")
    moment = datetime.fromisoformat(f"{whole}+00:00")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + int(fraction.ljust(9, "0"))


MEANT: dict[str, Callable[[str], object]] = {
    "string": lambda text: text[1:-1] if text.startswith('"') else text,
    "float": float,
    "decimal": Decimal,
    "bool": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "timestamp(ns)": since_1970,
    "timestamp": datetime.fromisoformat,
    "int": int,
    "uint": int,
}
"""How Python itself reads the plainest notation of each type."""


def meant(text: str, column_type: str) -> object:
    """
    Return the value that *text*, in the plainest notation, is.
    """
    return next(f for kind, f in MEANT.items() if column_type.startswith(kind))(text)


def shown(value: object) -> object:
    """
    Return *value* so that NaN is itself, and 0 is not -0.
    """
    if isinstance(value, float):
        return "nan" if math.isnan(value) else (value, math.copysign(1, value))
    return value


def read(engine, folder, column_type: str, csv: dict, fields: list[str]):
    """
    Return the values that come out of a file with *fields*, and the member's result and
    rejects.
    """
    bench = Bench(
        engine, folder, {"k": "int64", "v": column_type}, {"csv": csv, "drift": CAREFUL}
    )
    mark = csv.get("delimiter", ";")
    bench.options["csv"] = {**csv, "delimiter": mark}
    lines = [f"k{mark}v", *(f"{i}{mark}{text}" for i, text in enumerate(fields))]
    found = bench.read(bench.put("f.csv", "\n".join([*lines, ""]).encode()))
    frame = frame_of(found.parts)
    values = []
    if len(frame):
        column = frame["v"]
        nano = column_type == "timestamp(ns)"
        values = (column.to_physical() if nano else column).to_list()
    return [shown(value) for value in values], found.members[0], found.rejects


@pytest.mark.parametrize(
    "line", lines_under(VALUES), ids=lambda line: " ".join(line[:2])
)
def test_a_type_takes_what_is_its_own_and_refuses_the_rest(engine, tmp_path, line):
    """
    Strictly where all is well, and with care where something is not: the same values.
    """
    cells, column_type, takes, refuses = line
    csv, column_type = options_of(cells), column_type.strip("`")
    spans = [span.groups() for span in _SPAN.finditer(takes)]
    fields = [text for text, _, _ in spans]
    bad = [span[1] for span in _SPAN.finditer(refuses)]
    expected = [
        None if null else shown(meant(value or text, column_type))
        for text, value, null in spans
    ]

    strict, result, _ = read(engine, tmp_path / "strict", column_type, csv, fields)
    care, _, rejects = read(engine, tmp_path / "care", column_type, csv, fields + bad)

    assert (Outcome.READ, 0) == (result.outcome, result.rows_rejected)
    assert expected == strict
    assert expected == care
    assert [(Reason.BAD_VALUE, "v")] * len(bad) == [
        (r.reason, r.column) for r in rejects
    ]


@pytest.mark.parametrize("line", lines_under(INFERRED), ids=" ".join)
def test_what_is_inferred(engine, tmp_path, line):
    """
    The narrowest type by which nothing is lost.
    """
    cells, values, column_type = line
    csv = {**options_of(cells), "delimiter": ";"}
    bench = Bench(engine, tmp_path, {}, {"csv": csv})
    fields = [span[1] for span in _SPAN.finditer(values)]
    member = bench.put(
        "f.csv", "\n".join(["k;v", *(f"x;{f}" for f in fields)]).encode()
    )

    schema = bench.engine.infer(bench.plan.pipeline, bench.plan.root, (member,))

    assert (("k", "string"), ("v", column_type.strip("`"))) == schema.columns


def test_the_document_has_its_tables():
    """
    A table that is not found would be tested by nothing.
    """
    assert len(lines_under(VALUES)) > 45
    assert len(lines_under(INFERRED)) > 20
