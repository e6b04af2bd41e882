"""
Whether the disks of the state, the sinks and the rejects have room; intake stops when
not.
"""

from __future__ import annotations

import os

from ingestd.clock import Clock
from ingestd.config import Config
from ingestd.observe.events import IntakePaused, IntakeResumed, emit
from ingestd.storage import is_remote

LOOK_SECONDS = 2.0


class Disk:
    """
    Looks at the free space now and then. Owned by the daemon's loop.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        """
        Watch the file systems of the state folder, of every sink, and of the rejects
        where rows are set aside.
        """
        self._needed = config.limits.min_free
        places = [config.state_dir, *(p.sink.url for p in config.pipelines)]
        places += [p.rejects.url for p in config.pipelines if p.sets_rows_aside]
        places += [
            p.sink.scratch_dir for p in config.pipelines if is_remote(p.sink.url)
        ]
        # A store has no disk of ours.
        local = [place for place in places if not is_remote(place)]
        self._places = list(dict.fromkeys(local))
        self._clock = clock
        self._looked_at: float | None = None
        self._reason = ""
        self._since = 0.0

    def lacking(self) -> str:
        """
        Return why intake stops, or "".
        """
        now = self._clock.monotonic()
        if self._looked_at is None or now >= self._looked_at + LOOK_SECONDS:
            self._looked_at = now
            self._look(now)
        return self._reason

    def next_due(self) -> float | None:
        """
        Return when to look again; None while there is room.
        """
        if not self._reason or self._looked_at is None:
            return None
        return self._looked_at + LOOK_SECONDS

    def _look(self, now: float) -> None:
        before = self._reason
        self._reason = ""
        for place in self._places:
            free, said = _free(place)
            if said or free < self._needed:
                self._reason = (
                    f"{place}: {said}" if said else self._too_little(place, free)
                )
                if not before:
                    self._since = now
                    emit(IntakePaused("disk", free, self._needed, place))
                return
        if before:
            emit(IntakeResumed("disk", seconds=now - self._since))

    def _too_little(self, place: str, free: int) -> str:
        return (
            f"{place} has {free >> 20} MiB free, limits.min_free is "
            f"{self._needed >> 20} MiB"
        )


def _free(place: str) -> tuple[int, str]:
    """
    Return the bytes that an ordinary user may still write at *place*, or why it cannot
    be told: a mount that is stale is as good as full.
    """
    try:
        shown = os.statvfs(place)
    except FileNotFoundError:
        return _free(os.path.dirname(place) or "/")  # noqa: PTH120 - str in, str out
    except OSError as err:
        return 0, err.strerror or str(err)
    return shown.f_bavail * shown.f_frsize, ""
