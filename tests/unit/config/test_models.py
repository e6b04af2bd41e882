"""
The models as values: frozen, picklable, silent about secrets.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

import ingestd
from ingestd.config import Cluster, Config, Metric, Pipeline, Sink, Source

AGGREGATE = """
[[pipelines]]
name = "sensors"
[pipelines.schema]
ts = "timestamp"
temp = "decimal( 10 , 2 )"
[pipelines.aggregate]
group_by = ["ts"]
[pipelines.aggregate.metrics]
n = ["*", "count"]
p95 = ["temp", "quantile", 0.95]
"""


def test_a_configuration_survives_pickling(loaded):
    """
    What a worker unpickles equals what the daemon has.
    """
    config = loaded(AGGREGATE)
    assert config == pickle.loads(pickle.dumps(config))


def test_metrics_are_values_in_order(loaded):
    """
    The file's table of lists becomes named fields, the schema keeps its order.
    """
    pipeline = loaded(AGGREGATE).pipelines[0]
    expected = (
        Metric(name="n", column="*", function="count"),
        Metric(name="p95", column="temp", function="quantile", arguments=(0.95,)),
    )
    assert expected == pipeline.aggregate.metrics
    assert [("ts", "timestamp"), ("temp", "decimal(10,2)")] == list(
        pipeline.schema_.items()
    )


def test_a_section_is_frozen():
    """
    Nobody changes a configuration that others hold.
    """
    with pytest.raises(pydantic.ValidationError):
        Source(url="/in").url = "/out"


def test_paths_are_relative_to_the_file(loaded, tmp_path):
    """
    Defaults too, and those derived from other keys.
    """
    text = """
        state_dir = "state"
        [[pipelines]]
        name = "a"
        [pipelines.source]
        move_to = "../done"
        [pipelines.sink]
        url = "out"
    """
    config = loaded(text)
    pipeline = config.pipelines[0]
    assert str(tmp_path / "state") == config.state_dir
    assert str(tmp_path / "data/inbox") == pipeline.source.url
    assert str(tmp_path.parent / "done") == pipeline.source.move_to
    assert str(tmp_path / "out") == pipeline.sink.url
    assert str(tmp_path / "out.ingestd") == pipeline.sink.staging_url
    assert str(tmp_path / "state/rejects/a") == pipeline.rejects.url


def test_a_pipeline_can_be_made_without_a_file():
    """
    Keyword arguments do for tests and for whoever embeds a stage.
    """
    pipeline = Pipeline(
        name="a", schema_={"x": "int64"}, source=Source(url="/i"), sink=Sink(url="/o")
    )
    assert "/o.ingestd" == pipeline.sink.staging_url
    assert str(Path.cwd() / "var/rejects/a") == pipeline.rejects.url
    assert pipeline == Config(pipelines=(pipeline,)).pipelines[0]


@pytest.mark.parametrize("show", [repr, str])
def test_no_secret_is_shown(show):
    """
    Storage options, tokens, passwords and the user of a URL stay out of logs.
    """
    sink = Sink(url="sftp://hunter1@host/x", storage={"secret": "hunter2"})
    cluster = Cluster(address="tls://me:hunter3@host:1")
    text = show(Config(cluster=cluster, pipelines=(Pipeline(name="a", sink=sink),)))
    assert "hunter" not in text
    assert "***@host/x" in text


def test_importing_the_models_imports_nothing_heavy():
    """
    ingestd status starts in a blink: no library but pydantic.
    """
    heavy = "structlog pydantic_settings prefect dask polars pyarrow numpy asyncio"
    program = (
        "import sys, ingestd.config\n"
        f"print(sorted(set({heavy.split()!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(ingestd.__file__).parents[1],
    )
    assert "[]" == done.stdout.strip()
