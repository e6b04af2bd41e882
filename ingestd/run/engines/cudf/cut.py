"""
Where the records and fields of a chunk are, proved record by record.

A chunk is cut at every delimiter and line end outside quotes. Its records are right if
each has all its delimiters and then a line end, and if quotes stand only around fields;
that is looked at for every record. What is not plainly so is for the CPU engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestd.run.engines.cudf.device import FLAGS, Array, Device, Flag, Unfit, Why
from ingestd.run.engines.cudf.feed import Chunk

SEGMENT = 64
"""Bytes that one thread looks at; the same in the kernels."""

NOTHING = -1
_LOOK_BACK = 64
_SAID = {
    Flag.NUL: "a NUL byte",
    Flag.RETURN: "a carriage return within a line",
    Flag.UTF8: "no UTF-8",
    Flag.RAGGED: "too few or too many fields",
    Flag.BLANK: "a blank line",
    Flag.LONG: "a record that is too long",
    Flag.QUOTE: "a quote out of place",
    Flag.BORDER: "a record that does not end with its file",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """
    The marks as bytes, *quote* -1 for none; the fields of a record, its most bytes.
    """

    delimiter: int
    quote: int
    fields: int
    longest: int


@dataclass(frozen=True, slots=True)
class Records:
    """
    A chunk's records: *places* are the offsets behind each of their fields. *quoted*
    tells whether the chunk has a quote at all.
    """

    text: Array
    begin: int
    places: Array
    count: int
    shape: Shape
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Tally:
    """
    Quotes and separators of each segment, and their running sums.
    """

    segments: int
    quotes: Array
    quotes_so_far: Array
    separators: Array
    so_far: Array
    total: int
    quoted: bool


def cut(device: Device, chunk: Chunk, shape: Shape) -> Records:
    """
    Return the records of *chunk*, and set where the last one ends. Raises Unfit.
    """
    flags = device.zeros(FLAGS, np.int32)
    tally = _tally(device, chunk, shape, flags)
    places = device.empty(max(1, tally.total), np.int32)
    marks = (chunk.begin, chunk.end, shape.delimiter, shape.quote)
    device.launch(
        "places", tally.segments, chunk.array, *marks, tally.quotes,
        tally.quotes_so_far, tally.separators, tally.so_far, places,
    )  # fmt: skip
    count = _whole(device, chunk, shape, places, tally.total)
    if count % shape.fields:
        raise Unfit(Why.TEXT, _SAID[Flag.RAGGED])
    found = count // shape.fields
    device.launch(
        "check", found, chunk.array, chunk.begin, places, shape.fields,
        shape.delimiter, shape.quote, shape.longest, flags,
    )  # fmt: skip
    raise_for(device.get(flags))
    if chunk.until is not None:
        found = _before(device, chunk, shape, places, found)
    last = found * shape.fields
    chunk.used = (
        int(device.get(places[last - 1 : last])[0]) + 1 if last else chunk.begin
    )
    if chunk.final and chunk.until is None and chunk.used != chunk.end:
        raise Unfit(Why.TEXT, "a last record that does not end")
    return Records(chunk.array, chunk.begin, places, found, shape, quoted=tally.quoted)


def _before(
    device: Device, chunk: Chunk, shape: Shape, places: Array, found: int
) -> int:
    """
    Return how many of the *found* records begin before the chunk's border.
    """
    # All that end before the border's line does, and the one that is begun then.
    last_end = np.array([(chunk.until or 0) - 1], np.int64)
    ended = device.empty(1, np.int64)
    flags = device.zeros(FLAGS, np.int32)
    device.launch(
        "ends", 1, chunk.begin, places, shape.fields, found, device.put(last_end),
        ended, flags,
    )  # fmt: skip
    begun = int(device.get(ended)[0]) + 1
    if begun > found:
        raise Unfit(Why.TEXT, "a record that ends too far behind the border")
    return begun


def newlines(device: Device, chunk: Chunk) -> int:
    """
    Return the number of line ends in the used part of *chunk*, in quotes or not.
    """
    segments = -(-(chunk.used - chunk.begin) // SEGMENT)
    found = device.empty(segments, np.int32)
    device.launch("lines", segments, chunk.array, chunk.begin, chunk.used, found)
    return int(device.get(device.running(found)[-1:])[0]) if segments else 0


def ends(device: Device, chunk: Chunk, records: Records) -> dict[int, int]:
    """
    Return how many of *records* lie before the end of each member that ends in *chunk*,
    by the members' numbers. Raises Unfit where a record reaches over such an end.
    """
    if not chunk.ends:
        return {}
    bounds = device.put(np.array(list(chunk.ends.values()), np.int64))
    found = device.empty(len(chunk.ends), np.int64)
    flags = device.zeros(FLAGS, np.int32)
    device.launch(
        "ends", len(chunk.ends), chunk.begin, records.places, records.shape.fields,
        records.count, bounds, found, flags,
    )  # fmt: skip
    raise_for(device.get(flags))
    return dict(zip(chunk.ends, map(int, device.get(found)), strict=True))


def raise_for(flags: Array) -> None:
    """
    Raise Unfit for the first thing that *flags* say against a text.
    """
    for flag, said in _SAID.items():
        if flags[flag]:
            raise Unfit(Why.TEXT, said)


def _tally(device: Device, chunk: Chunk, shape: Shape, flags: Array) -> _Tally:
    segments = -(-(chunk.end - chunk.begin) // SEGMENT)
    quotes, bare, inner = (device.empty(segments, np.int32) for _ in range(3))
    device.launch(
        "tally", segments, chunk.array, chunk.begin, chunk.end, shape.delimiter,
        shape.quote, quotes, bare, inner, flags,
    )  # fmt: skip
    quotes_so_far = device.running(quotes)
    if shape.quote != NOTHING:
        device.launch("settle", segments, quotes, quotes_so_far, bare, inner)
    so_far = device.running(bare)
    total = int(device.get(so_far[-1:])[0])
    quoted = shape.quote != NOTHING and bool(device.get(quotes_so_far[-1:])[0])
    return _Tally(segments, quotes, quotes_so_far, bare, so_far, total, quoted)


def _whole(
    device: Device, chunk: Chunk, shape: Shape, places: Array, total: int
) -> int:
    """
    Return the number of separators up to the last line end.
    """
    found = device.zeros(1, np.int64)
    far = _LOOK_BACK + 4 * shape.fields
    device.launch("last_end", 1, chunk.array, places, total, far, found)
    return int(device.get(found)[0])
