"""
Rejects as a CSV file that a person repairs and puts back: header, then records.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from ingestd.cli.rejected import Choice, Published
from ingestd.cli.usage import UsageError
from ingestd.config import Pipeline
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted

_SHOWN = 4
_LONGEST = 60
_SKIPPED = "a line that is skipped\n"


def write_csv(choice: Choice, files: Sequence[Published], out: BinaryIO) -> int:
    """
    Write the records of *files* that are chosen, in their pipeline's own dialect and
    encoding; return their number.

    Raises UsageError, and has written nothing, where they have different headers.
    """
    kind = _kind(choice, files)
    if kind is None:
        return 0
    pipeline, header = kind
    options = pipeline.csv
    encoder = codecs.getincrementalencoder(options.encoding)("surrogateescape")
    out.write(encoder.encode(_SKIPPED * options.skip_rows))
    if options.header and pipeline.source.format == "csv":
        out.write(encoder.encode(f"{header}\n"))
    number = 0
    for found in files:
        for raw in choice.raws(found):
            out.write(_encoded(raw, encoder))
            number += 1
    out.write(encoder.encode(_SKIPPED * options.skip_footer, final=True))
    return number


def _encoded(raw: bytes, encoder: codecs.IncrementalEncoder) -> bytes:
    try:
        return encoder.encode(raw.decode("utf-8", "surrogateescape") + "\n")
    except UnicodeEncodeError:
        # Bytes that were no text of this encoding: shown where they stood, since it is
        # there that the record has to be repaired.
        return encoder.encode(raw.decode("utf-8", "backslashreplace") + "\n")


def _kind(choice: Choice, files: Sequence[Published]) -> tuple[Pipeline, str] | None:
    """
    Return the one pipeline and header of all rows, None when there are no rows; raise
    UsageError.
    """
    rows: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], bytes] = {}
    pipelines = {}
    for found in files:
        for header in choice.headers(found):
            kind = (found.pipeline.name, header.text)
            rows[kind] += header.rows
            first.setdefault(kind, header.first)
            pipelines[found.pipeline.name] = found.pipeline
    if len(rows) > 1:
        names = pipelines.keys()
        what = f"{len(rows)} headers" if len(names) == 1 else f"{len(names)} pipelines"
        described = "; ".join(_described(rows, first))
        message = f"--csv: these rows have {what}, a file has one: {described}"
        raise UsageError(message, hint="Select with --pipeline, --batch or --file")
    return next(((pipelines[name], header) for name, header in rows), None)


def _described(
    rows: Counter[tuple[str, str]], first: dict[tuple[str, str], bytes]
) -> Iterator[str]:
    for kind, number in list(rows.items())[:_SHOWN]:
        name, header = kind
        text = escape(header)
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        where = f"--pipeline {name} --file {printable(first[kind])}"
        yield f"{cut} ({counted(number, 'row')}: {where})"
    if len(rows) > _SHOWN:
        yield f"and {len(rows) - _SHOWN} more"
