"""
What becomes of a source's objects after their commit: moved or deleted, beside the
loop, since a store is far away.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from ingestd.commit.archive import Archive
from ingestd.errors import ComponentAway
from ingestd.ledger.ledger import Ledger
from ingestd.model import FileRef, FileState
from ingestd.observe.events import (
    ComponentBack,
    ComponentLost,
    FileDisposed,
    FileKept,
    emit,
)
from ingestd.retry import Backoff
from ingestd.storage import Forbidden, Item, Missing, Place, Replaced, Store

AT_ONCE = 8
"""Objects that are being moved or deleted at one time."""
BACKOFF = Backoff()


@dataclass(frozen=True, slots=True)
class Remover:
    """
    Moves objects of *place* into *archive*, or deletes them where there is none. Safe
    from many threads; knows nothing of the ledger.
    """

    store: Store
    place: Place
    archive: Archive | None

    def remove(self, ref: FileRef) -> FileState | None:
        """
        Return what became of *ref*'s object; None where another version is there.

        Raises ComponentAway, Forbidden, OSError.
        """
        state = FileState.MOVED if self.archive else FileState.DELETED
        mark = ref.fingerprint
        key = self.place.below(os.fsdecode(ref.path))
        item = Item(key, mark.size, mark.etag)
        there = self.store.head(key)
        if there is None:
            # A crash between the removal and its record: the copy came before.
            return state
        if (there.size, there.etag) != (item.size, item.etag):
            return None
        try:
            if self.archive:
                self.archive.keep(self.store, item, ref)
            self.store.remove(item)
        except (Missing, Replaced):
            return None
        return state


class BucketDisposal:
    """
    See ``Disposal``. While the store is away the objects wait, with growing pauses, and
    hold up no batch.
    """

    def __init__(
        self,
        pipeline: str,
        remover: Remover,
        ledger: Ledger,
        pool: Executor,
        wake: Callable[[], None],
    ) -> None:
        """
        Work by *pool*; *wake* the loop when something has ended.
        """
        self._pipeline = pipeline
        self._remover = remover
        self._ledger = ledger
        self._pool = pool
        self._wake = wake
        self._waiting: deque[FileRef] = deque()
        self._flying: dict[Future[FileState | None], FileRef] = {}
        self._left: Iterator[FileRef] = iter(())
        self._fresh: set[int] = set()
        self._failures = 0
        self._lost_at: float | None = None
        self._not_before = 0.0

    @property
    def busy(self) -> bool:
        """
        Whether something is being done, or waits and has not failed yet.
        """
        return bool(self._flying) or (bool(self._waiting) and not self._failures)

    def dispose(self, ref: FileRef, wall: float) -> None:
        """
        Have *ref*'s object moved or deleted soon.
        """
        del wall
        self._fresh.add(ref.id)
        self._waiting.append(ref)

    def recover(self, wall: float) -> None:
        """
        Have every committed object looked at again, a few at a time.
        """
        del wall
        self._left = self._ledger.undisposed(self._pipeline)
        self._refill()

    def tick(self, now: float, wall: float) -> None:
        """
        Record what has ended, and begin what is next.
        """
        while True:
            for future in [each for each in self._flying if each.done()]:
                self._record(future, now, wall)
            if now < self._not_before or not self._waiting:
                return
            self._begin()
            if not any(each.done() for each in self._flying):
                return

    def next_due(self) -> float | None:
        """
        Return when to try again; None while there is nothing, or a thread will wake.
        """
        return self._not_before if self._waiting and not self._flying else None

    def _begin(self) -> None:
        while self._waiting and len(self._flying) < AT_ONCE:
            future = self._pool.submit(self._remover.remove, self._waiting[0])
            self._flying[future] = self._waiting.popleft()
            future.add_done_callback(lambda _: self._wake())
            self._refill()

    def _refill(self) -> None:
        """
        Take one more of what an earlier daemon left, where none waits.
        """
        while not self._waiting:
            ref = next(self._left, None)
            if ref is None:
                # From now on nothing comes twice.
                self._fresh.clear()
                return
            if ref.id not in self._fresh:
                self._waiting.append(ref)

    def _record(
        self, future: Future[FileState | None], now: float, wall: float
    ) -> None:
        ref = self._flying[future]
        try:
            state = future.result()
        except ComponentAway as err:
            # Behind the others: one that fails alone must not hold them up.
            self._waiting.append(ref)
            self._lost(err, now)
        except (Forbidden, OSError) as err:
            emit(FileKept(self._pipeline, ref.path, str(err)))
        else:
            self._back(now)
            if state is not None:
                # First the ledger: where it is full, the same end is recorded again.
                self._ledger.disposed(ref.id, state, wall)
                emit(FileDisposed(self._pipeline, ref.path, state.value))
        del self._flying[future]

    def _lost(self, err: ComponentAway, now: float) -> None:
        if now < self._not_before:
            return  # one of several that were under way together
        self._failures += 1
        delay = BACKOFF.delay(self._failures)
        self._not_before = now + delay
        self._lost_at = now if self._lost_at is None else self._lost_at
        emit(ComponentLost(err.component, str(err.args[0]), delay, err.hint))

    def _back(self, now: float) -> None:
        if self._lost_at is not None:
            emit(ComponentBack("source", now - self._lost_at))
        self._lost_at, self._failures, self._not_before = None, 0, 0.0
