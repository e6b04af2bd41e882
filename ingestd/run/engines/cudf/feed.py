"""
From opened members to chunks of whole records in the device's memory.

Small members are laid one behind the other into one chunk; a large one is cut anywhere,
and what a chunk holds behind its last record is put in front of the next. While one
chunk is worked on, the next is read and copied.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestd.run.engines.cudf.device import Array, Device, Share, Unfit, Why

_LEAST_TAIL = 1 << 16
_MOST_TAIL = 16 << 20


@dataclass(frozen=True, slots=True)
class Body:
    """
    The records of one member: those of bytes [start, stop) of an open file or of memory
    that begin before *until*. Only the last of several bodies may go on behind that.
    """

    source: int | bytes | memoryview
    start: int
    stop: int
    until: int

    @property
    def ends_line(self) -> bool:
        """
        Whether the last record has its line end.
        """
        if isinstance(self.source, int):
            return os.pread(self.source, 1, self.stop - 1) == b"\n"
        return self.source[self.stop - 1] == b"\n"[0]


@dataclass(slots=True)
class Load:
    """
    What one chunk is filled with; the members that end in it, by number and offset; and
    the offset before which its records begin, where text goes on behind that.
    """

    shares: list[Share] = field(default_factory=list)
    size: int = 0
    ends: dict[int, int] = field(default_factory=dict)
    until: int | None = None

    def add(self, share: Share) -> None:
        """
        Put *share* behind what is there.
        """
        self.shares.append(share)
        self.size += share.size


@dataclass(slots=True)
class Chunk:
    """
    Bytes [begin, end) of *array*: whole records, and behind them the beginning of one.
    The consumer sets *used* to where that begins; the *final* chunk is used up.

    *ends* are the offsets in *array* behind members, by the members' numbers. *until*
    is the offset before which its records begin, None for all.
    """

    array: Array
    begin: int
    end: int
    final: bool
    ends: dict[int, int]
    until: int | None = None
    used: int = 0


def loads(bodies: Sequence[Body], most: int, longest: int) -> Iterator[Load]:
    """
    Cut *bodies* into loads of about *most* bytes; each member ends with a line end.

    The last load has what a record of *longest* bytes needs behind the last border.
    """
    load = Load()
    for number, body in enumerate(bodies):
        at = body.start
        while at < body.until:
            if load.size >= most:
                yield load
                load = Load()
            step = min(body.until - at, most - load.size)
            load.add(Share(body.source, at, at + step))
            at += step
        if body.until < body.stop:
            load.until = load.size
            at = min(body.stop, body.until + longest + 1)
            load.add(Share(body.source, body.until, at))
        if at == body.stop > body.start and not body.ends_line:
            load.add(Share(b"\n", 0, 1))
        load.ends[number] = load.size
    yield load


def chunks(
    device: Device, bodies: Sequence[Body], longest: int, most: int = 0
) -> Iterator[Chunk]:
    """
    Yield the records of *bodies* chunk by chunk, each valid until the next one.

    *longest* is the most bytes that a record may have, *most* about what a chunk has,
    by default what the device asks for. Raises Unfit where a record is
    longer than is kept between two chunks, and what ``Device.load`` raises.
    """
    longest = min(max(longest, _LEAST_TAIL), _MOST_TAIL)
    planned = list(loads(bodies, most or device.chunk_bytes, longest))
    alone = len(planned) == 1
    room = 0 if alone else longest + 1
    size = room + max(load.size for load in planned)
    arrays = [device.empty(size, np.uint8) for _ in range(1 if alone else 2)]
    wait = device.load(arrays[0], room, planned[0].shares)
    tail = 0
    try:
        for number, load in enumerate(planned):
            wait()
            array, final = arrays[number % 2], number + 1 == len(planned)
            if not final:
                following = planned[number + 1].shares
                wait = device.load(arrays[(number + 1) % 2], room, following)
            chunk = _chunk(array, room, tail, load, final=final)
            yield chunk
            tail = chunk.end - chunk.used
            if not final:
                _carry(device, chunk, arrays[(number + 1) % 2], room)
    finally:
        _settle(wait)


def _chunk(array: Array, room: int, tail: int, load: Load, *, final: bool) -> Chunk:
    ends = {member: room + end for member, end in load.ends.items()}
    until = None if load.until is None else room + load.until
    return Chunk(array, room - tail, room + load.size, final, ends, until)


def _carry(device: Device, chunk: Chunk, target: Array, room: int) -> None:
    tail = chunk.end - chunk.used
    if tail > room:
        raise Unfit(Why.TEXT, f"a record of more than {room} bytes")
    if tail:
        device.copy(target[room - tail : room], chunk.array[chunk.used : chunk.end])


def _settle(wait: Callable[[], None]) -> None:
    """
    Wait for a load that nobody wants any more: it writes into memory that is freed.
    """
    try:
        wait()
    except Unfit:
        return
