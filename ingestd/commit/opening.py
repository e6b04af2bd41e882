"""
The sink of a pipeline, by where its dataset is.
"""

from __future__ import annotations

from ingestd.commit.bucket import BucketSink
from ingestd.commit.sink import LocalSink, Sink
from ingestd.config import Pipeline
from ingestd.storage import is_remote


def sink_of(pipeline: Pipeline) -> Sink:
    """
    Return the sink of *pipeline*; raises ConfigError when a package is missing.
    """
    if is_remote(pipeline.sink.url):
        return BucketSink.of(pipeline)
    return LocalSink.of(pipeline)
