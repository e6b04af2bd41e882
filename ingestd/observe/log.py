"""
The log: every event as one line, for a person or for a machine. [structlog]

Console on a terminal, JSON otherwise, and JSON with rotation in ``log.file``. A line
that cannot be written is dropped and counted: a full disk must not stop the data.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

import structlog

from ingestd.errors import ConfigError
from ingestd.observe import console
from ingestd.observe.escape import conceal, printable
from ingestd.observe.events import Event, Level, attach, drop
from ingestd.observe.foreign import Adoption

_NUMBER = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
}
_FILE_BYTES = 64 * 2**20
_FILES_KEPT = 5
_Fields = MutableMapping[str, Any]


class LogSettings(Protocol):
    """
    What the log needs of ``[log]``.
    """

    @property
    def format(self) -> str:
        """
        auto, console or json.
        """
        ...

    @property
    def level(self) -> str:
        """
        debug, info, warning or error.
        """
        ...

    @property
    def file(self) -> str | Path | None:
        """
        Where to write JSON as well.
        """
        ...


class Log:
    """
    The sink that writes lines; see ``configure``. Safe from every thread.
    """

    def __init__(self, config: LogSettings, stream: TextIO) -> None:
        """
        Open the outputs and listen; ConfigError when the file cannot be opened.
        """
        self._filter = structlog.make_filtering_bound_logger(
            _NUMBER[Level(config.level)]
        )
        terminal = stream.isatty()
        if config.format == "console" or (config.format == "auto" and terminal):
            colours = terminal and not os.environ.get("NO_COLOR")
            render = _console_renderer(colours=colours)
        else:
            render = _json_line
        self._file = _open(config.file) if config.file else None
        self._loggers = [self._logger(structlog.WriteLogger(stream), render)]
        if self._file is not None:
            self._loggers.append(self._logger(_FileOutput(self._file), _json_line))
        self._foreign = Adoption(debug=config.level == Level.DEBUG)
        self._detach: Callable[[], None] = attach(self)

    def __call__(self, event: Event) -> None:
        """
        Write *event* wherever its level is wanted.
        """
        at = time.time()
        for logger in self._loggers:
            try:
                logger.log(_NUMBER[event.volume()], event.name, typed=event, at=at)
            except Exception:  # noqa: BLE001 - the other output may still work
                drop()

    def adopt_foreign(self) -> None:
        """
        Take over the loggers of libraries; again after importing Prefect or Dask.
        """
        self._foreign.adopt()

    def close(self) -> None:
        """
        Stop listening, hand logging back as it was; harmless twice.
        """
        self._detach()
        self._foreign.release()
        if self._file is not None:
            try:
                self._file.close()
            except (
                OSError
            ):  # a full disk: what was buffered is lost, the file is closed
                drop()

    def _logger(self, output: object, render: Callable[..., str]) -> Any:  # noqa: ANN401 - structlog's own types are Any
        return structlog.wrap_logger(
            output, processors=[render], wrapper_class=self._filter
        )


def configure(config: LogSettings, stream: TextIO) -> Log:
    """
    Write every later event to *stream*, and to ``log.file``; close the result at exit.

    Raises ConfigError when the file cannot be opened.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # A name in Cyrillic under LANG=C costs an escape, not the line.
        reconfigure(errors="backslashreplace")
    log = Log(config, stream)
    log.adopt_foreign()
    return log


def _console_renderer(*, colours: bool) -> Callable[..., str]:
    def render(_logger: object, _method: str, entry: _Fields) -> str:
        return console.line(entry["typed"], entry["at"], colours=colours)

    return render


def _json_line(_logger: object, _method: str, entry: _Fields) -> str:
    event: Event = entry["typed"]
    stamp = datetime.fromtimestamp(entry["at"], UTC).isoformat(timespec="milliseconds")
    fields = {name: _json_value(value) for name, value in event.items()}
    if "traceback" in fields:
        # A list of lines: readable, and no newline left to inject.
        rows = str(getattr(event, "traceback", "")).splitlines()
        fields["traceback"] = [printable(conceal(row)) for row in rows]
    return json.dumps(
        {
            "ts": stamp.replace("+00:00", "Z"),
            "level": event.volume().value,
            "event": event.name,
            **fields,
        },
        ensure_ascii=False,
    )


def _json_value(value: object) -> object:  # noqa: PLR0911 - one a type
    match value:
        case None | bool() | int():
            return value
        case float():
            # JSON has no NaN; five places are ten microseconds.
            return round(value, 5) if abs(value) < float("inf") else str(value)
        case bytes():
            return printable(value)
        case str():
            return printable(conceal(value))
        case Mapping():
            return {printable(str(k)): _json_value(v) for k, v in value.items()}
        case tuple() | list() | frozenset():
            return [_json_value(item) for item in value]
        case _:
            return printable(conceal(str(value)))


class _Rotating(logging.handlers.RotatingFileHandler):
    """
    A rotated file that counts what it cannot write.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's own name
        """
        Count a line that was not written; called by ``emit`` instead of raising.
        """
        drop()


class _FileOutput:
    """
    What structlog writes a rendered line to: a rotated file.
    """

    def __init__(self, handler: _Rotating) -> None:
        self._handler = handler

    def msg(self, message: str) -> None:
        """
        Append one line; rotation and locking are the handler's.
        """
        self._handler.handle(logging.makeLogRecord({"msg": message}))

    debug = info = warning = error = msg


def _open(path: str | Path) -> _Rotating:
    try:
        return _Rotating(
            path,
            maxBytes=_FILE_BYTES,
            backupCount=_FILES_KEPT,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as err:
        problem = f"log.file = {str(path)!r}: cannot be opened: {err.strerror}"
        raise ConfigError([problem]) from err
