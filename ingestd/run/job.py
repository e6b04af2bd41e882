"""
One attempt of a batch as work for the cluster, and how its units are gathered.

Knows neither Prefect nor Dask: it is given a function that submits packed units and
returns futures.
"""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass, field, replace

from ingestd.model import MemberResult, Part, Unit
from ingestd.run.aside import Aside, packed
from ingestd.run.balance import check_whole
from ingestd.run.engine import Engine, Partial, Plan, UnitResult, Values, load
from ingestd.run.faults import Outgrown
from ingestd.run.gather import Gathering, Submit

COMBINE_HERE_BYTES = 16 << 20


@dataclass(slots=True)
class Job:
    """
    One attempt: the plan, its units, and the gathered results.

    *isolate* reads one unit at a time and halves a unit that fails, to find the file
    at fault. *outgrown* holds values that the schema has no place for; then nothing was
    read. *seconds* holds wall time by step. *parts* are None until ``finish``. *handed*
    counts the files that an accelerator left to the CPU engine, by its reason.
    """

    plan: Plan
    units: tuple[Unit, ...]
    engine: str
    isolate: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    parts: tuple[Part, ...] | None = None
    members: tuple[MemberResult, ...] = ()
    rejects: tuple[Part, ...] = ()
    handed: dict[str, int] = field(default_factory=dict)
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

        Each is checked to add up, and its rejects are written to staging and let go of:
        the results have none any more. A unit that does not add up is read again in
        halves, until a file at fault stands alone.
        """
        begun = time.perf_counter()
        aside = Aside(self.plan)
        gathering = Gathering(self.plan, self.units, submit)
        try:
            found = gathering.one_by_one() if self.isolate else gathering.at_once()
            results = [self._kept(n, each, aside) for n, each in enumerate(found)]
            self.rejects = aside.close()
        except Outgrown as more:
            self.outgrown = more.values
            return []
        finally:
            aside.abandon()
        members = [m for r in results for m in r.members]
        self.members = aside.tally.told(members)
        for why, files in (pair for r in results for pair in r.handed.items()):
            self.handed[why] = self.handed.get(why, 0) + files
        self.seconds["read"] = time.perf_counter() - begun
        return results

    def finish(self, parts: tuple[Part, ...]) -> None:
        """
        Take the batch's *parts* of data; raises Unbalanced when rows are missing.
        """
        check_whole(self.members, parts + self.rejects)
        self.parts = parts + self.rejects

    def _kept(self, number: int, result: UnitResult, aside: Aside) -> UnitResult:
        """
        Write *result*'s rejects; return it without them, as number *number* in order.
        """
        aside.add(result)
        partial = result.partial
        if partial is not None:
            # Engines combine partials by their numbers, and halves have later ones.
            partial = replace(partial, unit=number)
        return replace(result, partial=partial, rejects=(), spilled_rejects="")


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
