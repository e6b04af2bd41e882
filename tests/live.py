"""
A real daemon in a process of its own, for tests: started, watched, killed, asked.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
PATIENCE_SECONDS = 180.0
"""How long a wait may take before it fails: a bound for a hung daemon."""

ROWS = """
state_dir = "var"
drain_seconds = 20
{head}
[http]
listen = ""

[[pipelines]]
name = "rows"

[pipelines.source]
url = "inbox"
scan_seconds = 2
settle_unseen_seconds = 1
{source}

[pipelines.schema]
file = "int64"
row = "int64"
text = "string"

[pipelines.sink]
url = "outbox"
"""


@dataclass(slots=True)
class Daemon:
    """
    One run of ``ingestd run`` in *folder*; its JSON log lines are collected.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    lines: list[dict[str, Any]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    _news: queue.SimpleQueue[dict[str, Any] | None] = field(
        default_factory=queue.SimpleQueue
    )
    _reader: threading.Thread | None = None

    def start(self) -> Daemon:
        """
        Start the process and return at once.
        """
        with (self.folder / "stderr.txt").open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ingestd", "run", *self.arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": PATH, **self.environment},
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def wait_for(
        self, event: str, match: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """
        Return the first line of *event* that *match* takes, from now on or before.
        """
        for line in self.lines:
            if line.get("event") == event and match(line):
                return line
        for line in self.follow():
            if line.get("event") == event and match(line):
                return line
        raise AssertionError(f"no {event} came; the log ended: {self.tail()}")

    def wait_for_new(self, event: str) -> dict[str, Any]:
        """
        Return the next line of *event* that was not read yet.
        """
        for line in self.follow():
            if line.get("event") == event:
                return line
        raise AssertionError(f"no more {event} came; the log ended: {self.tail()}")

    def follow(self, patience: float = PATIENCE_SECONDS) -> Iterator[dict[str, Any]]:
        """
        Yield new lines until the log ends; fails when *patience* is over.
        """
        end = time.monotonic() + patience
        while True:
            try:
                line = self._news.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing came in time: {self.tail()}") from None
            if line is None:
                return
            self.lines.append(line)
            yield line

    def wait_for_rows(self, rows: int) -> None:
        """
        Wait until the committed batches have *rows* rows in all, since this start.
        """
        done = self.committed_rows()
        if done >= rows:
            return
        for line in self.follow():
            done += line.get("rows_out", 0) if _is_commit(line) else 0
            if done >= rows:
                return
        raise AssertionError(f"{done} of {rows} rows came: {self.tail()}")

    def committed_rows(self) -> int:
        """
        Return the rows that this run committed so far, by its log.
        """
        return sum(line["rows_out"] for line in self.lines if _is_commit(line))

    def events(self, name: str) -> list[dict[str, Any]]:
        """
        Return the lines of one event that were read so far.
        """
        return [line for line in self.lines if line.get("event") == name]

    def kill(self) -> None:
        """
        SIGKILL, and wait for the end.
        """
        if self.process:
            self.process.kill()
            self.process.wait()
            self._end()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """
        Ask to stop; return the exit code.
        """
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """
        Wait for the end; return the exit code.
        """
        assert self.process is not None
        code = self.process.wait(PATIENCE_SECONDS)
        self._end()
        return code

    def children(self) -> dict[str, int]:
        """
        Return the process ids of the daemon's children by service name.
        """
        assert self.process is not None
        found = {}
        for line in self.lines:
            if line.get("event") in {"service_started", "service_restarted"}:
                found[line["service"]] = line["pid"]
        return {name: pid for name, pid in found.items() if pid}

    def tail(self) -> str:
        """
        Return the last lines, for a failure's message.
        """
        errors = (self.folder / "stderr.txt").read_text(errors="replace")[-2000:]
        return "\n".join(map(json.dumps, self.lines[-15:])) + "\n" + errors

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for raw in stream:
                self._news.put(json.loads(raw))
        self._news.put(None)

    def _end(self) -> None:
        if self._reader:
            self._reader.join(10)
            while not self._news.empty():
                line = self._news.get()
                if line is not None:
                    self.lines.append(line)
            self._news.put(None)


def _is_commit(line: dict[str, Any]) -> bool:
    return line.get("event") == "batch_committed"


def verb(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """
    Run ``ingestd`` with *arguments* in *folder*.
    """
    return subprocess.run(
        [sys.executable, "-m", "ingestd", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": PATH},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def content(number: int, rows: int) -> bytes:
    """
    Return a CSV file of *rows* rows that name their file and row.
    """
    lines = ["file,row,text"]
    lines += [f"{number},{row},text {number}-{row}" for row in range(rows)]
    return ("\n".join(lines) + "\n").encode()


def output_rows(folder: Path) -> list[tuple[int, int]]:
    """
    Return every (file, row) in the output, sorted; read by DuckDB, without distinct.
    """
    import duckdb

    if not any((folder / "outbox").glob("*.parquet")):
        return []
    with duckdb.connect() as connection:
        files = str(folder / "outbox" / "*.parquet")
        query = f"select file, row from read_parquet('{files}') order by all"
        return connection.execute(query).fetchall()


def expected_rows(files: dict[int, int]) -> list[tuple[int, int]]:
    """
    Return every (file, row) of *files*: rows by file number.
    """
    return sorted((n, row) for n, rows in files.items() for row in range(rows))
