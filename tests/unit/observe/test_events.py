"""
Events: named, frozen, and delivered to whoever listens.
"""

import dataclasses
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ingestd.observe import events, reference
from ingestd.observe.events import (
    KNOWN,
    Event,
    FileAdmitted,
    FileBlocked,
    Level,
    ScanFinished,
    Stage,
    WatchOverflowed,
    attach,
    capture,
    dropped,
    emit,
)

_ROOT = Path(__file__).parents[3]


def test_captured_in_order():
    """
    Every event emitted meanwhile is seen, in order, and none after.
    """
    first, second = WatchOverflowed("a"), FileAdmitted("a", b"\xff.csv", 3)
    with capture() as seen:
        emit(first)
        emit(second)
    emit(first)
    assert [first, second] == seen


def test_a_broken_sink_stops_nobody():
    """
    A sink that raises is counted, and the next one still gets the event.
    """

    def broken(event):
        raise OSError(28, "No space left on device")

    before = dropped()
    detach = attach(broken)
    try:
        with capture() as seen:
            emit(WatchOverflowed("a"))
    finally:
        detach()
        detach()
    assert [WatchOverflowed("a")] == seen
    assert before + 1 == dropped()


@pytest.mark.parametrize("kind", KNOWN.values(), ids=KNOWN)
def test_every_event_is_well_formed(kind):
    """
    Every event is frozen, documented, levelled, and has no field a line needs itself.
    """
    parameters = dataclasses.fields(kind)
    assert kind.__dataclass_params__.frozen
    assert isinstance(kind.level, Level)
    assert isinstance(kind.stage, Stage)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", kind.name)
    assert len(inspect.cleandoc(kind.__doc__).strip()) > 10
    assert set() == {f.name for f in parameters} & {
        "ts",
        "level",
        "event",
        "typed",
        "at",
    }
    assert {f.name for f in parameters if f.name == "path"} == {
        f.name for f in parameters if f.name == "path" and f.type == "bytes"
    }


def test_every_event_is_exported():
    """
    What exists can be imported from the package.
    """
    names = {kind.__name__ for kind in KNOWN.values()}
    assert names == {
        name
        for name in events.__all__
        if isinstance(getattr(events, name), type)
        and issubclass(getattr(events, name), Event)
        and name != "Event"
    }


def test_fields_in_declared_order():
    """
    A line shows the fields as the class declares them.
    """
    event = FileBlocked("p", b"x", "denied", 2.0)
    assert ["pipeline", "path", "error", "retry_in"] == [n for n, _ in event.items()]


@pytest.mark.parametrize(("unknown", "level"), [(0, Level.DEBUG), (1, Level.INFO)])
def test_a_scan_that_finds_nothing_whispers(unknown, level):
    """
    Scans come every few seconds; only one with news is worth a line.
    """
    assert level == ScanFinished("p", 9, unknown, 0, 0, 0.1).volume()


def test_reference_is_up_to_date():
    """
    docs/events.md is what the code says.
    """
    assert reference.render() == (_ROOT / "docs" / "events.md").read_text()


def test_events_are_light():
    """
    Importing the events loads no logging or metrics library.
    """
    code = (
        "import sys, ingestd.observe.events, ingestd.observe.sdnotify;"
        "print(sorted({'structlog', 'prometheus_client', 'logging'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True, capture_output=True, text=True, cwd=_ROOT, timeout=50,
    )  # fmt: skip
    assert "[]\n" == done.stdout
