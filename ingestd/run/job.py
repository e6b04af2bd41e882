"""
One attempt of a batch as work for the cluster, and how its units are gathered.

Knows neither Prefect nor Dask: it is given a function that submits packed units and
returns futures.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingestd.errors import ComponentAway, Quarantine, Reason
from ingestd.model import MemberResult, Outcome, Part, Unit
from ingestd.run.engine import Partial, Plan, UnitResult, Values, load
from ingestd.run.faults import Outgrown
from ingestd.run.slices import whole_files

COMBINE_HERE_BYTES = 16 << 20
BLAMES = 3
"""A file alone in its unit is at fault when it fails this often: a worker may also be
killed by somebody else while it reads."""


class Future(Protocol):
    """
    What Prefect's and Dask's futures share.
    """

    def result(self) -> UnitResult:
        """
        Wait for the unit's result, or raise what it raised.
        """
        ...


Submit = Callable[[list[Unit]], Sequence[Future]]


@dataclass(slots=True)
class Job:
    """
    One attempt: the plan, its units, and the gathered results.

    *isolate* reads one unit at a time and halves a unit that fails, to find the file
    at fault. *outgrown* holds values that the schema has no place for; then nothing was
    read. *seconds* holds wall time by step.
    """

    plan: Plan
    units: tuple[Unit, ...]
    engine: str
    isolate: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    parts: tuple[Part, ...] | None = None
    members: tuple[MemberResult, ...] = ()
    error: BaseException | None = None
    outgrown: Values = field(default_factory=dict)

    def pack(self, unit: Unit) -> bytes:
        """
        Return *unit* and the plan as one opaque value, which nothing walks through.
        """
        return pickle.dumps((self.engine, self.plan, unit))

    def gather(self, submit: Submit) -> list[UnitResult]:
        """
        Run all units through *submit* and return their results in order; none where the
        files have *outgrown* the schema.
        """
        begun = time.perf_counter()
        try:
            results = self._halving(submit) if self.isolate else self._whole(submit)
        except Outgrown as found:
            self.outgrown, results = found.values, []
        self.members = tuple(m for r in results for m in r.members)
        self.seconds["read"] = time.perf_counter() - begun
        return results

    def _whole(self, submit: Submit) -> list[UnitResult]:
        results = self._at_once(submit)
        pairs = zip(self.units, results, strict=True)
        # A slice that is not the first of its file may have begun within a field; what
        # it seems to hold is believed when it is read again from its true beginning.
        _within([r for u, r in pairs if not u.members[0].start])
        return whole_files(
            self.units,
            results,
            lambda unit: _within([submit([unit])[0].result()])[0],
            self.plan.pipeline.drift.max_rejects,
        )

    def _at_once(self, submit: Submit) -> list[UnitResult]:
        futures = submit(list(self.units))
        results: list[UnitResult] = []
        errors: list[Exception] = []
        # All are waited for, also after one failed: none may still write into staging
        # when the daemon throws it away.
        for future in futures:
            try:
                results.append(future.result())
            except Exception as err:  # noqa: BLE001 - re-raised below
                errors.append(err)
        if errors:
            # A loss first: the other failures may follow from it.
            raise next(filter(lost, errors), errors[0])
        return results

    def _halving(self, submit: Submit) -> list[UnitResult]:
        todo = deque(self.units)
        number = len(self.units)
        blames: dict[int, int] = {}
        results: list[UnitResult] = []
        while todo:
            unit = todo.popleft()
            try:
                results += _within([submit([unit])[0].result()])
            except Exception as err:
                if lost(err) or isinstance(err, Outgrown):
                    raise
                if len(unit.members) == 1:
                    blames[unit.index] = blames.get(unit.index, 0) + 1
                    if blames[unit.index] < BLAMES:
                        todo.appendleft(unit)
                    else:
                        results.append(_at_fault(unit, err))
                    continue
                middle = len(unit.members) // 2
                halves = unit.members[:middle], unit.members[middle:]
                todo.extendleft(
                    Unit(number + n, half) for n, half in reversed([*enumerate(halves)])
                )
                number += 2
        return results


def _within(results: list[UnitResult]) -> list[UnitResult]:
    """
    Return *results*; raise Outgrown where one of them has more than the schema.
    """
    outgrown: Values = {}
    for result in results:
        for column, values in result.outgrown.items():
            outgrown[column] = (*outgrown.get(column, ()), *values)
    if outgrown:
        raise Outgrown(outgrown)
    return results


def read_unit(packed: bytes) -> UnitResult:
    """
    Read a unit that ``Job.pack`` packed; runs on a worker.
    """
    engine, plan, unit = pickle.loads(packed)  # noqa: S301 - packed by the daemon
    return load(engine).read_and_aggregate(plan, unit)


def combine_partials(packed: bytes) -> tuple[Part, ...]:
    """
    Combine what ``pack_partials`` packed; runs on a worker or in the flow.
    """
    engine, plan, partials = pickle.loads(packed)  # noqa: S301 - packed by the daemon
    return load(engine).combine(plan, partials)


def pack_partials(job: Job, partials: list[Partial]) -> bytes:
    """
    Return what ``combine_partials`` needs, as one opaque value.
    """
    # Partials are host-side Arrow whatever read them, so the CPU engine combines them.
    engine = job.engine if any(p.spilled for p in partials) else "polars"
    return pickle.dumps((engine, job.plan, partials), protocol=5)


def lost(err: BaseException) -> str:
    """
    Return the component whose loss *err* is, or "" for a unit's own failure.

    No file is at fault for a loss, and no attempt is counted. Libraries are told by
    name: this module imports none of them.
    """
    if isinstance(err, ComponentAway):
        return err.component
    kinds = type(err).__mro__
    if {"httpx", "prefect"} & {kind.__module__.partition(".")[0] for kind in kinds}:
        return "prefect"
    of_dask = {"CancelledError", "CommClosedError", "NoValidWorkerError"}
    names = {kind.__name__ for kind in kinds}
    return "cluster" if isinstance(err, OSError) or of_dask & names else ""


def _at_fault(unit: Unit, err: Exception) -> UnitResult:
    """
    Return the result for the one file of *unit*, which fails whenever it is read.
    """
    if isinstance(err, Quarantine):
        reason, detail = err.reason, str(err)
    elif type(err).__name__ == "KilledWorker":
        reason, detail = Reason.KILLS_WORKER, "the worker that reads this file dies"
    else:
        reason, detail = Reason.UNREADABLE, f"{type(err).__name__}: {err}"
    member = MemberResult(
        file_id=unit.members[0].file.id,
        outcome=Outcome.QUARANTINED,
        reason=reason,
        detail=detail,
    )
    return UnitResult(unit.index, (member,))
