"""
Rules about folders and object stores: what goes with which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingestd.config.pipeline import Pipeline
from ingestd.config.values import LOCAL_SCHEME, scheme_of

Finding = tuple[str, str]  # the key below the pipeline, and what was expected

_BUCKET_SLASHES: Final = 2


def source_fits(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield what of a source does not fit where it is.
    """
    source = pipeline.source
    if scheme_of(source.url) == LOCAL_SCHEME:
        if source.storage:
            yield "source.storage", "expected none beside a folder"
        return
    if source.url.count("/") < _BUCKET_SLASHES or source.url.endswith("//"):
        yield "source.url", "expected a bucket: scheme://bucket/prefix"
    if source.done_suffix is not None:
        yield "source.done_suffix", f"expected none: {_counts(source.url)}"
    if source.after_commit != "keep":
        expected = "expected keep: nothing else is built for object storage yet"
        yield "source.after_commit", expected


def sink_fits(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield what of a sink does not fit where it is.
    """
    sink = pipeline.sink
    if scheme_of(sink.url) == LOCAL_SCHEME:
        if sink.storage:
            yield "sink.storage", "expected none beside a folder"
        if scheme_of(sink.staging_url) != LOCAL_SCHEME:
            yield "sink.staging_url", "expected a folder, as sink.url is one"
        return
    if not sink.url.partition("://")[2].partition("/")[2].strip("/"):
        yield "sink.url", "expected a prefix: beside a bucket's root is no staging"
        return
    if _bucket_of(sink.staging_url) != _bucket_of(sink.url):
        yield "sink.staging_url", "expected a prefix of the sink's own bucket"


def _counts(url: str) -> str:
    if scheme_of(url) == "sftp":
        return "a file counts after settle_unseen_seconds"
    return "an object appears whole"


def _bucket_of(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme.lower(), rest.partition("/")[0]
