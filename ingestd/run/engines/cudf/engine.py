"""
The engine's questions, answered on a GPU where that is sure to be right.

The device takes what it can prove: records that are whole, values of forms that it
reads as the CPU engine does. Anything else goes to the CPU engine, pass by pass, and is
counted with its reason; so both engines give the same answers. Partials have one shape,
and the CPU engine combines them.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

from ingestd.errors import DeviceBroken
from ingestd.model import Unit
from ingestd.run.engine import Plan, UnitResult
from ingestd.run.engines.cudf.device import Device, Why, check
from ingestd.run.engines.cudf.effort import Effort
from ingestd.run.engines.polars import PolarsEngine
from ingestd.run.engines.polars.engine import read_groups, read_rows


class CudfEngine(PolarsEngine):
    """
    Reads and aggregates on a GPU. Threads of a process take turns: its GPU is one.
    """

    name = "cudf"

    def __init__(self, device: Device | None = None) -> None:
        """
        Take *device*, by default the process's own; raise DeviceBroken without one.
        """
        self._device = _own_device() if device is None else device

    def read(self, plan: Plan, unit: Unit) -> UnitResult:
        """
        Read *unit*; raises what the libraries say, Outgrown where it has more than the
        schema, and DeviceBroken.
        """
        if plan.shape is not None:
            handed = {Why.TRANSFORM.value: len(unit.members)}
            return replace(super().read(plan, unit), handed=handed)
        # Before each unit: what one batch did to the GPU must not meet the next one.
        with _turn:
            check(self._device)
        effort = Effort(self._device, _turn, plan)
        aggregate = plan.pipeline.aggregate
        if aggregate is None:
            numbers = itertools.count()
            rows = effort.rows(unit.index, numbers)
            found = read_rows(plan, unit, self.scan, rows, numbers)
        else:
            groups = effort.groups(aggregate)
            found = read_groups(plan, unit, aggregate, self.scan, groups)
        return replace(found, handed=dict(effort.handed), halved=effort.halved)


def _own_device() -> Device:
    try:
        from ingestd.run.engines.cudf.cuda import own_device  # noqa: PLC0415 - heavy
    except ImportError as err:
        message = f"this Python cannot import what the GPU needs: {err}"
        hint = "Install ingestd's extra cuda13 (or cuda12) for the worker"
        raise DeviceBroken(message, hint=hint) from err
    return own_device()


_turn = threading.Lock()
