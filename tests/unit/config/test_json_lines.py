"""
What the configuration means for JSON lines.
"""

from __future__ import annotations

import pytest

from ingestd.config import Csv, Pipeline
from ingestd.config.json_lines import json_lines_fit

HEAD = '[[pipelines]]\nname = "logs"\n[pipelines.source]\nformat = "jsonl"\n'


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("delimiter", '";"'),
        ("quote", '"\'"'),
        ("escape", "'\\'"),
        ("header", "false"),
        ("skip_rows", "1"),
        ("skip_footer", "1"),
        ("comment", '"#"'),
        ("skip_blanks", "true"),
        ("decimal", '","'),
        ("thousands", '" "'),
    ],
)
def test_a_key_of_csv_has_no_meaning(wrong, key, value):
    """
    It is told, not ignored.
    """
    schema = '[pipelines.schema]\na = "int64"\n'
    [line] = wrong(f"{HEAD}[pipelines.csv]\n{key} = {value}\n{schema}")
    assert line.startswith(f"pipelines.logs.csv.{key} = ")
    assert line.endswith('expected the key left out: source.format is "jsonl"')


def test_a_key_twice_gets_no_number(wrong):
    """
    A record with one is set aside.
    """
    [line] = wrong(f'{HEAD}[pipelines.drift]\nduplicate_column = "rename"\n')
    assert line.startswith("pipelines.logs.drift.duplicate_column")


def test_what_is_judged_at_the_end_is_refused_for_files_that_grow():
    """
    Nobody knows what such a file will have.
    """
    pipeline = Pipeline(
        name="logs",
        source={"format": "jsonl", "mode": "tail"},
        drift={"missing_column": "fail"},
    )
    found = [key for key, _ in json_lines_fit(pipeline)]
    assert ["drift.missing_column"] == found


def test_files_are_named_by_their_format(loaded):
    """
    Unless the operator names them.
    """
    [pipeline] = loaded(HEAD).pipelines
    assert ("*.jsonl", "*.jsonl.gz", "*.ndjson", "*.ndjson.gz") == (
        pipeline.source.include
    )
    [pipeline] = loaded(f'{HEAD}include = ["*.log"]\n').pipelines
    assert ("*.log",) == pipeline.source.include
    [pipeline] = loaded('[[pipelines]]\nname = "tables"\n').pipelines
    assert ("*.csv", "*.csv.gz") == pipeline.source.include


@pytest.mark.parametrize("nulls", [None, ["-", ""]])
def test_no_text_is_null_but_what_is_named(loaded, nulls):
    """
    JSON has its own null; its mark is no text that a string can be.
    """
    text = HEAD if nulls is None else f"{HEAD}[pipelines.csv]\nnulls = {nulls}\n"
    [pipeline] = loaded(text).pipelines
    assert ("\0", *(nulls or ())) == pipeline.csv.nulls
    again = Pipeline.model_validate(
        {"name": "logs", "source": pipeline.source, "csv": pipeline.csv}
    )
    assert pipeline.csv.nulls == again.csv.nulls
    assert Csv().nulls == loaded('[[pipelines]]\nname = "a"\n').pipelines[0].csv.nulls


def test_a_wrong_table_is_told_as_ever(wrong):
    """
    The default of one key hides no mistake.
    """
    [line] = wrong(f"{HEAD}[pipelines.csv]\nnulls = 7\n")
    assert line.startswith("pipelines.logs.csv.nulls = 7")
