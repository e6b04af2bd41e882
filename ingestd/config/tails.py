"""
Rules about files that grow: what goes with mode = "tail".
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

from ingestd.config.pipeline import Pipeline
from ingestd.config.source import Source
from ingestd.config.values import LOCAL_SCHEME, scheme_of

Finding = tuple[str, str]  # the key below the pipeline, and what was expected

_UTF8: Final = ("utf-8", "utf-8-sig")
_UPPER: Final = bytes(range(128, 256))


def tail_fits(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield what does not fit files that grow, or only them.
    """
    source, csv = pipeline.source, pipeline.csv
    if source.mode != "tail":
        if source.gather_seconds != _default("gather_seconds"):
            yield "source.gather_seconds", 'expected none beside mode = "files"'
        return
    if scheme_of(source.url) != LOCAL_SCHEME:
        yield "source.mode", "expected files: an object does not grow"
    if source.after_commit != "keep":
        yield "source.after_commit", "expected keep: a growing file is never done"
    if source.done_suffix is not None:
        yield "source.done_suffix", "expected none: a growing file is never done"
    if source.on_change != _default("on_change"):
        yield "source.on_change", "expected none: what is written is only ever added"
    if csv.skip_footer:
        yield "csv.skip_footer", "expected 0: a growing file has no last line"
    if not _ends_lines_as_ascii(csv.encoding):
        yield "csv.encoding", "expected utf-8, or one byte for each character"


def _default(key: str) -> object:
    return Source.model_fields[key].default


def _ends_lines_as_ascii(encoding: str) -> bool:
    if codecs.lookup(encoding).name in _UTF8:
        return True
    try:
        plain = b'a,"\n'.decode(encoding) == 'a,"\n'
        return plain and len(_UPPER.decode(encoding, "replace")) == len(_UPPER)
    except UnicodeError:
        return False
