"""
Rules about folders and object stores: what goes with which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ingestd.config.document import Config
from ingestd.config.pipeline import Pipeline
from ingestd.config.values import LOCAL_SCHEME, scheme_of

Finding = tuple[str, str]  # the key below the pipeline, and what was expected

_BUCKET_SLASHES: Final = 2


def source_fits(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield what of a source does not fit where it is.
    """
    source = pipeline.source
    if source.full_sweep_seconds is not None and source.start_after is None:
        yield "source.full_sweep_seconds", "expected source.start_after beside it"
    target = source.move_to and scheme_of(source.move_to)
    if scheme_of(source.url) == LOCAL_SCHEME:
        for key in ("storage", "notices", "start_after"):
            if getattr(source, key):
                yield f"source.{key}", "expected none beside a folder"
        if target and target != LOCAL_SCHEME:
            yield "source.move_to", "expected a folder, as source.url is one"
        return
    if source.start_after is not None and scheme_of(source.url) != "s3":
        expected = "expected none: only s3 lists in order"
        yield "source.start_after", expected
    if source.url.count("/") < _BUCKET_SLASHES or source.url.endswith("//"):
        yield "source.url", "expected a bucket: scheme://bucket/prefix"
    if source.done_suffix is not None:
        yield "source.done_suffix", f"expected none: {_counts(source.url)}"
    if source.notices is not None and scheme_of(source.url) != "s3":
        yield "source.notices", "expected none: they are those of s3"
    if target and target not in (LOCAL_SCHEME, scheme_of(source.url)):
        expected = f"expected a folder, or {scheme_of(source.url)}:// as source.url is"
        yield "source.move_to", expected


def _counts(url: str) -> str:
    if scheme_of(url) == "sftp":
        return "a file counts after settle_unseen_seconds"
    return "an object appears whole"


def notices_fit(config: Config) -> Iterator[tuple[int, str]]:
    """
    Yield the pipelines, by index, whose notices cannot come, and what was expected.
    """
    seen: set[str] = set()
    for index, pipeline in enumerate(config.pipelines):
        notices = pipeline.source.notices
        if notices == "webhook":
            if not config.http.token_file or not config.http.listen:
                yield index, "expected http.token_file and http.listen beside it"
        elif notices in seen:
            # Each would take the other's notices for foreign ones, and remove them.
            yield index, "expected a queue of its own"
        elif notices:
            seen.add(notices)


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


def rejects_fit(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield what of the rejects does not fit where they are.
    """
    rejects = pipeline.rejects
    if scheme_of(rejects.url) == LOCAL_SCHEME:
        if rejects.storage:
            yield "rejects.storage", "expected none beside a folder"
    elif not rejects.url.partition("://")[2].partition("/")[2].strip("/"):
        yield "rejects.url", "expected a prefix: beside a bucket's root is no staging"


def _bucket_of(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme.lower(), rest.partition("/")[0]
