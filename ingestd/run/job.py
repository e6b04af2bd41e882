"""
One attempt of a batch as work for the cluster, and how its units are gathered.

Knows neither Prefect nor Dask: it is given a function that submits packed units and
returns futures.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ingestd.errors import ComponentAway
from ingestd.model import MemberResult, Part, Unit
from ingestd.observe.events import CountMismatched, emit
from ingestd.run.aside import Aside, packed
from ingestd.run.balance import Unbalanced, balanced, check_whole
from ingestd.run.engine import Engine, Partial, Plan, UnitResult, load
from ingestd.run.isolation import Isolation

COMBINE_HERE_BYTES = 16 << 20


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
Read = tuple[Unit, UnitResult]


@dataclass(slots=True)
class Job:
    """
    One attempt: the plan, its units, and the gathered results.

    *isolate* reads one unit at a time and halves a unit that fails, to find the file
    at fault. *seconds* holds wall time by step. *parts* are None until ``finish``.
    """

    plan: Plan
    units: tuple[Unit, ...]
    engine: str
    isolate: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    parts: tuple[Part, ...] | None = None
    members: tuple[MemberResult, ...] = ()
    rejects: tuple[Part, ...] = ()
    error: BaseException | None = None

    def pack(self, unit: Unit) -> bytes:
        """
        Return *unit* and the plan as one opaque value, which nothing walks through.
        """
        return pickle.dumps((self.engine, self.plan, unit))

    def gather(self, submit: Submit) -> list[UnitResult]:
        """
        Run all units through *submit* and return their results in order.

        Each is checked to add up, and its rejects are written to staging and let go of,
        as it comes: the results have none any more. A unit that does not add up is read
        again in halves, until a file at fault stands alone.
        """
        begun = time.perf_counter()
        aside = Aside(self.plan)
        try:
            results = _in_order(self.units, self._gathered(submit, aside))
            self.rejects = aside.close()
        finally:
            aside.abandon()
        self.members = tuple(m for r in results for m in r.members)
        self.seconds["read"] = time.perf_counter() - begun
        return results

    def finish(self, parts: tuple[Part, ...]) -> None:
        """
        Take the batch's *parts* of data; raises Unbalanced when rows are missing.
        """
        check_whole(self.members, parts + self.rejects)
        self.parts = parts + self.rejects

    def _gathered(self, submit: Submit, aside: Aside) -> list[Read]:
        isolation = Isolation.of(self.units)
        if self.isolate:
            return self._one_by_one(submit, aside, isolation)
        isolation.todo.clear()
        results = self._at_once(submit, aside, isolation)
        return results + self._one_by_one(submit, aside, isolation)

    def _at_once(
        self, submit: Submit, aside: Aside, isolation: Isolation
    ) -> list[Read]:
        futures = submit(list(self.units))
        results: list[Read] = []
        errors: list[Exception] = []
        # All are waited for, also after one failed: none may still write into staging
        # when the daemon throws it away.
        for unit, future in zip(self.units, futures, strict=True):
            try:
                results.append((unit, self._taken(unit, future.result(), aside)))
            except Unbalanced as err:
                if blamed := isolation.failed(unit, err):
                    results.append((unit, blamed))
            except Exception as err:  # noqa: BLE001 - re-raised below
                errors.append(err)
        if errors:
            # A loss first: the other failures may follow from it.
            raise next(filter(lost, errors), errors[0])
        return results

    def _one_by_one(
        self, submit: Submit, aside: Aside, isolation: Isolation
    ) -> list[Read]:
        results: list[Read] = []
        while isolation.todo:
            unit = isolation.todo.popleft()
            try:
                result = submit([unit])[0].result()
                results.append((unit, self._taken(unit, result, aside)))
            except Exception as err:
                if lost(err):
                    raise
                if blamed := isolation.failed(unit, err):
                    results.append((unit, blamed))
        return results

    def _taken(self, unit: Unit, result: UnitResult, aside: Aside) -> UnitResult:
        try:
            checked = balanced(result)
        except Unbalanced as err:
            # Of a file alone it is told when it is quarantined.
            if len(unit.members) > 1 and unit.index < len(self.units):
                plan, files = self.plan, len(unit.members)
                name, detail = plan.pipeline.name, str(err)
                emit(CountMismatched(name, plan.batch_id, detail, files=files))
            raise
        aside.add(checked)
        return replace(checked, rejects=(), spilled_rejects="")


def _in_order(units: Sequence[Unit], results: list[Read]) -> list[UnitResult]:
    """
    Return the results in the members' order; halves of a unit come in its place.

    Partials are numbered anew, since engines combine them in the order of the numbers.
    """
    members = (member for unit in units for member in unit.members)
    places = {(m.file.id, m.start): place for place, m in enumerate(members)}
    first = [places[u.members[0].file.id, u.members[0].start] for u, _ in results]
    ordered = sorted(zip(first, results, strict=True), key=lambda pair: pair[0])
    return [
        replace(result, partial=replace(result.partial, unit=number))
        if result.partial
        else result
        for number, (_, (_, result)) in enumerate(ordered)
    ]


def read_unit(packed_unit: bytes) -> UnitResult:
    """
    Read a unit that ``Job.pack`` packed; runs on a worker.
    """
    name, plan, unit = pickle.loads(packed_unit)  # noqa: S301 - packed by the daemon
    return read(load(name), plan, unit)


def read(engine: Engine, plan: Plan, unit: Unit) -> UnitResult:
    """
    Read *unit* with *engine*, and return a result that may travel.
    """
    return packed(plan, engine.read_and_aggregate(plan, unit))


def combine_partials(packed_partials: bytes) -> tuple[Part, ...]:
    """
    Combine what ``pack_partials`` packed; runs on a worker or in the flow.
    """
    engine, plan, partials = pickle.loads(packed_partials)  # noqa: S301 - as above
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
