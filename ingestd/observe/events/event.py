"""
What an event is, and ``emit``, the only way to log.

An event is a frozen value with a stable name. One ``emit`` hands it to every attached
sink, so that the log line and the metrics can never tell two stories. Nothing heavy is
imported here: the daemon attaches the log and the metrics, tests attach a list.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, TypeVar, dataclass_transform


class Level(StrEnum):
    """
    How much an event wants to be read; ordered from quiet to loud.
    """

    DEBUG = "debug"
    INFO = "info"  # the story of a good day
    WARNING = "warning"  # goes on by itself, or one file waits for a person
    ERROR = "error"  # a person must look


class Stage(StrEnum):
    """
    The part of the way of the data that an event belongs to.
    """

    DISCOVER = "discover"
    BATCH = "batch"
    RUN = "run"
    COMMIT = "commit"
    DAEMON = "daemon"


class Event:
    """
    The base of all events: a frozen dataclass whose fields are what the line shows.

    Fields whose names end in ``seconds`` or ``_in`` are seconds, ``bytes`` and names
    ending in ``_bytes`` are sizes; a path is bytes.
    """

    __slots__ = ()

    level: ClassVar[Level]
    stage: ClassVar[Stage]
    name: ClassVar[str]

    def volume(self) -> Level:
        """
        Return the level of this one event; its class's unless a value tells more.
        """
        return self.level

    def items(self) -> Iterator[tuple[str, object]]:
        """
        Yield the fields and their values, in declared order.
        """
        for field in fields(self):  # type: ignore[arg-type] # subclasses are
            yield field.name, getattr(self, field.name)


E = TypeVar("E", bound=Event)
KNOWN: dict[str, type[Event]] = {}
"""Every event class by its name, in order of declaration."""


@dataclass_transform(frozen_default=True)
def event(level: Level, stage: Stage) -> Callable[[type[E]], type[E]]:
    """
    Make a class an event: a frozen dataclass, named by its class in snake case.
    """

    def make(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True, slots=True)(cls)
        made.level, made.stage = level, stage
        made.name = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        KNOWN[made.name] = made
        return made

    return make


Sink = Callable[[Event], object]
"""Takes an event from any thread, at once; it may not block for long."""

_lock = threading.Lock()
_sinks: tuple[Sink, ...] = ()
_dropped = 0


def attach(sink: Sink) -> Callable[[], None]:
    """
    Hand every later event to *sink*; return what detaches it, harmless twice.
    """
    global _sinks  # noqa: PLW0603 - the one process-wide list of listeners
    with _lock:
        _sinks = (*_sinks, sink)

    def detach() -> None:
        global _sinks  # noqa: PLW0603
        with _lock:
            _sinks = tuple(other for other in _sinks if other is not sink)

    return detach


def emit(event: Event) -> None:
    """
    Log *event* and count it. Safe from every thread; never raises.
    """
    for sink in _sinks:
        try:
            sink(event)
        except Exception:  # noqa: BLE001 - a full disk must not stop the data
            drop()


def drop() -> None:
    """
    Count one line that could not be written; ``dropped`` and a metric show it.
    """
    global _dropped  # noqa: PLW0603
    with _lock:
        _dropped += 1


def dropped() -> int:
    """
    Return how many lines were lost since the process began.
    """
    return _dropped


@contextmanager
def capture() -> Iterator[list[Event]]:
    """
    Collect the events emitted meanwhile, by any thread, into a list.
    """
    seen: list[Event] = []
    detach = attach(seen.append)
    try:
        yield seen
    finally:
        detach()
