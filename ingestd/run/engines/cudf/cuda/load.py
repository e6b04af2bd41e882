"""
Copying files to the device, by several threads.

Text is read into pinned memory and copied from there, which is several times faster
than from the page cache; one thread's read goes on beside another's copy.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import cupy as cp
import cupyx
import numpy as np

from ingestd.run.engines.cudf.device import Host, Share
from ingestd.run.engines.cudf.fill import fill, pieces

_THREADS = min(16, os.cpu_count() or 1)
_PIECE_BYTES = 8 << 20


class Loader:
    """
    Copies pieces of files to the device, each by a thread that has a pinned buffer.
    """

    def __init__(self) -> None:
        """
        Take the threads and their buffers.
        """
        self._pool = ThreadPoolExecutor(_THREADS, "ingestd-load")
        self._stream = cp.cuda.Stream(non_blocking=True)
        self._pinned: queue.SimpleQueue[Host] = queue.SimpleQueue()
        for _ in range(_THREADS):
            self._pinned.put(cupyx.empty_pinned(_PIECE_BYTES, np.uint8))

    def load(self, address: int, shares: Sequence[Share]) -> Callable[[], None]:
        """
        Begin to copy *shares* to *address*; return what waits for the end.
        """
        jobs: list[Future[None]] = [
            self._pool.submit(self._copy, address + at, piece)
            for at, piece in pieces(shares, _PIECE_BYTES)
        ]

        def wait() -> None:
            # All of them, also after one failed: the memory is used again.
            failed = [error for job in jobs if (error := job.exception())]
            if failed:
                raise failed[0]

        return wait

    def _copy(self, address: int, piece: Sequence[Share]) -> None:
        pinned = self._pinned.get()
        try:
            size = fill(pinned.data, piece)
            cp.cuda.runtime.memcpyAsync(
                address,
                pinned.ctypes.data,
                size,
                cp.cuda.runtime.memcpyHostToDevice,
                self._stream.ptr,
            )
            done = cp.cuda.Event(block=True, disable_timing=True)
            done.record(self._stream)
            done.synchronize()
        finally:
            self._pinned.put(pinned)
