"""
What others write: libraries through logging and warnings, child processes on a pipe.

Their lines come out as events of ours, so that the log has one form. INFO of a library
is for those who debug it; a warning is worth an operator's eye; what is an *error* of
the daemon only the daemon knows, so nobody else's ERROR is louder than a warning here.
"""

from __future__ import annotations

import logging
import re
import traceback

from ingestd.observe.escape import plain
from ingestd.observe.events import (
    ChildComplained,
    ChildWrote,
    LibraryComplained,
    LibraryWrote,
    emit,
)

_SAYS_LEVEL = re.compile(
    r"\b(?:(DEBUG|INFO|NOTSET|TRACE)|(WARN|WARNING|ERROR|CRITICAL|FATAL))\b"
)
_LOOKS_BAD = re.compile(
    r"^Traceback \(most recent|^\s*[\w.]*(?:Error|Exception|Interrupt|Killed\w*)\b"
    r"|Segmentation fault|panicked at|Out of memory|MemoryError"
)
_PREFIX = re.compile(  # the time that Dask, Prefect and uvicorn write in front
    r"^\s*(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d+)?Z?\s*(?:[-|]\s*)?"
)


def child_line(service: str, line: str | bytes) -> None:
    """
    Emit one *line* that a child process wrote; an empty one is nothing.

    The level is a guess: the first level word in the line, or the look of an error.
    """
    if isinstance(line, bytes):
        line = line.decode("utf-8", "backslashreplace")
    message = _PREFIX.sub("", plain(line)).strip()
    if not message:
        return
    if complains(message):
        emit(ChildComplained(service, message))
    else:
        emit(ChildWrote(service, message))


def complains(message: str) -> bool:
    """
    Return whether a line looks like a warning or an error.
    """
    said = _SAYS_LEVEL.search(message)
    if said is not None:
        return said.group(2) is not None
    return _LOOKS_BAD.search(message) is not None


class ForeignHandler(logging.Handler):
    """
    A logging handler that turns the records of libraries into events.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """
        Emit *record* as an event; called by logging, under this handler's lock.
        """
        try:
            message = plain(record.getMessage()).strip()
        except Exception:  # noqa: BLE001 - a library's own formatting mistake
            message = str(record.msg)
        if record.levelno < logging.WARNING:
            emit(LibraryWrote(record.name, message))
            return
        if record.name == "py.warnings":
            message = message.partition("\n")[0]  # the rest is the source line
        trace = (
            "".join(traceback.format_exception(*record.exc_info))
            if (record.exc_info and record.exc_info[0])
            else ""
        )
        emit(LibraryComplained(record.name, message, trace))


class Adoption:
    """
    Holds the logging module's root, and hands it back as it was.
    """

    def __init__(self, *, debug: bool) -> None:
        """
        Listen from INFO when *debug*, else from WARNING; ``adopt`` begins.
        """
        self._handler = ForeignHandler(logging.INFO if debug else logging.WARNING)
        self._root_level = logging.root.level
        self._removed: list[tuple[logging.Logger, logging.Handler]] = []
        self._silent: list[logging.Logger] = []

    def adopt(self) -> None:
        """
        Route every library's logger here; again after an import that brought its own.

        Prefect and distributed install handlers when they are imported. Handlers that
        print are taken away; those that send elsewhere (Prefect's API) stay.
        """
        for logger in (logging.root, *_known_loggers()):
            for handler in list(logger.handlers):
                if _prints(handler):
                    logger.removeHandler(handler)
                    self._removed.append((logger, handler))
            if not logger.propagate:
                logger.propagate = True
                self._silent.append(logger)
        if self._handler not in logging.root.handlers:
            logging.root.addHandler(self._handler)
        logging.root.setLevel(self._handler.level)
        logging.captureWarnings(capture=True)

    def release(self) -> None:
        """
        Put the handlers back that were taken away; harmless twice.
        """
        logging.captureWarnings(capture=False)
        logging.root.removeHandler(self._handler)
        logging.root.setLevel(self._root_level)
        while self._removed:
            logger, handler = self._removed.pop()
            logger.addHandler(handler)
        while self._silent:
            self._silent.pop().propagate = False


def _known_loggers() -> list[logging.Logger]:
    known = list(logging.root.manager.loggerDict.values())
    return [logger for logger in known if isinstance(logger, logging.Logger)]


def _prints(handler: logging.Handler) -> bool:
    # A null handler keeps nothing from propagating, and files are somebody's wish.
    return isinstance(handler, logging.StreamHandler) and not isinstance(
        handler, logging.FileHandler
    )
