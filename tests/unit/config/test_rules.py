"""
Rules between keys.
"""

# ruff: noqa: E501 - lines as operators see them
from __future__ import annotations

import pytest

PIPELINE = '[[pipelines]]\nname = "sensors"\n'

SCHEMA = '[pipelines.schema]\nts = "timestamp"\nregion = "string"\ntemp = "float64"\n'
GROUPS = '[pipelines.aggregate]\ngroup_by = ["region"]\n'


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "csv.header = false: expected true, or the names in [pipelines.schema]",
            "csv = {header = false}",
        ),
        (
            "csv.quote = ';': expected another character than the delimiter",
            'csv = {quote = ";", delimiter = ";"}',
        ),
        (
            "csv.thousands = '.': expected another character than the decimal mark",
            'csv = {thousands = "."}',
        ),
        (
            'csv.decimal = "\'": expected another character than quote and escape',
            'csv = {decimal = "\'", quote = "\'"}',
        ),
        (
            "csv.thousands = '\\\\': expected another character than quote and escape",
            'csv = {thousands = "\\\\", escape = "\\\\"}',
        ),
        (
            (
                "csv.decimal = ',': expected another character than the delimiter: "
                "nothing is quoted"
            ),
            'csv = {decimal = ",", quote = ""}',
        ),
        (
            "csv.true_values = ['y', 'j']: expected other words: csv.false_values has 'j' too",
            'csv = {true_values = ["y", "j"], false_values = ["n", "j"]}',
        ),
        (
            "csv.nulls = ['tRUE']: expected other words: csv.true_values has 'true' too",
            'csv = {nulls = ["tRUE"]}',
        ),
        (
            "csv.false_values = ['no', '']: expected other words: csv.nulls has '' too",
            'csv = {true_values = ["yes"], false_values = ["no", ""]}',
        ),
        (
            (
                "csv.timestamp_formats = ['%Y-%m-%d %H:%M']: expected a format that 'at' can have: "
                "timestamp(tz) has an offset, %z, and at most 6 digits behind the second"
            ),
            'schema = {at = "timestamp(tz)"}\ncsv = {timestamp_formats = ["%Y-%m-%d %H:%M"]}',
        ),
        (
            (
                "csv.timestamp_formats = ['%s%9f']: expected a format that 'ts' can have: "
                "timestamp has no offset, %z, and at most 6 digits behind the second"
            ),
            SCHEMA + '[pipelines.csv]\ntimestamp_formats = ["%s%9f"]',
        ),
        (
            (
                "csv.skip_blanks = true: expected false: a blank is the quote "
                "or the escape"
            ),
            'csv = {skip_blanks = true, quote = " "}',
        ),
        (
            "source.after_commit = 'move': expected a folder in source.move_to beside it",
            'source = {after_commit = "move"}',
        ),
        (
            "schema: expected at least one column; leave the table out to infer",
            "schema = {}",
        ),
        (
            (
                "aggregate.group_by = ['regn']: no column 'regn' in the schema; "
                "did you mean 'region'?"
            ),
            SCHEMA + '[pipelines.aggregate]\ngroup_by = ["regn"]',
        ),
        (
            (
                "aggregate.metrics.m = ['zzz', 'min']: no column 'zzz' in the schema; "
                "it has ts, region, temp"
            ),
            SCHEMA + GROUPS + 'metrics = {m = ["zzz", "min"]}',
        ),
        (
            (
                "aggregate.metrics.m = ['ts', 'mean']: expected a numeric column for mean; "
                "'ts' is timestamp"
            ),
            SCHEMA + GROUPS + 'metrics = {m = ["ts", "mean"]}',
        ),
        (
            (
                "aggregate.metrics.region = ['temp', 'max']: expected another name: "
                "a group key has this one"
            ),
            GROUPS + 'metrics = {region = ["temp", "max"]}',
        ),
        (
            (
                "aggregate.metrics._rows = ['*', 'count']: expected another name: "
                "_rows is reserved"
            ),
            GROUPS + 'metrics = {_rows = ["*", "count"]}',
        ),
        (
            "aggregate.group_by = ['_rows']: expected no column _rows: it is reserved",
            '[pipelines.aggregate]\ngroup_by = ["_rows"]',
        ),
        (
            (
                "sink.partition_by = ['temp']: expected columns of aggregate.group_by; "
                "'temp' is none"
            ),
            SCHEMA + GROUPS + '[pipelines.sink]\npartition_by = ["temp"]',
        ),
        (
            (
                "sink.partition_by = ['tmp']: no column 'tmp' in the schema; "
                "did you mean 'temp'?"
            ),
            SCHEMA + '[pipelines.sink]\npartition_by = ["tmp"]',
        ),
        (
            (
                "sink.partition_by = ['a']: expected at least one column to be left for "
                "the files"
            ),
            'schema = {a = "int64"}\nsink = {partition_by = ["a"]}',
        ),
        (
            "sink.lineage_columns = true: expected false: groups have no single record",
            GROUPS + "[pipelines.sink]\nlineage_columns = true",
        ),
        (
            (
                "schema._file = 'string': expected another name: sink.lineage_columns adds "
                "this one"
            ),
            'schema = {a = "int8", _file = "string"}\nsink = {lineage_columns = true}',
        ),
        (
            "drift.new_column = 'rescue': expected ignore, add or fail: groups keep no text",
            GROUPS + '[pipelines.drift]\nnew_column = "rescue"',
        ),
        (
            (
                "schema._rescued = 'string': expected another name: "
                'drift.new_column = "rescue" adds this one'
            ),
            'schema = {a = "int8", _rescued = "string"}\ndrift = {new_column = "rescue"}',
        ),
    ],
)
def test_a_broken_rule_is_one_line(sensors, line, text):
    """
    At the key that has to change.
    """
    assert [f"pipelines.sensors.{line}"] == sensors(text)


@pytest.mark.parametrize(
    "text",
    [
        SCHEMA + "[pipelines.csv]\nheader = false",
        SCHEMA + GROUPS + 'metrics = {m = ["ts", "max"], n = ["*", "count"]}',
        SCHEMA + GROUPS + '[pipelines.sink]\npartition_by = ["region"]',
        SCHEMA + '[pipelines.sink]\npartition_by = ["ts", "region"]',
        GROUPS + 'metrics = {m = ["anything", "mean"]}',
        'schema = {_file = "string", _rows = "int8", _rescued = "string"}',
        'csv = {thousands = ","}',
        'csv = {decimal = ",", delimiter = ";", thousands = "\u00a0"}',
        'csv = {true_values = ["1"], false_values = ["0"], nulls = []}',
        'csv = {true_values = ["yes"], nulls = ["", "true"]}',
        SCHEMA + '[pipelines.csv]\ntimestamp_formats = ["%d.%m.%Y", "%s%9f"]',
        'schema = {at = "timestamp(tz)"}\ncsv = {timestamp_formats = ["iso", "%Y-%m-%d"]}',
    ],
)
def test_what_keeps_the_rules_is_accepted(sensors, text):
    """
    Without a declared schema, columns are not judged; names clash only where used.
    """
    assert [] == sensors(text)


def test_names_of_pipelines_are_unique(wrong):
    """
    The second one is at fault.
    """
    text = """
        [[pipelines]]
        name = "a"
        [[pipelines]]
        name = "a"
        sink = {url = "out2"}
    """
    assert ["pipelines.a.name = 'a': expected a name of its own"] == wrong(text)


def test_a_configuration_without_a_pipeline_is_wrong(wrong):
    """
    A daemon with nothing to do is a mistake.
    """
    assert ["pipelines: missing; expected a [[pipelines]] table"] == wrong("")


def test_tls_keys_come_together(wrong):
    """
    Each missing one is named.
    """
    lines = wrong('cluster = {tls_ca = "ca.pem"}\n[[pipelines]]\nname = "a"')
    text = "missing; expected all three tls keys or none"
    assert [f"cluster.tls_cert: {text}", f"cluster.tls_key: {text}"] == lines


SITES = """[pipelines.source]
path_columns = '(?P<site>[^/]+)/(?P<day>[0-9]+)[.]csv'
"""
TYPES = '[pipelines.schema]\nx = "int64"\nday = "date"\n'


def test_derived_columns_and_those_of_the_path_are_known(wrong):
    """
    As keys, in metrics whose type only the expression tells, and for folders.
    """
    text = (
        PIPELINE
        + SITES
        + TYPES
        + "[pipelines.transform]\nderive = { y = 'x * 2' }\n"
        + '[pipelines.aggregate]\ngroup_by = ["site", "day", "y"]\n'
        + '[pipelines.aggregate.metrics]\nm = ["y", "mean"]\n'
        + '[pipelines.sink]\npartition_by = ["site"]\n'
    )
    assert [] == wrong(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[pipelines.source]\npath_columns = '('\n",
            "pipelines.sensors.source.path_columns = '(': expected a regular expression",
        ),
        (
            "[pipelines.source]\npath_columns = '(x)'\n",
            "pipelines.sensors.source.path_columns = '(x)': expected a group with a name",
        ),
        (
            '[pipelines.source]\nhive_columns = ["a"]\n',
            "pipelines.sensors.source.hive_columns = ['a']: expected source.recursive",
        ),
        (
            SITES + 'recursive = true\nhive_columns = ["site"]\n',
            "pipelines.sensors.source.hive_columns = ['site']: expected 'site' in this",
        ),
        (
            SITES + '[pipelines.schema]\nday = "date"\n',
            "pipelines.sensors.schema: expected at least one column that is not from",
        ),
    ],
)
def test_columns_of_the_path(wrong, text, line):
    """
    What cannot be meant is refused, with its key.
    """
    [found] = wrong(PIPELINE + text)
    assert found.startswith(line)
