"""
Rejects as a CSV file that a person repairs and puts back: header, then records.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ingestd.cli.rejected import Rejected
from ingestd.cli.usage import UsageError
from ingestd.config import Csv
from ingestd.observe.escape import escape, printable
from ingestd.observe.units import counted

_SHOWN = 4
_LONGEST = 60
_SKIPPED = "a line that is skipped\n"


@dataclass(slots=True)
class _Kind:
    """
    Rows that can be in one file: those of one pipeline under one header.
    """

    first: bytes
    rows: int = 0


def write_csv(rows: Callable[[], Iterable[Rejected]], out: BinaryIO) -> int:
    """
    Write the records that *rows* yields each time it is called, in their pipeline's own
    dialect and encoding; return their number.

    Raises UsageError, and has written nothing, where they have different headers.
    """
    options = _options(rows())
    if options is None:
        return 0
    encoder = codecs.getincrementalencoder(options.encoding)("surrogateescape")
    number = 0
    out.write(encoder.encode(_SKIPPED * options.skip_rows))
    for row in rows():
        if not number and options.header:
            out.write(encoder.encode(f"{row.header}\n"))
        out.write(_encoded(row.raw, encoder))
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


def _options(rows: Iterable[Rejected]) -> Csv | None:
    """
    Return the dialect of *rows*, None when there are none; raise UsageError.
    """
    kinds: dict[tuple[str, str], _Kind] = {}
    options = None
    for row in rows:
        pipeline = row.source.pipeline
        options = pipeline.csv
        kind = kinds.setdefault((pipeline.name, row.header), _Kind(row.path))
        kind.rows += 1
    if len(kinds) > 1:
        names = {name for name, _ in kinds}
        what = f"{len(kinds)} headers" if len(names) == 1 else f"{len(names)} pipelines"
        files = "; ".join(_described(kinds))
        message = f"--csv: these rows have {what}, a file has one: {files}"
        raise UsageError(message, hint="Select with --pipeline, --batch or --file")
    return options


def _described(kinds: dict[tuple[str, str], _Kind]) -> Iterator[str]:
    for (name, header), kind in list(kinds.items())[:_SHOWN]:
        text = escape(header)
        cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        where = f"--pipeline {name} --file {printable(kind.first)}"
        yield f"{cut} ({counted(kind.rows, 'row')}: {where})"
    if len(kinds) > _SHOWN:
        yield f"and {len(kinds) - _SHOWN} more"
