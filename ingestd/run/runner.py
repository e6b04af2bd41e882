"""
Runs attempts beside the loop: one thread for each batch in flight.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field

from ingestd.clock import Waker
from ingestd.config import Cluster, Pipeline
from ingestd.errors import ComponentAway, Retryable
from ingestd.model import Batch, Committable, Schema, Unit
from ingestd.observe.events import BatchBypassed, FilesHandedOver, UnitHalved, emit
from ingestd.run.engine import Engine, Plan, Values, load
from ingestd.run.job import Job
from ingestd.run.transform.pipeline import shape_of
from ingestd.storage import is_remote


@dataclass(frozen=True, slots=True)
class Work:
    """
    One attempt to run. *schema* None: only look at the files, for what it is. *bypass*
    "" runs it as a flow, else says why Prefect's record is left out; *may_bypass*
    allows it when no flow can begin. *scratch* and *rejects_scratch* are where the
    attempt writes, *staging* and *rejects_staging* where its parts are when they are
    whole.
    """

    batch: Batch
    units: tuple[Unit, ...]
    pipeline: Pipeline
    schema: Schema | None
    root: str
    staging: str
    engine: str
    bypass: str = ""
    may_bypass: bool = True
    rejects_staging: str = ""
    scratch: str = ""
    rejects_scratch: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """
    How an attempt ended: exactly one of *committable*, *error* and *schema*, which is
    what the files ask for: pin it, and start the attempt again with it.
    """

    work: Work
    committable: Committable | None = None
    error: BaseException | None = None
    schema: Schema | None = None


@dataclass(slots=True)
class Runner:
    """
    Starts attempts and collects their ends; ``finished`` is called by the loop.
    """

    address: str
    cluster: Cluster
    waker: Waker
    _ended: queue.SimpleQueue[Finished] = field(default_factory=queue.SimpleQueue)
    tasks: int = 0

    def start(self, work: Work) -> None:
        """
        Run *work* in a thread of its own; its end wakes the loop.
        """
        self.tasks += len(work.units) if work.schema else 0
        # A daemon thread: a cluster that hangs must not keep the process from ending.
        threading.Thread(
            target=self._run, args=(work,), daemon=True, name=f"batch-{work.batch.id}"
        ).start()

    def finished(self) -> list[Finished]:
        """
        Return the attempts that ended since the last call.
        """
        ended = []
        while not self._ended.empty():
            ended.append(self._ended.get())
        return ended

    def _run(self, work: Work) -> None:
        try:
            finished = self._attempt(work) if work.schema else asked(work)
        except BaseException as err:  # noqa: BLE001 - the loop decides what to do next
            finished = Finished(work, error=err)
        self._ended.put(finished)
        self.waker.wake()

    def _attempt(self, work: Work) -> Finished:
        from ingestd.run.flow import run_directly, run_job  # noqa: PLC0415 - heavy

        begun = time.perf_counter()
        plan = _plan(work)
        job = Job(
            plan,
            work.units,
            work.engine,
            work.batch.isolate,
            self.cluster.gpu_min_bytes,
        )
        bypass = work.bypass
        if not bypass:
            try:
                if run_job(job, self.address, self.cluster, work.pipeline.name):
                    bypass = "Prefect was lost while the batch ran"
            except ComponentAway as err:
                if err.component != "prefect" or not work.may_bypass:
                    raise
                bypass = str(err)
        if bypass:
            emit(BatchBypassed(work.pipeline.name, work.batch.id, bypass))
            if job.parts is None:
                run_directly(job, self.address, self.cluster)
        if job.outgrown:
            return asked(work, job.outgrown)
        job.seconds["flow"] = time.perf_counter() - begun
        _tell(job)
        committable = Committable(
            batch=work.batch,
            staging=work.staging,
            parts=job.parts or (),
            members=job.members,
            schema=plan.schema,
            bypassed=bool(bypass),
            seconds=job.seconds,
            function=job.function,
        )
        return Finished(work, committable=committable)


def _tell(job: Job) -> None:
    """
    Tell what a GPU could not do as it was asked to.
    """
    name, batch = job.plan.pipeline.name, job.plan.batch_id
    for unit, times in job.halved.items():
        emit(UnitHalved(name, batch, unit, times))
    for why, files in job.handed.items():
        emit(FilesHandedOver(name, batch, why, files))


def asked(
    work: Work, values: Values | None = None, engine: Engine | None = None
) -> Finished:
    """
    Look at all files of the batch for the schema that they ask for: the first one, or
    that of *work* with a place for *values*.
    """
    # The CPU engine infers for all: types must not depend on the hardware.
    engine = engine or load("polars")
    members = work.batch.members
    found = engine.infer(work.pipeline, work.root, members, work.schema, values)
    if work.schema and found.columns == work.schema.columns:
        raise Retryable(
            f"no place was made in the schema for {', '.join(values or ())}"
        )
    return Finished(work, schema=found)


def _plan(work: Work) -> Plan:
    schema = work.schema
    if schema is None or not schema.version:
        # A batch is read with what is pinned: its files carry the version's number.
        raise ValueError(f"batch {work.batch.id}: the schema is not pinned")
    far_rejects = is_remote(work.rejects_staging)
    return Plan(
        batch_id=work.batch.id,
        pipeline=work.pipeline,
        schema=schema,
        root=work.root,
        staging=work.scratch or work.staging,
        upload_to=work.staging if is_remote(work.staging) else "",
        rejects_staging=work.rejects_scratch or work.rejects_staging,
        rejects_upload_to=work.rejects_staging if far_rejects else "",
        shape=shape_of(work.pipeline, schema),
        metadata={
            "ingestd.pipeline": work.pipeline.name,
            "ingestd.batch": work.batch.id,
            "ingestd.schema_version": str(schema.version),
            "ingestd.inputs": str(len(work.batch.members)),
        },
    )
