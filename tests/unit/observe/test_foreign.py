"""
What libraries and child processes write comes out in our form, or stays quiet.
"""

import io
import json
import logging
import warnings

import pytest

from ingestd.observe.events import (
    ChildComplained,
    ChildWrote,
    LibraryComplained,
    capture,
)
from ingestd.observe.foreign import ForeignHandler, child_line

_TIME = "2026-11-23 23:15:01,123"


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (f"{_TIME} - distributed.worker - INFO - Start worker at: tcp://x",
         ChildWrote("s", "distributed.worker - INFO - Start worker at: tcp://x")),
        (f"{_TIME} - distributed.nanny - WARNING - Restarting worker",
         ChildComplained("s", "distributed.nanny - WARNING - Restarting worker")),
        ("23:15:01.123 | ERROR   | prefect.server - database is locked",
         ChildComplained("s", "ERROR   | prefect.server - database is locked")),
        ("INFO:     Uvicorn running with 0 errors, ERROR handler on",
         ChildWrote("s", "INFO:     Uvicorn running with 0 errors, ERROR handler on")),
        (b"\x1b[31mValueError: \xff\x1b[0m\n",
         ChildComplained("s", "ValueError: \\xff")),
        ("Traceback (most recent call last):",
         ChildComplained("s", "Traceback (most recent call last):")),
        ('  File "x.py", line 3, in f', ChildWrote("s", 'File "x.py", line 3, in f')),
        ("distributed.scheduler.KilledWorker: x",
         ChildComplained("s", "distributed.scheduler.KilledWorker: x")),
    ],
)  # fmt: skip
def test_child_lines(line, event):
    """
    The first level word decides, else the look of an error; time and colour go.
    """
    with capture() as seen:
        child_line("s", line)
    assert [event] == seen


def test_empty_child_lines_are_nothing():
    """
    Blank lines are not events.
    """
    with capture() as seen:
        child_line("s", "\n")
        child_line("s", b"\x1b[0m  \r\n")
    assert [] == seen


def entries(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_library_warnings_in_our_form(configured):
    """
    A library's warning is one escaped line of ours; its INFO is not shown.
    """
    stream = io.StringIO()
    configured(stream)
    logger = logging.getLogger("distributed.core")
    logger.setLevel(logging.INFO)
    logger.info("quiet")
    logger.error("bad\n%s", "\x1b[31mthing")
    assert [("library_complained", "warning", "distributed.core", "bad\\nthing")] == [
        (e["event"], e["level"], e["library"], e["message"]) for e in entries(stream)
    ]


def test_library_info_when_debugging(configured):
    """
    log.level = debug shows what libraries tell.
    """
    stream = io.StringIO()
    configured(stream, level="debug")
    logging.getLogger("prefect.x").info("hello")
    assert [("library_wrote", "hello")] == [
        (e["event"], e["message"]) for e in entries(stream)
    ]


def test_handlers_that_come_with_an_import_are_taken_away(configured):
    """
    A library that installs a printing handler and stops propagation is adopted.
    """
    stream, theirs = io.StringIO(), io.StringIO()
    log = configured(stream)
    logger = logging.getLogger("a_library_with_handlers")
    handler = logging.StreamHandler(theirs)
    logger.addHandler(handler)
    logger.propagate = False
    log.adopt_foreign()
    log.adopt_foreign()
    logger.warning("once")
    assert ("", ["once"]) == (
        theirs.getvalue(),
        [e["message"] for e in entries(stream)],
    )
    log.close()
    assert ([handler], False) == (logger.handlers, logger.propagate)
    logger.removeHandler(handler)


def test_python_warnings_in_our_form(configured):
    """
    A Python warning is one line, without the source that follows it.
    """
    stream = io.StringIO()
    configured(stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old thing", stacklevel=1)
    (entry,) = entries(stream)
    assert ("library_complained", "py.warnings") == (entry["event"], entry["library"])
    assert entry["message"].endswith("UserWarning: old thing")


def test_traceback_and_bad_format_of_a_library():
    """
    A record's exception is kept, and a record that cannot be formatted is still told.
    """
    handler = ForeignHandler()
    error = ValueError("x")
    info = (ValueError, error, None)
    with capture() as seen:
        handler.handle(logging.LogRecord("l", 40, "", 0, "m", (), info))
        handler.handle(logging.LogRecord("l", 30, "", 0, "%d", ("a",), None))
    assert [("m", True), ("%d", False)] == [
        (e.message, "ValueError: x" in e.traceback)
        for e in seen
        if isinstance(e, LibraryComplained)
    ]
