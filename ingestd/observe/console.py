"""
An event as one short line for a person at a terminal.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from ingestd.observe.escape import conceal, printable
from ingestd.observe.events import (
    BatchCommitted,
    DaemonReady,
    Event,
    FilesAdmitted,
    Level,
)
from ingestd.observe.units import counted, duration, size

_NAME_WIDTH = 22
_RESET, _BOLD, _DIM = "\x1b[0m", "\x1b[1m", "\x1b[2m"
_COLOUR = {
    Level.DEBUG: _DIM,
    Level.INFO: "\x1b[32m",
    Level.WARNING: "\x1b[33m",
    Level.ERROR: "\x1b[1;31m",
}


def line(event: Event, at: float, *, colours: bool) -> str:
    """
    Return *event* of UTC second *at* as one line; a traceback follows, indented.
    """
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    level = f"{event.volume():<7}"
    name = f"{event.name:<{_NAME_WIDTH}}"
    if colours:
        clock = f"{_DIM}{clock}{_RESET}"
        level = f"{_COLOUR[event.volume()]}{level}{_RESET}"
        name = f"{_BOLD}{name}{_RESET}"
    first = f"{clock} {level} {name} {_story(event)}".rstrip()
    return "\n    ".join([first, *_traceback(event)])


def _story(event: Event) -> str:
    match event:
        case BatchCommitted():
            return _committed(event)
        case DaemonReady():
            return (
                f"in {duration(event.seconds)}: drop files into "
                f"{_value('inboxes', event.inboxes)}, find Parquet in "
                f"{_value('outboxes', event.outboxes)}"
            )
        case FilesAdmitted():
            files = counted(event.files, "file")
            return f"{printable(event.pipeline)}: {files}, {size(event.bytes)}"
        case _:
            return " ".join(_fields(event))


def _committed(event: BatchCommitted) -> str:
    seconds = dict(event.seconds)
    total = seconds.pop("total", 0.0)
    stages = " ".join(f"{name} {duration(s)}" for name, s in seconds.items())
    notes = [
        f"{event.rows_rejected:,} rejected" if event.rows_rejected else "",
        f"{event.rows_filtered:,} filtered" if event.rows_filtered else "",
        f"{counted(event.quarantined, 'file')} quarantined"
        if event.quarantined
        else "",
        f"{counted(event.skipped, 'file')} gone or changed" if event.skipped else "",
        f"attempt {event.attempt}" if event.attempt > 1 else "",
        "without Prefect" if event.bypassed else "",
    ]
    told = "".join(f", {note}" for note in notes if note)
    return (
        f"{printable(event.pipeline)}: {counted(event.files, 'file')}, "
        f"{size(event.bytes)} -> {event.rows_out:,} of {counted(event.rows_in, 'row')} "
        f"in {counted(event.parts, 'part')}{told}, {duration(total)} ({stages}) "
        f"{printable(event.batch)}"
    )


def _fields(event: Event) -> Iterator[str]:
    hint = ""
    for name, value in event.items():
        if value in ("", (), None) or name == "traceback":
            continue
        if name == "hint":
            hint = printable(conceal(str(value)))
        else:
            yield f"{name}={_value(name, value)}"
    if hint:
        yield f"({hint})"


def _value(name: str, value: object) -> str:  # noqa: PLR0911 - one a type
    match value:
        case bool():
            return "yes" if value else "no"
        case int() if name == "bytes" or name.endswith("_bytes"):
            return size(value)
        case float() if name.endswith(("seconds", "_in")):
            return duration(value)
        case float():
            return f"{value:.4g}"
        case Mapping():
            return ",".join(f"{k}:{_value(name, v)}" for k, v in value.items())
        case tuple() | list():
            return ",".join(_value(name, item) for item in value)
        case bytes() | str():
            return _word(
                printable(value if isinstance(value, bytes) else conceal(value))
            )
        case _:
            return printable(str(value))


def _word(text: str) -> str:
    # Quoted where the next field could not be told apart otherwise.
    if text and not any(c in text for c in ' ="'):
        return text
    return '"' + text.replace('"', '\\"') + '"'


def _traceback(event: Event) -> Iterator[str]:
    text = getattr(event, "traceback", "")
    yield from (printable(conceal(row)) for row in str(text).splitlines())
