"""
Begins a daemon's life for each request, and says how it ended.

Reads one JSON object a line: a folder and the point to crash at. Answers with the exit
status. Lives with the small engine are forked, so that a case pays for no imports; this
process has one thread and computes nothing, as fork demands. Lives with the real
engine, whose threads do not survive a fork, are started anew.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pandas as pd  # noqa: F401 - pyarrow loads it; once, for all children
import pyarrow.parquet  # noqa: F401

from ingestd.config import load
from ingestd.observe.events import capture
from ingestd.run.engine import Engine
from ingestd.run.engine import load as load_engine
from tests.fault.csv_engine import CsvEngine
from tests.fault.rig import start
from tests.fault.tripwire import Tripwire

LIFE_SECONDS = 60
FAILED = 70


def live(folder: Path, at: int, engine: Engine) -> dict[str, object]:
    """
    Run to idle in *folder*, unless it ends at point *at*; return what there is to tell.
    """
    wire = Tripwire(folder, at)
    wire.arm()
    with capture() as events:
        rig = start(folder, engine)
        recovery = len(wire.points)
        rig.run_to_idle()
        rig.stop()
        wire.passed()
    names = [event.name for event in events]
    return {
        "points": wire.points,
        "recovery": recovery,
        "broken": wire.broken,
        "quarantined": names.count("file_quarantined"),
    }


def life(folder: Path, at: int, engine: Engine) -> None:
    """
    Live, write down what there is to tell, and end without any cleaning up.
    """
    signal.alarm(LIFE_SECONDS)
    status = FAILED
    try:
        told = live(folder, at, engine)
        (folder / "told.json").write_text(json.dumps(told))
        status = 0
    except BaseException:  # noqa: BLE001 - told to the parent
        (folder / "failed.txt").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def forked(folder: Path, at: int) -> int:
    """
    Live with the small engine; return the exit status.
    """
    # Models are built when they are first used: here, once for all children.
    load(folder / "config.toml", {})
    pid = os.fork()
    if pid == 0:
        life(folder, at, CsvEngine())
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def executed(folder: Path, at: int) -> int:
    """
    Live with the real engine; return the exit status.
    """
    command = [sys.executable, "-m", "tests.fault.server", str(folder), str(at)]
    return subprocess.run(command, check=False).returncode


def serve(begin: Callable[[Path, int], int]) -> None:
    """
    Answer until the input ends.
    """
    for line in sys.stdin:
        asked = json.loads(line)
        print(begin(Path(asked["folder"]), asked["at"]), flush=True)  # noqa: T201


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["csv"]:
            serve(forked)
        case ["polars"]:
            serve(executed)
        case [folder, at]:
            life(Path(folder), int(at), load_engine("polars"))
