"""
The types of columns from a batch's values, strict enough that a second batch of the
same kind fits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ingestd.config import Csv, Pipeline
from ingestd.model import Member
from ingestd.run.engines.polars.narrow import NUMBERS, narrow_columns
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.faults import Fault, system_errors
from ingestd.run.glimpse import glimpse
from ingestd.run.header import Header, look
from ingestd.run.jsonl.glance import glance
from ingestd.run.jsonl.sieve import PLAIN as JSON_PLAIN
from ingestd.run.opened import opened_ends
from ingestd.run.text.decode import is_utf8
from ingestd.run.text.emit import Plain, plain_for
from ingestd.run.text.sieve import Sieve
from ingestd.run.text.unsound import Rules
from ingestd.storage import is_remote

ALL_BYTES = 32 << 20
"""A batch up to here is looked at whole; of a larger one as much, evenly spread."""

MAX_FILES = 1000
"""Of more, these many are looked at, evenly spread."""

LEAST = 16 << 10
_PLACES = 16
"""A long file is looked at in these many places behind its head, evenly spread."""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Whole records of a plain dialect, and the names of their fields; *strings* are those
    that had values of which the file itself says that they are text.
    """

    text: bytes
    names: tuple[str, ...]
    plain: Plain
    strings: frozenset[str] = frozenset()


def pieces(
    pipeline: Pipeline,
    root: str,
    member: Member,
    share: int,
    columns: tuple[str, ...] = (),
) -> Iterator[Piece]:
    """
    Yield the head of *member*, and parts of the rest if it is longer; sound records
    alone. *columns* are those that are known.
    """
    options = pipeline.csv
    seen = glimpse(root, member, share, options, pipeline.source.storage)
    if not seen.head:
        return
    head = seen.lines
    if pipeline.source.format == "jsonl":
        yield _glanced(head, columns)
        if seen.tail and is_utf8(options.encoding):
            for text in _spread(pipeline, root, member, len(seen.head), share):
                yield _glanced(text, columns)
        return
    header = look(head, len(head), options)
    plain = plain_for(header.dialect, head, header.end, len(head))
    yield Piece(_sound(head, header, plain, header.end), header.names, plain)
    if seen.tail and header.dialect.plain:
        for text in _spread(pipeline, root, member, len(seen.head), share):
            yield Piece(_sound(text, header, plain), header.names, plain)


def _glanced(text: bytes, columns: tuple[str, ...]) -> Piece:
    found = glance(text, columns)
    return Piece(found.text, found.names, JSON_PLAIN, found.strings)


def _spread(
    pipeline: Pipeline, root: str, member: Member, start: int, share: int
) -> Iterator[bytes]:
    """
    Yield whole lines from evenly spread places of *member* behind *start*, the last
    of them at its end; together about *share* bytes.
    """
    # Each place of an object would be a request of its own.
    most = 1 if is_remote(root) else _PLACES
    places = max(1, min(most, share // LEAST))
    size = share // places
    storage = pipeline.source.storage
    with system_errors(), opened_ends(root, member, storage, 0, size) as fd:
        last = member.size - size
        for place in range(1, places + 1):
            at = start + (last - start) * place // places
            text = os.pread(fd, size, max(start, at))
            end = len(text) if place == places else text.rfind(b"\n") + 1
            yield text[text.find(b"\n") + 1 : end]


def _sound(text: bytes, header: Header, plain: Plain, start: int = 0) -> bytes:
    # A piece may begin within quotes, and a bad record is judged when it is read.
    rules = Rules(len(header.names), limit=sys.maxsize)
    try:
        pieces = Sieve(header.dialect, plain, rules).pieces(text, start, len(text))
        return b"".join(pieces)
    except Fault:
        return b""


def narrow(misfits: dict[str, set[str]], piece: Piece, options: Csv) -> None:
    """
    Add to *misfits* the types that a value of *piece* rules out; a column without any
    value so far has an empty set.
    """
    for name in piece.strings:
        # What its writer put between quotes is no number.
        misfits[name] |= {"bool", *NUMBERS}
    frame = _frame(piece, options)
    if frame is not None:
        narrow_columns(misfits, frame, options)


def _frame(piece: Piece, options: Csv) -> pl.DataFrame | None:
    if not piece.text:
        return None
    settings = {**reader_options(options, piece.plain), "has_header": False}
    try:
        return pl.read_csv(
            piece.text,
            schema=dict.fromkeys(piece.names, pl.String()),
            truncate_ragged_lines=True,
            **settings,  # type: ignore[arg-type]
        )
    except pl.exceptions.PolarsError:
        return None
