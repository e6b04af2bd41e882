"""
The Prefect flow: map the read units over Dask, combine, done. Logic is the engine's.

The only door to Prefect. Flow parameters are ids, since Prefect keeps parameters in
clear text and refuses large ones; what the tasks need travels through Dask, packed, so
that Prefect does not walk through thousands of members.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import httpx
from prefect import flow, tags, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException

from ingestd.config import Cluster
from ingestd.errors import ComponentAway, DeviceBroken
from ingestd.model import Part, Unit
from ingestd.observe.escape import printable
from ingestd.run.engine import UnitResult
from ingestd.run.gather import Future, Submit
from ingestd.run.job import (
    COMBINE_HERE_BYTES,
    Job,
    combine_partials,
    pack_partials,
    read_unit,
)
from ingestd.run.loss import lost
from ingestd.run.placing import Place, Workforce
from ingestd.run.task_runner import (
    KeptClientTaskRunner,
    connect,
    offers,
    placed,
    replace_this_worker,
)

ARTIFACT_ROWS = 1000

_jobs: dict[str, Job] = {}
"""The attempts that run now, by batch id; a flow finds its own by its parameter."""


@task(
    name="read_and_aggregate",
    task_run_name="read-unit-{unit}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_and_aggregate(unit: int, packed: bytes) -> UnitResult:
    """
    Read one unit on a worker; *unit* is its number, for people.
    """
    del unit
    return read_here(packed)


@task(name="combine", cache_policy=NO_CACHE, persist_result=False)
def combine(packed: bytes) -> tuple[Part, ...]:
    """
    Merge the partials into the batch's parts.
    """
    return combine_partials(packed)


@flow(name="ingest", flow_run_name="{batch}", validate_parameters=False)
async def ingest(pipeline: str, batch: str) -> str:
    """
    Run the attempt of *batch* that is registered; its results are left in its job.
    """
    del pipeline
    job = _jobs[batch]
    try:
        listing = asyncio.ensure_future(_list_files(job))
        results = await asyncio.to_thread(job.gather, _map_units(job))
        await listing
        job.finish(_combined(job, results))
    except BaseException as err:
        job.error = err
        raise
    rows = sum(member.rows_in for member in job.members)
    return f"{rows} rows in, {len(job.parts or ())} parts"


def run_job(job: Job, address: str, cluster: Cluster, name: str) -> bool:
    """
    Run *job* as a flow; return whether Prefect's record of it is incomplete.

    Raises what the units raised; ComponentAway: of prefect when no flow began, of the
    cluster when it has no worker for a unit.
    """
    batch = job.plan.batch_id
    job.meet(Workforce.of(offers(connect(address, cluster))))
    _jobs[batch] = job
    runner: Any = KeptClientTaskRunner(address=address)
    try:
        with tags(f"pipeline:{name}", f"batch:{batch}"):
            asyncio.run(ingest.with_options(task_runner=runner)(name, batch))
    except (Exception, asyncio.CancelledError) as err:
        if job.error is not None:
            raise classified(job.error) from err
        if job.parts is None:
            message = (
                f"the Prefect server took no flow run: {type(err).__name__}: {err}"
            )
            raise ComponentAway("prefect", message) from err
        # The work is done; only its end could not be recorded.
        return True
    finally:
        _jobs.pop(batch, None)
    return False


def run_directly(job: Job, address: str, cluster: Cluster) -> None:
    """
    Run *job* with the same functions on Dask, without Prefect's record.
    """
    client = connect(address, cluster)
    job.meet(Workforce.of(offers(client)))

    def mapped(units: list[Unit]) -> Sequence[Future]:
        packed = [job.pack(unit) for unit in units]
        futures: list[Future] = client.map(read_here, packed, pure=False)
        return futures

    try:
        results = job.gather(_by_place(job, mapped))
        partials = [r.partial for r in results if r.partial is not None]
        begun = time.perf_counter()
        parts = tuple(part for r in results for part in r.parts)
        if partials:
            packed = pack_partials(job, partials)
            with placed(job.placing.on_cpu.resources):
                combined = client.submit(combine_partials, packed, pure=False)
            parts += combined.result()
        job.finish(parts)
        job.seconds["combine"] = time.perf_counter() - begun
    except (Exception, asyncio.CancelledError) as err:
        raise classified(err) from err


def classified(err: BaseException) -> BaseException:
    """
    Return *err*, or ComponentAway where it means that Prefect or the cluster was lost.
    """
    component = lost(err)
    if not component or isinstance(err, ComponentAway):
        return err
    name = "Prefect" if component == "prefect" else "the Dask cluster"
    message = f"{name} was lost: {type(err).__name__}: {err}"
    return ComponentAway(component, message)


def read_here(packed: bytes) -> UnitResult:
    """
    Read a packed unit on a worker; one whose GPU does not compute is replaced.
    """
    try:
        return read_unit(packed)
    except DeviceBroken as err:
        # After most errors of CUDA its process can do nothing more on the GPU.
        replace_this_worker(str(err))
        raise


def _map_units(job: Job) -> Submit:
    def mapped(units: list[Unit]) -> Sequence[Future]:
        numbers = [unit.index for unit in units]
        futures: Sequence[Future] = read_and_aggregate.map(
            numbers, [job.pack(unit) for unit in units]
        )
        return futures

    return _by_place(job, mapped)


def _by_place(job: Job, mapped: Callable[[list[Unit]], Sequence[Future]]) -> Submit:
    """
    Return what has *mapped* submit units, those of each place at once.
    """

    def submit(units: list[Unit]) -> Sequence[Future]:
        places: dict[Place, list[int]] = {}
        for number, unit in enumerate(units):
            places.setdefault(job.place(unit), []).append(number)
        futures: dict[int, Future] = {}
        for place, numbers in places.items():
            with placed(place.resources):
                found = mapped([units[number] for number in numbers])
            futures |= zip(numbers, found, strict=True)
        return [futures[number] for number in range(len(units))]

    return submit


def _combined(job: Job, results: list[UnitResult]) -> tuple[Part, ...]:
    """
    Return all parts; partials that are small are combined right here, not on Dask.
    """
    begun = time.perf_counter()
    parts = tuple(part for result in results for part in result.parts)
    partials = [r.partial for r in results if r.partial is not None]
    if partials:
        packed = pack_partials(job, partials)
        spilled = any(partial.spilled for partial in partials)
        if spilled or len(packed) > COMBINE_HERE_BYTES:
            with placed(job.placing.on_cpu.resources):
                future = combine.submit(packed)
            parts += future.result()
        else:
            parts += combine(packed)
    job.seconds["combine"] = time.perf_counter() - begun
    return parts


async def _list_files(job: Job) -> None:
    """
    Attach the list of files to the flow run, where a person looks for it.
    """
    members = [member for unit in job.units for member in unit.members]
    rows = [
        {"file": printable(m.file.path), "bytes": m.size}
        for m in members[:ARTIFACT_ROWS]
    ]
    more = len(members) - len(rows)
    note = f"{len(members)} files" + (f", {more} not shown" if more else "")
    # The list is for people: that it could not be stored must not fail the batch; the
    # flow's own calls notice that the server is away.
    with suppress(httpx.HTTPError, PrefectException):
        await acreate_table_artifact(table=rows, description=note)


def warm() -> None:
    """
    Do nothing: that this module is imported is what makes the first batch fast.
    """
