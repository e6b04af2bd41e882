"""
What some lines of JSON say of the columns and their types.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ingestd.config import Pipeline
from ingestd.errors import Reason
from ingestd.model import Member
from ingestd.run.faults import Fault
from ingestd.run.glimpse import glimpse
from ingestd.run.header import UTF8_MARK
from ingestd.run.jsonl.dotted import Dotted
from ingestd.run.jsonl.values import (
    NULL,
    Object,
    Unfit,
    field_of,
    is_string,
    object_of,
)

HEAD_BYTES = 1 << 20
"""The keys of the records in so much of a file are its columns."""


@dataclass(frozen=True, slots=True)
class Glance:
    """
    The *names* of keys in the order in which they came, the records as *text* in plain
    CSV, and the names of those that had a string.
    """

    names: tuple[str, ...]
    text: bytes
    strings: frozenset[str]


def names_of(head: bytes, columns: Collection[str] = ()) -> tuple[str, ...]:
    """
    Return the keys of the records of *head*, the beginning of a file up to a line end,
    where *columns* are known. Raises Fault where there are lines and no record.
    """
    names: dict[str, None] = {}
    fault: Unfit | None = None
    for found in _records(head, Dotted(columns)):
        if isinstance(found, Unfit):
            fault = fault or found
        else:
            names.update(dict.fromkeys(found))
    if fault and not names:
        raise Fault(fault.reason, fault.detail)
    return _named(names)


def glance(text: bytes, columns: Collection[str] = ()) -> Glance:
    """
    Look at *text*, whole lines, where *columns* are known; lines that are no record are
    passed over.
    """
    given = _records(text, Dotted(columns))
    records = [found for found in given if not isinstance(found, Unfit)]
    names = _named({key: None for record in records for key in record})
    rows: list[bytes] = []
    strings: set[str] = set()
    for record in records:
        try:
            fields = [
                field_of(record[name]) if name in record else NULL for name in names
            ]
        except Unfit:
            continue
        rows.append(b",".join(fields) + b"\n")
        strings.update(
            name for name in names if name in record and is_string(record[name])
        )
    return Glance(names, b"".join(rows), frozenset(strings))


@dataclass(frozen=True, slots=True)
class Fit:
    """
    How many of the *lines* at the beginnings of *files* are records, and what is wrong
    with the first that is none, by its file.
    """

    files: int = 0
    lines: int = 0
    fit: int = 0
    first: tuple[bytes, str] | None = None


def fit_of(pipeline: Pipeline, members: Iterable[Member]) -> Fit:
    """
    Look at the beginnings of *members*, a few files.
    """
    files, lines, fit = 0, 0, 0
    first: tuple[bytes, str] | None = None
    storage = pipeline.source.storage
    for member in members:
        try:
            seen = glimpse(
                pipeline.source.url, member, HEAD_BYTES, pipeline.csv, storage
            )
        except Fault as fault:
            first = first or (member.file.path, fault.detail)
            continue
        files += bool(seen.head)
        for found in _records(seen.lines, Dotted(())):
            lines += 1
            if isinstance(found, Unfit):
                first = first or (member.file.path, found.detail)
            else:
                fit += 1
    return Fit(files, lines, fit, first)


def _named(names: dict[str, None]) -> tuple[str, ...]:
    # A column needs a name.
    return tuple(name for name in names if name.strip())


def _records(text: bytes, dotted: Dotted) -> Iterator[Object | Unfit]:
    for line in text.removeprefix(UTF8_MARK).split(b"\n"):
        if not line.strip():
            continue
        try:
            line.decode()
            found = object_of(line)
            yield dotted.flat(found) if dotted.holds(found) else found
        except Unfit as unfit:
            yield unfit
        except UnicodeDecodeError:
            yield Unfit(Reason.BAD_ENCODING, "bytes that are no text")
