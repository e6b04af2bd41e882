"""
Write docs/events.md from the events and metrics themselves.

``python -m ingestd.observe.reference > docs/events.md``
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields

from ingestd.observe.events import KNOWN, Event
from ingestd.observe.metrics import Metrics, Snapshot

_HEAD = """\
# Events and metrics

This page is generated: `python -m ingestd.observe.reference > docs/events.md`.

Every line of the log is one of the events below. On a terminal a line is short and in
human units; elsewhere it is one JSON object: `ts` (UTC, milliseconds), `level`,
`event`, then the event's fields in the order shown. Fields named `…seconds` or `…_in`
are seconds, `bytes` and `…_bytes` are bytes. Control characters in any value are
written out, and a path that is no UTF-8 shows its bytes as `\\xNN`. A field in brackets
may be empty. `log.level` hides what is below it; a scan that found nothing new is
`debug`.

## Events
"""
_METRICS = """
## Metrics

`/metrics` serves them in Prometheus' text form, beside `process_*` of the daemon
itself. Labels are bounded: never a path or a batch.

| metric | type | meaning |
|---|---|---|
"""


def render() -> str:
    """
    Return the whole page.
    """
    events = "".join(_event(kind) for kind in KNOWN.values())
    metrics = Metrics("", snapshot=lambda: Snapshot(0.0)).described()
    rows = (f"| `{name}` | {kind} | {text} |\n" for name, kind, text in metrics)
    return _HEAD + events + _METRICS + "".join(rows)


def _event(kind: type[Event]) -> str:
    doc = inspect.cleandoc(kind.__doc__ or "").strip()
    names = ", ".join(_fields(kind))
    return f"\n### `{kind.name}`\n{kind.level}, {kind.stage}: {names}\n\n{doc}\n"


def _fields(kind: type[Event]) -> Iterator[str]:
    for field in fields(kind):  # type: ignore[arg-type] # every event is a dataclass
        optional = field.default is not MISSING
        yield f"[`{field.name}`]" if optional else f"`{field.name}`"


if __name__ == "__main__":
    sys.stdout.write(render())
