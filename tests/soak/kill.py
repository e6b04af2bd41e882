"""
Soak: SIGKILL at random moments over the whole process tree, on live input.

    python -m tests.soak.kill [--kills 50] [--seed N] [--folder DIR]

A writer drops files all the time; a killer ends the daemon, the Prefect server, the
scheduler or a worker; a reader globs the output all the time and must never see an
error, a torn file, a row twice, or fewer rows than before. At the end every row must be
there once. Prints one line for each kill, and exits with 1 on any violation.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.live import ROWS, Daemon, content, expected_rows, output_rows, verb

ROWS_PER_FILE = 400
FILES_PER_SECOND = 8


@dataclass(slots=True)
class Writer:
    """
    Drops files until told to stop; *written* has the rows of each finished file.
    """

    inbox: Path
    stop: threading.Event = field(default_factory=threading.Event)
    written: dict[int, int] = field(default_factory=dict)

    def run(self) -> None:
        """
        Write, rename in, or write slowly, in turn.
        """
        number = 0
        while not self.stop.wait(1 / FILES_PER_SECOND):
            data, path = content(number, ROWS_PER_FILE), self.inbox / f"{number}.csv"
            if number % 3 == 0:
                path.write_bytes(data)
            elif number % 3 == 1:
                scratch = self.inbox / f".{number}.part"
                scratch.write_bytes(data)
                scratch.rename(path)
            else:
                with path.open("wb", buffering=0) as file:
                    file.write(data[:1000])
                    self.stop.wait(0.05)
                    file.write(data[1000:])
            self.written[number] = ROWS_PER_FILE
            number += 1


@dataclass(slots=True)
class Reader:
    """
    Reads the output all the time, as a stranger would.
    """

    folder: Path
    stop: threading.Event = field(default_factory=threading.Event)
    violations: list[str] = field(default_factory=list)
    looks: int = 0

    def run(self) -> None:
        """
        Check after each look that nothing is doubled and nothing went away.
        """
        before = 0
        while not self.stop.wait(0.5):
            try:
                rows = output_rows(self.folder)
            except Exception as err:  # noqa: BLE001 - any error is what we look for
                self.violations.append(f"a reader met {err!r}")
                continue
            self.looks += 1
            if len(rows) != len(set(rows)):
                self.violations.append("a reader saw rows twice")
            if len(rows) < before:
                self.violations.append(f"rows went from {before} to {len(rows)}")
            before = len(rows)


def soak(kills: int, seed: int, folder: Path) -> list[str]:
    """
    Run it; return the violations.
    """
    choice = random.Random(seed)
    (folder / "inbox").mkdir(parents=True)
    (folder / "config.toml").write_text(ROWS.format(head="", source=""))
    writer, reader = Writer(folder / "inbox"), Reader(folder)
    threads = [threading.Thread(target=part.run) for part in (writer, reader)]
    for thread in threads:
        thread.start()
    daemon = Daemon(folder).start()
    daemon.wait_for("batch_committed")
    done: dict[str, int] = {}
    for kill in range(kills):
        time.sleep(choice.uniform(0.2, 4.0))
        victim = choice.choice(["daemon", "daemon", "worker-0", "scheduler", "prefect"])
        daemon = _kill(daemon, victim)
        done[victim] = done.get(victim, 0) + 1
        print(f"{kill + 1}/{kills} {victim}, {len(writer.written)} files", flush=True)
    writer.stop.set()
    threads[0].join()
    daemon.kill()
    code = Daemon(folder, arguments=("--once",)).start().wait()
    reader.stop.set()
    threads[1].join()
    violations = [*reader.violations, *_ends(folder, writer, code)]
    print(f"{done}; {reader.looks} looks; {len(writer.written)} files", flush=True)
    return violations


def _kill(daemon: Daemon, victim: str) -> Daemon:
    for _ in range(10_000):  # take in the log as far as it has come
        with suppress(AssertionError):
            next(daemon.follow(0.0))
            continue
        break
    if victim == "daemon":
        daemon.kill()
        return Daemon(daemon.folder).start()
    pid = daemon.children().get(victim)
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return daemon


def _ends(folder: Path, writer: Writer, code: int) -> list[str]:
    violations = []
    expected, got = expected_rows(writer.written), output_rows(folder)
    if expected != got:
        missing, extra = set(expected) - set(got), len(got) - len(set(got))
        violations.append(f"{len(missing)} rows missing, {extra} rows doubled")
    if code != 0:
        violations.append(f"run --once ended with {code}")
    if any((folder / "outbox.ingestd" / "staging").iterdir()):
        violations.append("staging is not empty")
    checked = verb(folder, "verify")
    if checked.returncode != 0:
        violations.append(f"verify: {checked.stdout[-500:]}{checked.stderr[-500:]}")
    return violations


def main() -> int:
    """
    Read the arguments, soak, report.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else int(time.time())
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ingestd-soak-"))
    print(f"seed {seed}, in {folder}", flush=True)
    violations = soak(options.kills, seed, folder)
    for violation in violations:
        print(f"VIOLATION {violation}")
    if not violations:
        print("every row is there once")
        if options.folder is None:
            shutil.rmtree(folder)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
