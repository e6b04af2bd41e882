"""
``ingestd status``: how each pipeline is doing, on one screen.
"""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict
from typing import Any

from ingestd.cli.configured import Located, locate
from ingestd.cli.output import ago, clock, iso, write, write_json
from ingestd.cli.running import Daemon, daemon_of
from ingestd.ledger.reader import Reader, Totals
from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import BatchState, FileState
from ingestd.observe.escape import escape
from ingestd.observe.units import counted, size

_LONGEST_ERROR = 300
_UNFINISHED = (
    BatchState.SEALED,
    BatchState.CLAIMED,
    BatchState.WAITING,
    BatchState.STAGED,
)


def execute(arguments: Namespace) -> int:
    """
    Answer from the ledger, read-only, and from the daemon where one runs.
    """
    located, now = locate(arguments), time.time()
    reader = SqliteReader.open(located.state_dir)
    try:
        document = _document(located, reader, now)
    finally:
        reader.close()
    if arguments.json:
        write_json(document)
    else:
        _show(document, now)
    return 0


def _document(located: Located, reader: Reader, now: float) -> dict[str, Any]:
    return {
        "at": iso(now),
        "config": str(located.path),
        "state_dir": str(located.state_dir),
        "daemon": _daemon(daemon_of(located.state_dir)),
        "pipelines": [_pipeline(reader, name, now) for name in located.pipelines],
    }


def _daemon(daemon: Daemon | None) -> dict[str, Any]:
    if daemon is None:
        daemon_less = {"running": False, "pid": None, "answers": False}
        return {**daemon_less, "away": [], "notes": []}
    return {
        "running": True,
        "pid": daemon.pid,
        "answers": daemon.answers,
        "away": list(daemon.away),
        "notes": list(daemon.notes),
    }


def _pipeline(reader: Reader, name: str, now: float) -> dict[str, Any]:
    backlog, schema = reader.backlog(name), reader.schema(name)
    counts = reader.counts(name)
    oldest = backlog.oldest_at
    return {
        "name": name,
        "backlog": {
            "files": backlog.files,
            "bytes": backlog.size,
            "oldest_at": iso(oldest),
            "oldest_seconds": None if oldest is None else round(now - oldest, 3),
        },
        "batches": _batches(reader, name),
        "files": {state.value: counts.get(state, 0) for state in FileState},
        "last_minute": _totals(reader.totals(name, now - 60)),
        "last_hour": _totals(reader.totals(name, now - 3600)),
        "last_error": _last_error(reader, name),
        "growing": _growing(reader, name),
        "schema_version": schema.version if schema else None,
    }


def _growing(reader: Reader, name: str) -> dict[str, int]:
    growing = reader.growing(name)
    return {"files": len(growing), "bytes_behind": sum(one.behind for one in growing)}


def _batches(reader: Reader, name: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for state in _UNFINISHED:
        files = number = bytes_ = 0
        for batch in reader.batches(pipeline=name, state=state):
            number, files, bytes_ = number + 1, files + batch.files, bytes_ + batch.size
        shown[state.value] = {"batches": number, "files": files, "bytes": bytes_}
    return shown


def _totals(totals: Totals) -> dict[str, int]:
    shown = asdict(totals)
    shown["bytes"] = shown.pop("size")
    return shown


def _last_error(reader: Reader, name: str) -> dict[str, Any] | None:
    row = reader.last_error(name)
    if row is None:
        return None
    return {
        "batch": row.batch_id,
        "attempt": row.number,
        "at": iso(row.ended_at),
        "epoch_seconds": row.ended_at,
        "error": escape(row.error),
    }


def _show(document: dict[str, Any], now: float) -> None:
    _show_daemon(document["daemon"], document["state_dir"])
    for pipeline in document["pipelines"]:
        write()
        version = pipeline["schema_version"]
        schema = f"schema version {version}" if version else "no schema yet"
        write(f"{pipeline['name']}  ({schema})")
        for label, text in _lines(pipeline, now):
            write(f"  {label:<12}{text}")


def _show_daemon(daemon: dict[str, Any], state_dir: str) -> None:
    pid = f" (pid {daemon['pid']})" if daemon["pid"] else ""
    if not daemon["running"]:
        write(f"no daemon runs on {state_dir}; ingestd run starts it")
    elif not daemon["answers"]:
        write(f"daemon{pid} holds {state_dir}, but does not answer: starting, or stuck")
    else:
        write(f"daemon{pid} runs on {state_dir}")
    for reason in daemon["away"]:
        write(f"  waiting: {escape(reason)}")
    for note in daemon["notes"]:
        write(f"  note: {escape(note)}")


def _lines(pipeline: dict[str, Any], now: float) -> list[tuple[str, str]]:
    backlog, batches = pipeline["backlog"], pipeline["batches"]
    oldest = backlog["oldest_seconds"]
    since = "" if oldest is None else f", oldest {ago(now - oldest, now)}"
    waits = counted(backlog["files"], "file")
    growing = pipeline["growing"]
    behind = f"{counted(growing['files'], 'file')}, {size(growing['bytes_behind'])}"
    return [
        *([("growing", f"{behind} behind")] if growing["files"] else []),
        ("backlog", f"{waits}, {size(backlog['bytes'])}{since}"),
        ("in flight", _in_flight(batches)),
        ("files", _states(pipeline["files"])),
        ("last minute", _rate(pipeline["last_minute"], 60)),
        ("last hour", _rate(pipeline["last_hour"], 3600)),
        ("last error", _error(pipeline["last_error"], now)),
    ]


def _in_flight(batches: dict[str, Any]) -> str:
    words = [
        f"{each['batches']:,} {state} "
        f"({counted(each['files'], 'file')}, {size(each['bytes'])})"
        for state, each in batches.items()
        if each["batches"]
    ]
    return ", ".join(words) or "nothing"


def _states(files: dict[str, int]) -> str:
    shown = [f"{count:,} {state}" for state, count in files.items() if count]
    return ", ".join(shown) or "none seen yet"


def _rate(totals: dict[str, int], seconds: int) -> str:
    if not totals["batches"]:
        return "nothing committed"
    speed = f"{size(totals['bytes'] / seconds)}/s"
    number = totals["batches"]
    batches = "1 batch" if number == 1 else f"{number:,} batches"
    rows = f"{totals['rows_in']:,} rows in"
    if totals["rows_rejected"]:
        rows += f", {totals['rows_rejected']:,} rejected"
    if totals["rows_filtered"]:
        rows += f", {totals['rows_filtered']:,} filtered"
    files = counted(totals["files"], "file")
    return f"{files} in {batches}, {size(totals['bytes'])} ({speed}), {rows}"


def _error(error: dict[str, Any] | None, now: float) -> str:
    if error is None:
        return "none"
    at = error["epoch_seconds"]
    when = f"{ago(at, now)} ({clock(at)}), " if at else ""
    text = error["error"]
    cut = text if len(text) <= _LONGEST_ERROR else f"{text[:_LONGEST_ERROR]}…"
    return f"{when}batch {error['batch']}, attempt {error['attempt']}: {cut}"
