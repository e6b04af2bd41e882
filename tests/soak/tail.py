"""
Soak: logs that are written to and rotated all the time, while the daemon is killed.

    python -m tests.soak.tail [--seconds 60] [--rate 1000] [--kills 10] [--gather 0]

Three logs of CSV and three of JSON lines get *rate* records a second each, some with
line ends within quotes and some written in two halves, and are rotated every 5 s: by
rename, by copy and truncation, and by date. At the end each record must be in the
output once, in order; prints what was lost or doubled, and the time from a record's
writing to its commit; exits with 1 on any violation.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.live import Daemon, verb
from tests.logs import NAMES, Logs, numbers_read, tailed

ROTATE_SECONDS = 5.0
TICKS_PER_SECOND = 20


@dataclass(slots=True)
class Writer:
    """
    Writes for some seconds, and until it is *enough*; *written_at* has the time of each
    tick, and the records that all logs had then.
    """

    logs: Logs
    seconds: float
    rate: int
    written_at: list[tuple[float, int]] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """
        Write at the rate, and rotate on time.
        """
        begun = time.monotonic()
        due, done, tick = begun + ROTATE_SECONDS, 0, 0
        while True:
            now = time.monotonic()
            if now >= begun + self.seconds and self.enough.is_set():
                break
            wanted = int((now - begun) * self.rate)
            self.logs.write(wanted - done)
            done = wanted
            self.written_at.append((time.time(), len(NAMES) * done))
            if now >= due:
                self.logs.rotate()
                due += ROTATE_SECONDS
            tick += 1
            time.sleep(max(0.0, begun + tick / TICKS_PER_SECOND - time.monotonic()))
        self.logs.rotate()


def kill_at_random(folder: Path, writer: Writer, kills: int, seed: int) -> list[Daemon]:
    """
    Run daemons, one after the other; each is killed at a random moment soon after it
    committed something. Return all; the last one runs.
    """
    chance = random.Random(seed)
    daemons = [Daemon(folder).start()]
    for number in range(1, kills + 1):
        daemons[-1].wait_for("batch_committed", lambda line: line["rows_out"] > 0)
        time.sleep(chance.uniform(0, 3))
        daemons[-1].kill()
        rows = daemons[-1].committed_rows()
        print(f"killed {number}; it had committed {rows} records", flush=True)
        daemons.append(Daemon(folder).start())
    writer.enough.set()
    return daemons


def wait_for_all(folder: Path, daemon: Daemon, records: int) -> None:
    """
    Wait until all records are in the output.
    """
    while sum(map(len, numbers_read(folder).values())) < records:
        daemon.wait_for_new("batch_committed")


def latencies(writer: Writer, daemons: list[Daemon]) -> list[float]:
    """
    Return, for each tick, how long it took until as many records were committed; where
    nobody was killed.
    """
    from datetime import datetime

    commits, total = [], 0
    for line in (line for d in daemons for line in d.events("batch_committed")):
        total += line["rows_out"]
        at = datetime.fromisoformat(line["ts"]).timestamp()
        commits.append((at, total))
    found = []
    for at, records in writer.written_at:
        done = next((t for t, n in commits if n >= records), None)
        if done is not None:
            found.append(done - at)
    return found


def main(arguments: list[str] | None = None) -> int:
    """
    Run the soak with *arguments*, else those of the command; return the exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--gather", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="tail-"))
    (folder / "config.toml").write_text(tailed(options.gather))
    logs = Logs(folder / "logs", options.seed)
    writer = Writer(logs, options.seconds, options.rate)
    first = Daemon(folder).start() if not options.kills else None
    if first:
        first.wait_for("batch_committed")  # both have begun: a first batch takes long
    thread = threading.Thread(target=writer.run)
    thread.start()
    if first:
        daemons = [first]
        writer.enough.set()
    else:
        daemons = kill_at_random(folder, writer, options.kills, options.seed)
    thread.join()
    records = sum(map(len, logs.written.values()))
    wait_for_all(folder, daemons[-1], records)
    daemons[-1].stop()
    return report(folder, logs, writer, daemons, options.kills)


def report(
    folder: Path, logs: Logs, writer: Writer, daemons: list[Daemon], kills: int
) -> int:
    """
    Print what was found; return the exit code.
    """
    read, wrong = numbers_read(folder), False
    for log in logs.logs:
        wanted, found = logs.written[log.name], read[log.name]
        lost, doubled = len(set(wanted) - set(found)), len(found) - len(set(found))
        right = wanted == found
        wrong |= not right
        print(
            f"{log.name}: {len(wanted)} records, {log.rotations} rotations; {lost} "
            f"lost, {doubled} doubled, {'in order' if right else 'NOT as written'}"
        )
    given_up = sum(e["bytes"] for d in daemons for e in d.events("tail_given_up"))
    batches = sum(len(d.events("batch_committed")) for d in daemons)
    print(f"{kills} kills, {batches} batches, {given_up} bytes given up")
    if not kills and (found := latencies(writer, daemons)):
        cuts = statistics.quantiles(found, n=20)
        print(f"append to commit: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s")
    verified = verb(folder, "verify")
    print(verified.stdout.strip())
    wrong |= verified.returncode != 0 or given_up > 0
    if not wrong:
        shutil.rmtree(folder)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
