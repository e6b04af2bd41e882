"""
What of the configuration has no meaning for JSON lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

from ingestd.config.dialect import Csv
from ingestd.config.pipeline import Pipeline

Finding = tuple[str, str]  # the key below the pipeline, and what was expected

_OF_CSV: Final = (
    "delimiter",
    "quote",
    "escape",
    "header",
    "skip_rows",
    "skip_footer",
    "comment",
    "skip_blanks",
    "decimal",
    "thousands",
)
_SLICED: Final = ("utf-8", "utf-8-sig")


def json_lines_fit(pipeline: Pipeline) -> Iterator[Finding]:
    """
    Yield the keys that say something which JSON lines do not have.
    """
    if pipeline.source.format != "jsonl":
        return
    for key in _OF_CSV:
        if getattr(pipeline.csv, key) != Csv.model_fields[key].default:
            yield f"csv.{key}", 'expected the key left out: source.format is "jsonl"'
    if pipeline.drift.duplicate_column != "fail":
        expected = "expected fail: a record with a key twice is set aside"
        yield "drift.duplicate_column", expected
    if pipeline.source.mode == "tail":
        yield from _growing_fit(pipeline)


def _growing_fit(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.drift.missing_column != "null":
        expected = "expected null: of a file that grows nobody knows what it will have"
        yield "drift.missing_column", expected
    if codecs.lookup(pipeline.csv.encoding).name not in _SLICED:
        yield "csv.encoding", "expected utf-8: JSON that grows is read in slices"
