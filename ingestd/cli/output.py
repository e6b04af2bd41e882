"""
Answers on standard output: times, tables, and JSON that is written as it comes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from ingestd.observe.escape import printable
from ingestd.observe.units import duration

_MEASURED: Final = 1000


def write(line: str = "") -> None:
    """
    Write one line; the text must be safe to print already.
    """
    sys.stdout.write(f"{line}\n")


def iso(moment: float | None) -> str | None:
    """
    Return UTC seconds as ISO 8601 with milliseconds, for JSON.
    """
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def clock(moment: float) -> str:
    """
    Return UTC seconds for a person: ``2026-11-24 08:15:00Z``.
    """
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}Z"


def ago(moment: float, now: float) -> str:
    """
    Return how long *moment* is past: ``3m20s ago``.
    """
    return f"{duration(max(0.0, now - moment))} ago"


def path_fields(path: bytes) -> dict[str, str]:
    """
    Return a path for JSON: readable, and in hexadecimal where that is not exact.
    """
    shown = printable(path)
    if shown.encode() == path:
        return {"path": shown}
    return {"path": shown, "path_hex": path.hex()}


def write_json(document: Any) -> None:  # noqa: ANN401 - what json takes
    """
    Write one document, indented.
    """
    write(json.dumps(document, indent=2))


def write_array(items: Iterable[dict[str, Any]]) -> None:
    """
    Write a JSON array with one line for each item; holds one item at a time.
    """
    separator = "["
    for item in items:
        sys.stdout.write(f"{separator}\n{json.dumps(item)}")
        separator = ","
    write("[]" if separator == "[" else "\n]")


def write_table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: str) -> None:
    """
    Write *rows* below *heads*, columns padded to ``<`` or ``>`` of *left*.

    Widths come from the first thousand rows, so that a long listing still streams.
    """
    waiting = iter(rows)
    first = list(islice(waiting, _MEASURED))
    widths = [max(map(len, column)) for column in zip(heads, *first, strict=True)]
    for row in (heads, *first):
        write(_line(row, widths, left))
    for row in waiting:
        write(_line(row, widths, left))


def _line(row: Sequence[str], widths: Sequence[int], left: str) -> str:
    cells = zip(row, widths, left, strict=True)
    return "  ".join(f"{text:{side}{width}}" for text, width, side in cells).rstrip()
