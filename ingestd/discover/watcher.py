"""
Keeps a watch alive: begins it, sees that it broke, renews it, and says so.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from ingestd.discover.settle import Hint
from ingestd.discover.watch import Watch, describe
from ingestd.retry import Backoff

MAX_HINTS = 50_000
PROBE_SECONDS = 1.0
RENEW_SECONDS = 300.0

_LIMIT_HINT = (
    "If a limit was reached, raise fs.inotify.max_user_watches or "
    "fs.inotify.max_user_instances; until then scans find the files"
)


@dataclass(frozen=True, slots=True)
class WatchNews:
    """
    What became of the watch. After each a scan is needed: notices were lost.
    """

    kind: Literal["lost", "restored", "overflowed"]
    error: str = ""
    hint: str = ""
    seconds: float = 0.0


class Watcher:
    """
    A service that collects hints below *root*, and watches over its own watch.

    It never fails to start: without notices the scans go on alone, and ``probe`` says
    so. ``hints``, ``probe`` and ``probe_at`` belong to one thread.
    """

    def __init__(
        self,
        root: str,
        *,
        recursive: bool,
        wake: Callable[[], None],
        enabled: bool = True,
        backoff: Backoff | None = None,
    ) -> None:
        """
        Collect for *root*; *enabled* is false on a mount without events.
        """
        self._root = root
        self._recursive = recursive
        self._wake = wake
        self._enabled = enabled
        self._backoff = backoff or Backoff(0.5, 60.0)
        self._hints: deque[tuple[bytes, Hint]] = deque()  # appended by watchdog
        self._overflowed = threading.Event()
        self._watch: Watch | None = None
        self._lost = ""  # why there is no whole watch now
        self._lost_at: float | None = None
        self._told = ""
        self._attempt = 0
        self._probe_at = 0.0
        self._renew_at = float("inf")

    def start(self) -> None:
        """
        Watch, if it can be done.
        """
        if self._enabled:
            self._begin()

    def stop(self) -> None:
        """
        End the watch and its threads.
        """
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def hints(self, limit: int = MAX_HINTS) -> Iterator[tuple[bytes, Hint]]:
        """
        Yield what waits: paths relative to the root, and what happened to them.
        """
        for _ in range(limit):
            try:
                yield self._hints.popleft()
            except IndexError:
                return

    def healthy(self) -> str:
        """
        Return "" while every notice comes, else one sentence.
        """
        if not self._enabled:
            return "this mount gives no events: scans alone"
        return self._lost

    def probe_at(self, now: float) -> float:
        """
        Return when to probe again at the latest.
        """
        return max(self._probe_at, now) if self._enabled else float("inf")

    def probe(self, now: float) -> list[WatchNews]:
        """
        Look after the watch, at most once a second; return what there is to tell.
        """
        news = []
        if self._overflowed.is_set():
            self._overflowed.clear()
            news.append(WatchNews("overflowed"))
        died = self._watch is not None and self._watch.failure
        if self._enabled and (now >= self._probe_at or died):
            self._probe_at = now + PROBE_SECONDS
            news += self._mend(now)
        return news

    def _mend(self, now: float) -> list[WatchNews]:
        broken = self._broken(now)
        if self._watch is not None and not broken:
            return self._tell(now)
        self.stop()
        self._begin()
        self._renew_at = now + RENEW_SECONDS
        if self._watch is None:
            self._attempt += 1
            self._probe_at = now + self._backoff.delay(self._attempt)
            return self._tell(now)
        self._attempt = 0
        # Told even if it was renewed at once: notices were lost in between.
        self._lost, lacking = broken, self._lost
        news = self._tell(now)
        self._lost = lacking
        return news + self._tell(now)

    def _broken(self, now: float) -> str:
        if self._watch is None:
            return self._lost
        broken = self._watch.broken()
        if not broken:
            self._lost = self._watch.lacking()
            if not self._lost:
                self._renew_at = float("inf")
            elif self._renew_at == float("inf"):
                self._renew_at = now + RENEW_SECONDS
            elif now >= self._renew_at:
                # The limit may have been raised, or others have let go of theirs.
                return self._lost
        return broken

    def _tell(self, now: float) -> list[WatchNews]:
        told, self._told = self._told, self._lost
        if self._lost == told:
            return []
        if self._lost:
            self._lost_at = now if self._lost_at is None else self._lost_at
            return [WatchNews("lost", self._lost, _LIMIT_HINT)]
        since = now if self._lost_at is None else self._lost_at
        self._lost_at = None
        return [WatchNews("restored", seconds=now - since)]

    def _begin(self) -> None:
        try:
            self._watch = Watch(self._root, self._recursive, self._hinted, self._alarm)
            self._lost = self._watch.lacking()
        except (OSError, RuntimeError) as error:
            # RuntimeError: no thread can be started, or the tree is too deep to walk.
            self._lost = f"cannot be watched: {describe(error)}"

    def _hinted(self, path: bytes, hint: Hint) -> None:
        if len(self._hints) >= MAX_HINTS:
            self._overflowed.set()
        else:
            self._hints.append((path, hint))
        self._wake()

    def _alarm(self, overflowed: bool) -> None:
        if overflowed:
            self._overflowed.set()
        self._wake()
