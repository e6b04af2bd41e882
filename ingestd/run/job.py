"""
One attempt of a batch as work for the cluster, and how its units are gathered.

Knows neither Prefect nor Dask: it is given a function that submits packed units and
returns futures.
"""

from __future__ import annotations

import pickle
import socket
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from ingestd import __version__
from ingestd.errors import ComponentAway, DeviceBroken
from ingestd.model import Function, MemberResult, Part, Unit
from ingestd.observe.events import UnitLeftToCpu, emit
from ingestd.run.ahead import reading_ahead
from ingestd.run.aside import Aside, packed
from ingestd.run.balance import check_whole
from ingestd.run.engine import Engine, Partial, Plan, UnitResult, Values, load
from ingestd.run.faults import Outgrown
from ingestd.run.fetch import fetched
from ingestd.run.gather import Gathering, Submit
from ingestd.run.placing import NOBODY, Place, Placing, Workforce
from ingestd.run.upload import uploaded
from ingestd.storage import is_remote

COMBINE_HERE_BYTES = 16 << 20


@dataclass(slots=True)
class Job:
    """
    One attempt: the plan, its units, and the gathered results.

    *isolate* reads one unit at a time and halves a unit that fails, to find the file
    at fault. *outgrown* holds values that the schema has no place for; then nothing was
    read. *seconds* holds wall time by step. *parts* are None until ``finish``. *handed*
    counts the files that an accelerator left to the CPU engine, by its reason, *halved*
    how often it halved what it takes at once, by the unit's number. *left* are the
    units, by number, that it gave up on: the CPU engine reads them.
    """

    plan: Plan
    units: tuple[Unit, ...]
    engine: str
    isolate: bool = False
    gpu_min_bytes: int = 0
    workforce: Workforce = NOBODY
    seconds: dict[str, float] = field(default_factory=dict)
    parts: tuple[Part, ...] | None = None
    members: tuple[MemberResult, ...] = ()
    rejects: tuple[Part, ...] = ()
    handed: dict[str, int] = field(default_factory=dict)
    halved: dict[int, int] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    error: BaseException | None = None
    outgrown: Values = field(default_factory=dict)
    _sources: set[str] = field(default_factory=set)

    @property
    def function(self) -> Function | None:
        """
        The user's function that rows went through.
        """
        reference = self.plan.pipeline.transform.python
        if reference is None:
            return None
        return Function(reference, tuple(sorted(self._sources)))

    def pack(self, unit: Unit) -> bytes:
        """
        Return *unit* and the plan as one opaque value, which nothing walks through.
        """
        return sealed((self.place(unit).engine, self.plan, unit))

    @property
    def placing(self) -> Placing:
        """
        The rule by which units get their places.
        """
        return Placing(self.engine, self.gpu_min_bytes, self.workforce)

    def place(self, unit: Unit) -> Place:
        """
        Return where *unit* is read; raises ComponentAway where nobody can.
        """
        return self.placing.place(unit, left=unit.index in self.left)

    def meet(self, workforce: Workforce) -> None:
        """
        Take the workers that there are; raises ComponentAway where they cannot do it.
        """
        self.workforce = workforce
        for unit in self.units:
            self.place(unit)

    def leave(self, unit: Unit, err: Exception) -> bool:
        """
        Have the CPU engine read *unit* from now on, if *err* puts the GPU that read it
        in doubt; tell whether it does.
        """
        killed = type(err).__name__ == "KilledWorker"
        if not (killed or isinstance(err, DeviceBroken)):
            return False
        if self.place(unit).engine == "polars":
            return False
        self.left.add(unit.index)
        said = f"{type(err).__name__}: {err}"
        name, batch = self.plan.pipeline.name, self.plan.batch_id
        emit(UnitLeftToCpu(name, batch, unit.index, len(unit.members), said))
        return True

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
        gathering = Gathering(self.plan, self.units, submit, self.leave)
        try:
            found = gathering.one_by_one() if self.isolate else gathering.at_once()
            results = [self._kept(n, each, aside) for n, each in enumerate(found)]
            self.rejects = uploaded(self.plan, aside.close())
        except Outgrown as more:
            self.outgrown = more.values
            return []
        finally:
            aside.abandon()
        members = [m for r in results for m in r.members]
        self.members = aside.tally.told(members)
        for why, files in (pair for r in results for pair in r.handed.items()):
            self.handed[why] = self.handed.get(why, 0) + files
        self.halved = {r.unit: r.halved for r in results if r.halved}
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
        self._sources |= {result.function} - {""}
        partial = result.partial
        if partial is not None:
            # Engines combine partials by their numbers, and halves have later ones.
            partial = replace(partial, unit=number)
        return replace(result, partial=partial, rejects=(), spilled_rejects="")


def read_unit(packed_unit: bytes) -> UnitResult:
    """
    Read a unit that ``Job.pack`` packed; runs on a worker. Raises ComponentAway where
    that is another version.
    """
    name, plan, unit = unsealed(packed_unit)
    return read(load(name), plan, unit)


def read(engine: Engine, plan: Plan, unit: Unit) -> UnitResult:
    """
    Read *unit* with *engine*, and return a result that may travel.
    """
    with _ahead(plan, unit):
        result = packed(plan, engine.read_and_aggregate(plan, unit))
    return replace(result, parts=uploaded(plan, result.parts))


def _ahead(plan: Plan, unit: Unit) -> AbstractContextManager[None]:
    if not is_remote(plan.root) or len(unit.members) == 1:
        return nullcontext()
    storage, folder = plan.pipeline.source.storage, plan.staging
    return reading_ahead(
        unit.members, lambda member: fetched(plan.root, storage, member, folder)
    )


def combine_partials(packed_partials: bytes) -> tuple[Part, ...]:
    """
    Combine what ``pack_partials`` packed; runs on a worker or in the flow.
    """
    plan, partials = unsealed(packed_partials)
    # Partials are host-side Arrow whatever read them, so the CPU engine combines them.
    return combined(load("polars"), plan, partials)


def combined(engine: Engine, plan: Plan, partials: list[Partial]) -> tuple[Part, ...]:
    """
    Combine *partials* into parts that are where they are published from.
    """
    return uploaded(plan, engine.combine(plan, partials))


def pack_partials(job: Job, partials: list[Partial]) -> bytes:
    """
    Return what ``combine_partials`` needs, as one opaque value.
    """
    return sealed((job.plan, partials))


def sealed(value: object) -> bytes:
    """
    Return *value* as opaque bytes, with the version of the program that they are for.
    """
    return pickle.dumps((__version__, pickle.dumps(value, protocol=5)), protocol=5)


def unsealed(packed_value: bytes) -> Any:  # noqa: ANN401 - what was sealed
    """
    Return what ``sealed`` was given; raises ComponentAway where this is not the version
    that it is for.
    """
    # The version first: of another one nobody knows what its classes look like.
    theirs, packed_rest = pickle.loads(packed_value)  # noqa: S301 - by the daemon
    if theirs != __version__:
        message = (
            f"the worker on {socket.gethostname()} is ingestd {__version__}, "
            f"the daemon {theirs}"
        )
        hint = "Install the same version on all machines"
        raise ComponentAway("cluster", message, hint=hint)
    return pickle.loads(packed_rest)  # noqa: S301 - as above
