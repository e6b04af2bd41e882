"""
A pipeline's transform as a whole: with its schema, its paths, its groups and its sink.
"""

from __future__ import annotations

import pytest

from ingestd.config import Config
from ingestd.errors import ConfigError
from ingestd.model import Schema
from ingestd.run.transform.pipeline import check, shape_of

SCHEMA = {"ts": "timestamp", "device": "int64", "temp": "float64"}
SITE = {"path_columns": r"(?P<site>[^/]+)/.*"}


def config(**pipeline) -> Config:
    return Config.model_validate({"pipelines": [{"name": "p", **pipeline}]})


def problems(**pipeline) -> list[str]:
    try:
        check(config(schema=SCHEMA, **pipeline))
    except ConfigError as error:
        return error.problems
    return []


def groups(**metrics) -> dict:
    return {"group_by": ["device"], "metrics": metrics}


WRONG = {
    "an unknown column, with a caret": (
        {"transform": {"where": "tmep > 1"}},
        "transform.where: no column 'tmep'; did you mean 'temp'?\n    tmep > 1\n    ^",
    ),
    "a function of no number": (
        {
            "transform": {"derive": {"d": "cast(ts as date)"}},
            "aggregate": groups(m=["d", "mean"]),
        },
        "aggregate.metrics.m: mean of 'd', which is date; expected a numeric column",
    ),
    "a key that is not kept": (
        {"transform": {"select": ["temp"]}, "aggregate": groups(n=["*", "count"])},
        "aggregate.group_by: no column 'device' in the schema",
    ),
    "folders of a column that is not kept": (
        {"transform": {"select": ["temp"]}, "sink": {"partition_by": ["device"]}},
        "sink.partition_by: no column 'device' among those of the transform",
    ),
    "nothing but folders": (
        {"transform": {"select": ["device"]}, "sink": {"partition_by": ["device"]}},
        "sink.partition_by: expected at least one column to be left for the files",
    ),
    "a name that the output adds": (
        {
            "transform": {"derive": {"_file": "1"}},
            "sink": {"lineage_columns": True},
        },
        "transform.derive._file: expected another name: the output adds it",
    ),
    "a derived column with a name of the path": (
        {"transform": {"derive": {"site": "'x'"}}, "source": SITE},
        "transform.derive.site: expected a name that no column has",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_go_together(name):
    """
    Each is one problem with its key, before anything runs.
    """
    given, expected = WRONG[name]
    assert [f"pipelines.p.{expected}"] == problems(**given)


def test_all_pipelines_are_told_of_at_once():
    """
    One start is enough to see all that is wrong.
    """
    wrong = {"schema": SCHEMA, "transform": {"where": "x", "select": ["y"]}}
    two = [
        {"name": name, "source": {"url": name}, "sink": {"url": f"{name}out"}, **wrong}
        for name in ("a", "b")
    ]
    with pytest.raises(ConfigError) as caught:
        check(Config.model_validate({"pipelines": two}))
    assert [p.split(":")[0] for p in caught.value.problems] == [
        "pipelines.a.transform.where",
        "pipelines.a.transform.select",
        "pipelines.b.transform.where",
        "pipelines.b.transform.select",
    ]


def test_an_inferred_schema_is_checked_when_it_is_known():
    """
    Not before: nobody knows its columns.
    """
    given = config(transform={"where": "x > 1"})
    check(given)
    (pipeline,) = given.pipelines
    assert shape_of(pipeline, Schema((("x", "int64"),), 1)) is not None
    with pytest.raises(ConfigError, match="no column 'x'"):
        shape_of(pipeline, Schema((("y", "int64"),), 1))


def test_columns_of_the_path_are_operands():
    """
    Typed by the schema; text where it says nothing.
    """
    (pipeline,) = config(source=SITE, transform={"where": "site = 'a'"}).pipelines
    shape = shape_of(pipeline, Schema((("x", "int64"),), 1))
    assert shape is not None
    assert (("x", "int64"), ("site", "string")) == shape.rows
    with pytest.raises(ConfigError, match="int64 and string"):
        shape_of(pipeline, Schema((("site", "int64"), ("x", "int64")), 1))


def test_rows_as_they_are():
    """
    A pipeline without any of it costs nothing.
    """
    (pipeline,) = config(schema=SCHEMA).pipelines
    assert shape_of(pipeline, Schema(tuple(SCHEMA.items()), 1)) is None
