"""
What of the configuration has no meaning for JSON lines.
"""

from __future__ import annotations

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
    if pipeline.source.mode == "tail" and pipeline.drift.missing_column == "fail":
        expected = "expected null: of a file that grows nobody knows what it will have"
        yield "drift.missing_column", expected
