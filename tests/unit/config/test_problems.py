"""
Each mistake is one line: key, value, what was expected, the nearest valid key.
"""

# ruff: noqa: E501 - lines as operators see them
from __future__ import annotations

import pytest

HOST_PORT = 'expected host:port such as "127.0.0.1:8750", or ""'


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "drain_secs = 3: unknown key; did you mean drain_seconds?",
            "drain_secs = 3",
        ),
        (
            (
                "limits.scan_seconds = 5: unknown key; it is a key of another section: "
                "pipelines.source.scan_seconds"
            ),
            "[limits]\nscan_seconds = 5",
        ),
        (
            "log.xyzzy = 1: unknown key; expected one of: format, level, file",
            "[log]\nxyzzy = 1",
        ),
        (
            (
                "cluster.kind = 'loca': expected 'auto', 'local' or 'cuda'; "
                "did you mean 'local'?"
            ),
            '[cluster]\nkind = "loca"',
        ),
        ("cluster.workers = 0: expected at least 1", "[cluster]\nworkers = 0"),
        (
            "cluster.workers = true: expected a whole number",
            "[cluster]\nworkers = true",
        ),
        ("limits = 3: expected a table", "limits = 3"),
        ("drain_seconds = '3': expected a number", 'drain_seconds = "3"'),
        ("drain_seconds = -1: expected at least 0", "drain_seconds = -1"),
        (
            "drain_seconds = inf: expected a finite number of seconds",
            "drain_seconds = inf",
        ),
        (
            (
                'limits.min_free = \'1 gig\': expected a size such as "512MiB", "10MB" or '
                "a whole number of bytes"
            ),
            '[limits]\nmin_free = "1 gig"',
        ),
        (
            "limits.max_bytes_in_flight = '0B': expected at least 1",
            '[limits]\nmax_bytes_in_flight = "0B"',
        ),
        (f"http.listen = '8750': {HOST_PORT}", '[http]\nlisten = "8750"'),
        (f"http.listen = 'h:99999': {HOST_PORT}", '[http]\nlisten = "h:99999"'),
        (f"http.listen = '::1:80': {HOST_PORT}", '[http]\nlisten = "::1:80"'),
        (
            "state_dir = 's3://bucket/state': expected a path on this machine",
            'state_dir = "s3://bucket/state"',
        ),
        (
            "prefect.api_url = 'localhost': expected text that matches ^https?://\\S+$",
            '[prefect]\napi_url = "localhost"',
        ),
    ],
)
def test_a_mistake_outside_the_pipelines(wrong, line, text):
    """
    The key path starts at the top of the file.
    """
    assert [line] == wrong(f'{text}\n[[pipelines]]\nname = "sensors"')


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "batch.max_file = 3: unknown key; did you mean max_files?",
            "[pipelines.batch]\nmax_file = 3",
        ),
        (
            "batch.max_files = 0: expected at least 1",
            "[pipelines.batch]\nmax_files = 0",
        ),
        ("batch = 7: expected a table", "batch = 7"),
        (
            "source.settle_seconds = 0: expected more than 0",
            "[pipelines.source]\nsettle_seconds = 0",
        ),
        (
            "source.include = []: expected at least one",
            "[pipelines.source]\ninclude = []",
        ),
        ("source.include = 'x': expected a list", '[pipelines.source]\ninclude = "x"'),
        (
            "source.include[1] = 3: expected text in quotes",
            '[pipelines.source]\ninclude = ["x", 3]',
        ),
        (
            "source.url = 'ftp://h/x': expected a folder or one of file s3 gs az sftp://",
            '[pipelines.source]\nurl = "ftp://h/x"',
        ),
        (
            "csv.quote = 'ab': expected one ASCII character, or \"\"",
            '[pipelines.csv]\nquote = "ab"',
        ),
        (
            "csv.thousands = '1': expected one character that is no letter, digit or sign",
            '[pipelines.csv]\nthousands = "1"',
        ),
        (
            "csv.date_formats[1] = '%d.%m': expected one of %Y %y: the year",
            '[pipelines.csv]\ndate_formats = ["iso", "%d.%m"]',
        ),
        (
            "csv.timestamp_formats[0] = '%Y%-m%d': expected no digit right behind %-m",
            '[pipelines.csv]\ntimestamp_formats = ["%Y%-m%d"]',
        ),
        (
            "csv.delimiter = '\\n': expected a character that ends no line",
            '[pipelines.csv]\ndelimiter = "\\n"',
        ),
        (
            "schema.x = 'decimal(39,2)': expected decimal(p,s), p at most 38, s at most p",
            '[pipelines.schema]\nx = "decimal(39,2)"',
        ),
        (
            "sink.partition_by = ['a', 'a']: expected each once; twice: a",
            '[pipelines.sink]\npartition_by = ["a", "a"]',
        ),
        (
            (
                "sink.compression = 'zip': expected 'zstd', 'snappy', 'lz4', 'gzip', "
                "'brotli' or 'uncompressed'; did you mean 'gzip'?"
            ),
            '[pipelines.sink]\ncompression = "zip"',
        ),
        ("aggregate.group_by: missing; a value is required", "[pipelines.aggregate]"),
        (
            "aggregate.metrics.n = ['*', 'sum']: expected a column: only count takes \"*\"",
            '[pipelines.aggregate]\ngroup_by = ["a"]\nmetrics = {n = ["*", "sum"]}',
        ),
        (
            "aggregate.metrics.n = 3: expected [column, function, arguments…]",
            '[pipelines.aggregate]\ngroup_by = ["a"]\nmetrics = {n = 3}',
        ),
        (
            "aggregate.metrics.n = ['a', 'mean', 1]: expected no arguments after mean",
            '[pipelines.aggregate]\ngroup_by = ["a"]\nmetrics = {n = ["a", "mean", 1]}',
        ),
        (
            (
                "aggregate.metrics.n = ['a', 'quantile', 2]: "
                "expected one number from 0 to 1 after quantile"
            ),
            (
                '[pipelines.aggregate]\ngroup_by = ["a"]\n'
                'metrics = {n = ["a", "quantile", 2]}'
            ),
        ),
    ],
)
def test_a_mistake_in_a_pipeline(sensors, line, text):
    """
    The key path names the pipeline.
    """
    assert [f"pipelines.sensors.{line}"] == sensors(text)


def test_an_odd_column_type_gets_the_nearest_and_the_list(sensors):
    """
    The closed list of types stands in the message.
    """
    [line] = sensors('[pipelines.schema]\nx = "tmestamp"')
    assert line.startswith(
        "pipelines.sensors.schema.x = 'tmestamp': did you mean timestamp? "
        "expected one of: decimal(p,s) string bool int8"
    )


def test_a_pipeline_without_a_name_goes_by_its_number(wrong):
    """
    A name that is missing or malformed still tells which table is meant.
    """
    lines = wrong('[[pipelines]]\nengine = "polars"\n[[pipelines]]\nname = "Two"')
    assert "pipelines[0].name: missing; a value is required" == lines[0]
    assert lines[1].startswith("pipelines.Two.name = 'Two': expected text that matches")


def test_single_brackets_are_explained(wrong):
    """
    The usual slip with an array of tables.
    """
    expected = "pipelines: expected [[pipelines]] in double brackets"
    assert [expected] == wrong('[pipelines]\nname = "a"')


def test_every_problem_is_reported_at_once(wrong):
    """
    Mistakes of the models, of what is built, and of rules come together.
    """
    lines = wrong(
        """
        drain_secs = 1
        [[pipelines]]
        name = "a"
        [pipelines.source]
        on_change = "replace"
        [pipelines.batch]
        max_files = 0
        [pipelines.csv]
        quote = ","
        """,
        {"INGESTD__NOPE": "1"},
    )
    keys = {line.split(" ")[0].rstrip(":") for line in lines}
    assert {
        "drain_secs",
        "pipelines.a.source.on_change",
        "pipelines.a.batch.max_files",
        "pipelines.a.csv.quote",
        "INGESTD__NOPE",
    } == keys


def test_one_mistake_gives_one_line(sensors):
    """
    A rule that reads a broken section is silent: it would repeat the mistake.
    """
    lines = sensors(
        """
        [pipelines.schema]
        a = "int65"
        [pipelines.csv]
        header = false
        [pipelines.aggregate]
        group_by = ["b"]
        """
    )
    assert ["pipelines.sensors.schema.a"] == [line.split(" ")[0] for line in lines]


def test_a_secret_is_hidden_in_messages(sensors):
    """
    An error about a credential does not print it.
    """
    lines = sensors(
        """
        [pipelines.source]
        url = "s3://me:hunter1@b/x"
        my_password = "p"
        password = "hunter2"
        storage = {key = "hunter3"}
        """
    )
    assert "hunter" not in "\n".join(lines)
    assert 3 == len(lines)
