"""
A sink whose store is far away, published into beside the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from ingestd.commit.sink import Sink, Underway
from ingestd.model import Committable


class Beside:
    """
    See ``Sink``: ``publish`` begins in a thread of its own and raises Underway until it
    has ended, which wakes the loop. Methods are called by the loop alone.
    """

    def __init__(self, sink: Sink, wake: Callable[[], None]) -> None:
        """
        Do the work of *sink* beside the loop, which *wake* wakes.
        """
        self._sink = sink
        self._wake = wake
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="publish")
        self._running: dict[str, Future[None]] = {}
        self.prepare = sink.prepare
        self.stage = sink.stage
        self.scratch_of = sink.scratch_of
        self.rejects_of = sink.rejects_of
        self.rejects_scratch_of = sink.rejects_scratch_of

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Begin to publish, or return when that has ended; raises Underway in between.
        """
        batch_id = committable.batch.id
        if batch_id not in self._running:
            work = partial(self._sink.publish, committable, manifest)
            future = self._running[batch_id] = self._pool.submit(work)
            future.add_done_callback(lambda _: self._wake())
        if not self._running[batch_id].done():
            raise Underway(batch_id)
        self._running.pop(batch_id).result()

    def discard(self, staging: str) -> None:
        """
        Remove an attempt's staging, soon.
        """
        self._pool.submit(self._sink.discard, staging)

    def leftovers(self) -> Iterator[str]:
        """
        Yield what is there; waits for the store.
        """
        return self._sink.leftovers()
