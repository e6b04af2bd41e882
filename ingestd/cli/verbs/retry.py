"""
``ingestd retry``: read files again that were set aside, in a new batch.
"""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestd.cli.advice import FOR_STATE
from ingestd.cli.configured import load
from ingestd.cli.output import write
from ingestd.cli.places import Place, places
from ingestd.cli.running import request
from ingestd.cli.usage import UsageError
from ingestd.config import Config
from ingestd.ledger.reader import Reader
from ingestd.ledger.sqlite import SqliteLedger, SqliteReader
from ingestd.model import FileState
from ingestd.observe.escape import printable
from ingestd.observe.units import counted

CHUNK = 1000
EXIT_REFUSED = 2

Retry = Callable[[list[Place]], list[bool]]


def execute(arguments: Namespace) -> int:
    """
    Ask the daemon, or do it in the ledger when none runs; say what became of each.

    Exit code 2 when a named file could not be retried.
    """
    if bool(arguments.paths) == arguments.all:
        raise UsageError("retry: expected one PATH or more, or --all")
    config, _ = load(arguments)
    reader = SqliteReader.open(Path(config.state_dir))
    try:
        wanted = _all(config, reader) if arguments.all else []
        refused = 0
        for given in arguments.paths:
            found = _named(given, config, reader)
            wanted += found
            refused += not found
        return _retry(wanted, refused, config, reader)
    finally:
        reader.close()


def _retry(wanted: list[Place], refused: int, config: Config, reader: Reader) -> int:
    if not wanted and not refused:
        write("nothing is quarantined")
        return 0
    done = 0
    with _retrier(config) as retry:
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            for place, retried in zip(chunk, retry(chunk), strict=True):
                done += retried
                write(f"{printable(place.absolute)}: {_said(place, retried, reader)}")
    write(f"{counted(done, 'file')} will be read again")
    return EXIT_REFUSED if refused or done < len(wanted) else 0


@contextmanager
def _retrier(config: Config) -> Iterator[Retry]:
    state_dir = Path(config.state_dir)
    if request(state_dir, {"command": "retry", "files": []}) is not None:
        yield lambda chunk: _through_daemon(state_dir, chunk)
        return
    # None runs: the lock is ours for a moment, or StateLocked says who starts there.
    ledger = SqliteLedger.open(state_dir, now=time.time())
    try:
        yield lambda chunk: [
            ledger.retry(place.pipeline.name, place.path, time.time())
            for place in chunk
        ]
    finally:
        ledger.close()


def _through_daemon(state_dir: Path, chunk: list[Place]) -> list[bool]:
    files = [{"pipeline": p.pipeline.name, "path": p.path.hex()} for p in chunk]
    reply = request(state_dir, {"command": "retry", "files": files})
    return [bool(retried) for retried in reply["retried"]] if reply else []


def _named(given: str, config: Config, reader: Reader) -> list[Place]:
    def known(place: Place) -> bool:
        return _newest(place, reader) is not None

    found = places(given, config.pipelines, lambda p, path: known(Place(p, path)))
    admitted = [place for place in found if known(place)]
    if not admitted:
        why = "the ledger does not know it" if found else "it lies in no source"
        shown = printable(os.fsencode(given))
        write(f"{shown}: not retried: {why} (ingestd why tells more)")
    return admitted


def _all(config: Config, reader: Reader) -> list[Place]:
    """
    Return every path whose content is quarantined now; older versions do not count.
    """
    found = []
    for pipeline in config.pipelines:
        rows = reader.files(pipeline=pipeline.name, state=FileState.QUARANTINED)
        paths = dict.fromkeys(row.path for row in rows)
        found += [p for path in paths if _set_aside(p := Place(pipeline, path), reader)]
    return found


def _set_aside(place: Place, reader: Reader) -> bool:
    versions = list(reader.files(pipeline=place.pipeline.name, path=place.path))
    # A touch after the quarantine makes a newer version of the same content.
    states = [v.state for v in versions if v.state is not FileState.UNCHANGED]
    return states[-1:] == [FileState.QUARANTINED]


def _newest(place: Place, reader: Reader) -> FileState | None:
    state = None
    for row in reader.files(pipeline=place.pipeline.name, path=place.path):
        state = row.state
    return state


def _said(place: Place, retried: bool, reader: Reader) -> str:
    if retried:
        return "ready, in a new batch"
    state = _newest(place, reader)
    if state is None:
        return "not retried: the ledger does not know it"
    return f"not retried: it is {state.value}: {FOR_STATE[state]}"
