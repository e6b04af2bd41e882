"""
The configuration: what config.toml may say, checked once, before anything starts.
"""

from ingestd.config.aggregate import Aggregate, Metric
from ingestd.config.dialect import Csv, Drift
from ingestd.config.document import Config
from ingestd.config.example import write_template
from ingestd.config.loader import load
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
