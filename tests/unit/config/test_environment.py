"""
The environment overrides keys, by the same rules as the file.
"""

# ruff: noqa: E501 - lines as operators see them
from __future__ import annotations

import pytest

FILE = """
drain_seconds = 5
[[pipelines]]
name = "a"
[[pipelines]]
name = "a__batch"
[pipelines.source]
url = "in2"
[pipelines.sink]
url = "out2"
[pipelines.schema]
Temp = "float32"
"""


def test_a_variable_overrides_the_file_and_the_default(loaded):
    """
    Where the file has the key, and where it has not even its table.
    """
    environ = {"INGESTD__DRAIN_SECONDS": "7", "INGESTD__CLUSTER__ADDRESS": "tcp://h:1"}
    config = loaded(FILE, environ)
    assert (7.0, "tcp://h:1") == (config.drain_seconds, config.cluster.address)


def test_a_pipeline_goes_by_its_name(loaded):
    """
    The longest name wins, since one name can be the start of another.
    """
    environ = {
        "INGESTD__PIPELINES__A__BATCH__MAX_FILES": "3",
        "INGESTD__PIPELINES__A__BATCH__BATCH__MAX_FILES": "4",
        "INGESTD__PIPELINES__A__BATCH__SCHEMA__TEMP": "float64",
    }
    first, second = loaded(FILE, environ).pipelines
    assert (3, 4) == (first.batch.max_files, second.batch.max_files)
    assert {"Temp": "float64"} == second.schema_


@pytest.mark.parametrize(
    ("delimiter", "text"), [(",", ","), ("\t", '"\\t"'), ("1", "1"), ("x", "x")]
)
def test_a_value_is_toml_or_else_text(loaded, delimiter, text):
    """
    Text needs no quotes, not even where it looks like a number.
    """
    config = loaded(FILE, {"INGESTD__PIPELINES__A__CSV__DELIMITER": text})
    assert delimiter == config.pipelines[0].csv.delimiter


def test_a_list_and_a_size(loaded):
    """
    TOML's own notation, and sizes as in the file.
    """
    environ = {
        "INGESTD__PIPELINES__A__SOURCE__INCLUDE": '["*.txt"]',
        "INGESTD__LIMITS__MIN_FREE": "2MiB",
    }
    config = loaded(FILE, environ)
    assert ("*.txt",) == config.pipelines[0].source.include
    assert 2 << 20 == config.limits.min_free


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            "INGESTD__CLUSTER__ADRSS: unknown key cluster.adrss; did you mean address?",
            "INGESTD__CLUSTER__ADRSS",
        ),
        (
            "INGESTD__LOG: a table, not a value; expected a key of it: format, level, file",
            "INGESTD__LOG",
        ),
        (
            "INGESTD__CLUSTER__WORKERS__X: unknown key cluster.workers.x; it is a value",
            "INGESTD__CLUSTER__WORKERS__X",
        ),
        (
            "INGESTD__PIPELINES__A: a table, not a value; expected a key of it: name, engine, source, csv, schema, drift, batch, transform, aggregate, sink, rejects",
            "INGESTD__PIPELINES__A",
        ),
        (
            "INGESTD__PIPELINES__B__ENGINE: no pipeline 'b'; expected a or a__batch",
            "INGESTD__PIPELINES__B__ENGINE",
        ),
    ],
)
def test_an_unknown_variable_is_an_error(wrong, line, name):
    """
    A mistyped override must not be passed over in silence.
    """
    assert [line] == wrong(FILE, {name: "1"})


def test_a_wrong_value_names_its_variable(wrong):
    """
    The operator would search the file in vain.
    """
    expected = (
        "cluster.workers = 0 (from INGESTD__CLUSTER__WORKERS): expected at least 1"
    )
    assert [expected] == wrong(FILE, {"INGESTD__CLUSTER__WORKERS": "0"})


def test_a_value_where_a_table_belongs_stays_the_files_mistake(wrong):
    """
    An override does not hide what is wrong in the file.
    """
    lines = wrong("cluster = 3" + FILE, {"INGESTD__CLUSTER__KIND": "local"})
    assert ["cluster = 3: expected a table"] == lines


def test_other_variables_are_left_alone(wrong):
    """
    Only the prefix with two underscores is ours.
    """
    assert [] == wrong(FILE, {"INGESTD_HOME": "x", "PATH": "y", "ingestd__x": "z"})


def test_where_two_pipelines_could_be_meant_the_longest_name_wins(loaded):
    """
    The key engine of a__schema, not a column engine in the schema of a.
    """
    text = """
        [[pipelines]]
        name = "a"
        [[pipelines]]
        name = "a__schema"
        source = {url = "in2"}
        sink = {url = "out2"}
    """
    config = loaded(text, {"INGESTD__PIPELINES__A__SCHEMA__ENGINE": "polars"})
    assert (None, "polars") == (config.pipelines[0].schema_, config.pipelines[1].engine)
