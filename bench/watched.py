"""
One unit on the GPU with a stopwatch at each of the device's operations.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import cupy as cp

from ingestd.model import Unit
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf import CudfEngine
from ingestd.run.engines.cudf.cuda import own_device


class Watched:
    """
    A device that waits for the end of each operation and adds up what it took, by its
    name, for kernels by theirs. ``load`` counts what the work waits for its text.
    """

    def __init__(self, device: Any) -> None:
        self._device = device
        self.chunk_bytes = device.chunk_bytes
        self.milliseconds: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._device, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            label = arguments[0] if name == "launch" else name
            found = self._timed(label, real, *arguments, **options)
            if name != "load":
                return found
            return lambda: self._timed("load", found)

        return timed

    def _timed(self, label: str, work: Any, *arguments: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        found = work(*arguments, **options)
        cp.cuda.get_current_stream().synchronize()
        self.milliseconds[label] += (time.perf_counter() - begun) * 1000
        return found


def watched(plan: Plan, unit: Unit) -> tuple[float, dict[str, float]]:
    """
    Return the seconds that *unit* takes so, and the milliseconds by step, most first.
    """
    device = Watched(own_device())
    engine = CudfEngine(device)
    begun = time.perf_counter()
    engine.read_and_aggregate(plan, unit)
    seconds = time.perf_counter() - begun
    most = sorted(device.milliseconds.items(), key=lambda pair: -pair[1])
    return round(seconds, 3), {name: round(took, 1) for name, took in most}
