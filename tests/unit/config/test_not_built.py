"""
What the contract has and the program does not have yet is refused by name.
"""

from __future__ import annotations

import pytest

from ingestd.config.document import Config
from ingestd.config.keys import find
from ingestd.config.not_built import NOT_BUILT

REFUSED = {
    "pipelines.source.on_change": '"replace"',
    "pipelines.source.storage": "{anon = true}",
    "pipelines.csv.delimiter": '"||"',
    "pipelines.csv.escape": "'\\'",
    "pipelines.csv.skip_rows": "1",
    "pipelines.csv.skip_footer": "1",
    "pipelines.csv.comment": '"#"',
    "pipelines.csv.encoding": '"latin-1"',
    "pipelines.aggregate.mode": '"complete"',
    "pipelines.sink.storage": "{anon = true}",
    "pipelines.rejects.url": '"gs://bucket/rejects"',
}


def _document(key, value):
    *tables, name = key.split(".")
    head = '[[pipelines]]\nname = "a"\n' if tables[0] == "pipelines" else ""
    tail = "" if head else '\n[[pipelines]]\nname = "a"\n'
    keys = 'group_by = ["k"]\n' if tables[-1] == "aggregate" else ""
    return f"{head}[{'.'.join(tables)}]\n{keys}{name} = {value}\n{tail}"


@pytest.mark.parametrize("row", NOT_BUILT, ids=lambda row: row.key)
def test_a_value_that_is_not_built_is_refused_by_name(wrong, row):
    """
    One line with the key, and with what is built.
    """
    [line] = wrong(_document(row.key, REFUSED[row.key]))
    key = row.key.replace("pipelines.", "pipelines.a.")
    assert line.startswith(key)
    assert line.endswith(f": not built yet; expected {row.wanted}")


def test_the_message_shows_the_value(sensors):
    """
    The operator sees what he wrote.
    """
    key = "pipelines.sensors.source.on_change"
    expected = f"{key} = 'replace': not built yet; expected 'new' or 'ignore' or 'fail'"
    assert [expected] == sensors('[pipelines.source]\non_change = "replace"')


def test_every_row_names_a_key():
    """
    The table cannot hold a key that the models do not have.
    """
    assert [] == [r.key for r in NOT_BUILT if not find(Config, r.key.split("."))]


@pytest.mark.parametrize(
    "text",
    [
        'csv = {quote = "", delimiter = "\\t"}',
        'csv = {quote = "\'", max_line_bytes = 99, final_newline = "require"}',
        "csv = {max_unpack_ratio = 9, nulls = []}",
        'csv = {decimal = ",", thousands = ".", true_values = ["yes"]}',
        'source = {done_suffix = ".done", recursive = true, exclude = ["x*"]}',
        'source = {after_commit = "move", move_to = "done", on_change = "fail"}',
        'source = {after_commit = "delete", url = "file:///in", storage = {}}',
        'drift = {new_column = "rescue", missing_column = "fail"}',
        'drift = {new_column = "add", duplicate_column = "rename", match_case = true}',
        "sink = {lineage_columns = true, partition_by = ['a']}",
        'rejects = {url = "rejects"}',
    ],
)
def test_a_value_that_is_built_is_accepted(sensors, text):
    """
    The table refuses no more than it says.
    """
    assert [] == sensors(text)
