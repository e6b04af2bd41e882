"""
What a transform makes of a schema.
"""

from __future__ import annotations

import pickle
import sys

import pytest

from ingestd.config import Transform
from ingestd.errors import ConfigError
from ingestd.model import Schema
from ingestd.run.transform.shape import shaped

SCHEMA = Schema(
    (
        ("ts", "timestamp"),
        ("device", "int64"),
        ("region", "string"),
        ("temp", "float64"),
    ),
    1,
)


def test_columns():
    """
    Derived columns follow those of the schema, with the types of their expressions, and
    may use each other in order.
    """
    transform = Transform(
        derive={"hour": "date_trunc('hour', ts)", "day": "cast(hour as date)"},
    )
    shape = shaped(transform, SCHEMA)
    assert (("hour", "timestamp"), ("day", "date")) == shape.columns[4:]
    assert ("ts", "device", "region", "temp", "hour", "day") == shape.select


def test_reads():
    """
    Only the columns of the file are read that the result or the filter needs.
    """
    transform = Transform(
        derive={"hour": "date_trunc('hour', ts)"},
        where="temp > -50 and hour is not null",
    )
    shape = shaped(transform, SCHEMA)
    assert ("ts", "device", "temp") == shape.reads(["device"])


def test_select():
    """
    The columns to keep have the order in which they are named.
    """
    transform = Transform(
        select=["hour", "ts"], derive={"hour": "date_trunc('hour', ts)"}
    )
    assert ("hour", "ts") == shaped(transform, SCHEMA).select


def test_all_problems_at_once():
    """
    Everything that is wrong is told, each with its key.
    """
    transform = Transform(
        select=["regoin"],
        where="temp + 1",
        derive={"hour": "date_trunc('huor', ts)", "temp": "1"},
    )
    with pytest.raises(ConfigError) as caught:
        shaped(transform, SCHEMA)
    keys = [problem.split(":")[0] for problem in caught.value.problems]
    assert ["derive.hour", "derive.temp", "where", "select"] == keys


def test_caret_in_problem():
    """
    A problem shows the expression with a caret below the place.
    """
    with pytest.raises(ConfigError) as caught:
        shaped(Transform(where="tmep > -50"), SCHEMA)
    assert [
        "where: no column 'tmep'; did you mean 'temp'?\n    tmep > -50\n    ^"
    ] == caught.value.problems


def test_later_column_is_unknown():
    """
    A derived column cannot use one that comes after it.
    """
    with pytest.raises(ConfigError, match="no column 'b'"):
        shaped(Transform(derive={"a": "b + 1", "b": "1"}), SCHEMA)


def test_travels():
    """
    A shape crosses to a worker as it is.
    """
    transform = Transform(
        where="region in ('n', 's') or temp > 1.5 or ts > '2026-01-31'"
    )
    shape = shaped(transform, SCHEMA)
    assert shape == pickle.loads(pickle.dumps(shape))


def test_parser_is_not_imported(monkeypatch):
    """
    Without an expression nothing pays for the parser; select is no expression.
    """
    for name in [n for n in sys.modules if n.startswith("ingestd.run.transform.sql")]:
        monkeypatch.delitem(sys.modules, name)
    shaped(Transform(select=["ts"]), SCHEMA)
    assert not [n for n in sys.modules if n.startswith("ingestd.run.transform.sql")]
