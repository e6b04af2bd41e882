"""
Lives of a daemon in processes of their own, each ended at a chosen point.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.fault.tripwire import CRASHED
from tests.fault.world import World

ROOT = Path(__file__).parents[2]


class Lives:
    """
    A context: the process that begins the lives, with *engine* csv or polars.
    """

    def __init__(self, engine: str = "csv") -> None:
        self._command = [sys.executable, "-m", "tests.fault.server", engine]

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            self._command,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def run(self, folder: Path, at: int = 0) -> dict[str, Any] | None:
        """
        Live until idle; return what the life tells, None when it ended at point *at*.
        """
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(
            json.dumps({"folder": str(folder), "at": at}),
            file=self._server.stdin,
            flush=True,
        )
        status = int(self._server.stdout.readline())
        if status == CRASHED:
            return None
        failed = folder / "failed.txt"
        assert status == 0, failed.read_text() if failed.exists() else status
        told: dict[str, Any] = json.loads((folder / "told.json").read_bytes())
        return told


@dataclass(frozen=True, slots=True)
class Crash:
    """
    Crash at point *first* of a new world, and at point *second* of the life after.
    """

    first: int
    second: int

    def survive(self, lives: Lives, world: World) -> None:
        """
        Crash twice, live to idle, and fail unless everything was ingested once.
        """
        seen: dict[str, str] = {}
        told = 0
        for at in (self.first, self.second, 0):
            life = lives.run(world.folder, at)
            now = world.visible()
            world.check_rejects_come_first()
            # What a reader saw once is there for ever, and the same.
            assert seen.items() <= now.items(), (seen, now)
            seen = now
            if life:
                told += life["quarantined"]
                assert not life["broken"], f"lost by a power cut: {life['broken']}"
        assert told <= 1, "told of the bad file twice"
        world.check()


def sweep(
    lives: Lives, folder: Path, mode: str, firsts: Callable[[int], Iterable[int]]
) -> list[str]:
    """
    Crash at the points that *firsts* picks of their number; return what failed.
    """
    dry = lives.run(World(folder / "dry", mode).fill().folder)
    assert dry is not None
    assert dry["quarantined"] == 1
    assert not dry["broken"], dry["broken"]
    failures = []
    for first in firsts(len(dry["points"])):
        # The second crash is in the recovery, or soon after it: never at one place.
        crash = Crash(first, 1 + first * 7 % 23)
        world = World(folder / str(first), mode).fill()
        try:
            crash.survive(lives, world)
        except Exception:  # noqa: BLE001 - all of them are wanted
            where = dry["points"][first - 1]
            failures.append(f"{crash} ({where}): {traceback.format_exc()}")
        else:
            shutil.rmtree(world.folder)
    return failures
