"""
The configuration: what config.toml may say, checked once, before anything starts.

Importing this package gives the models alone, which travel to workers; what reads and
checks a file is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ingestd.config.aggregate import Aggregate, Metric
from ingestd.config.dialect import Csv, Drift
from ingestd.config.document import Config
from ingestd.config.pipeline import BatchLimits, Pipeline, Transform
from ingestd.config.sections import Cluster, Http, Limits, Log, Prefect
from ingestd.config.sink import Rejects, Sink
from ingestd.config.source import Source
from ingestd.config.values import format_size, is_numeric, parse_size

__all__ = [
    "Aggregate",
    "BatchLimits",
    "Cluster",
    "Config",
    "Csv",
    "Drift",
    "Http",
    "Limits",
    "Log",
    "Metric",
    "Pipeline",
    "Prefect",
    "Rejects",
    "Sink",
    "Source",
    "Transform",
    "format_size",
    "is_numeric",
    "load",
    "parse_size",
    "write_template",
]


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """
    Return the checked configuration of *path*; None looks at the default places.

    Variables of *environ* (the process's own when None) override keys. Raises
    ConfigError with a line for every problem. Reads that one file and nothing else.
    """
    from ingestd.config import loader  # noqa: PLC0415 - workers do not load

    return loader.load(path, environ)


def write_template(folder: Path) -> list[Path]:
    """
    Write the example configuration and its folders into *folder*; return the paths.

    Raises ConfigError where a configuration stands already: it is never overwritten.
    """
    from ingestd.config import example  # noqa: PLC0415 - for init alone

    return example.write_template(folder)
