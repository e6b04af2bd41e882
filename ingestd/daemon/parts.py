"""
Making the daemon's parts from the configuration, in order of dependence.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingestd.batch.batcher import Batcher
from ingestd.batch.budget import Budget
from ingestd.clock import Clock, Waker
from ingestd.commit.beside import Beside
from ingestd.commit.bucket_disposal import AT_ONCE
from ingestd.commit.committer import Committer
from ingestd.commit.disposal import Disposal
from ingestd.commit.opening import disposal_of, sink_of
from ingestd.commit.sink import Sink
from ingestd.config import Config
from ingestd.config import Pipeline as PipelineConfig
from ingestd.daemon.disk import Disk
from ingestd.discover.bucket_source import BucketSource
from ingestd.discover.source import LocalSource
from ingestd.discover.tail.source import TailSource
from ingestd.errors import Unreachable
from ingestd.ledger.ledger import Entry, Ledger
from ingestd.observe.events import EngineReplaced, emit
from ingestd.observe.foreign import child_line
from ingestd.observe.http import HttpPage
from ingestd.pipeline import Pipeline
from ingestd.pipeline.dispatch import Dispatch
from ingestd.pipeline.finish import Finish
from ingestd.pipeline.gate import Gate
from ingestd.pipeline.intake import Intake
from ingestd.pipeline.schemas import declare
from ingestd.pipeline.tailing import LedgerPast, TailIntake
from ingestd.run.borders import borders_of
from ingestd.run.cluster import ChildCluster, Cluster, ExistingCluster
from ingestd.run.monitor import Component, Monitor
from ingestd.run.prefect_server import PrefectServer, environment
from ingestd.run.probe import ClusterProbe, cluster_kind
from ingestd.run.runner import Runner
from ingestd.run.unpack.content import Unpacked
from ingestd.storage import is_remote


@dataclass(slots=True)
class Parts:
    """
    All parts of a daemon, made and not started.
    """

    cluster: Cluster
    prefect: PrefectServer
    monitor: Monitor
    runner: Runner
    budget: Budget
    gate: Gate
    disk: Disk
    sinks: dict[str, Sink]
    disposals: dict[str, Disposal]
    committer: Committer
    pipelines: dict[str, Pipeline]
    http: HttpPage | None = None

    def away(self, now: float) -> list[str]:
        """
        Return what is away, one sentence each: components, sources, and what holds up
        one pipeline alone.
        """
        reasons = self.gate.reasons(now)
        for name, pipeline in self.pipelines.items():
            held = (pipeline.source.away, pipeline.dispatch.away)
            told = [text for text in held if text] + self.committer.away(name)
            reasons += [f"{name}: {text}" for text in dict.fromkeys(told)]
        return reasons

    def notes(self) -> list[str]:
        """
        Return what is away and holds up nothing, one sentence each.
        """
        sources = {name: p.source for name, p in self.pipelines.items()}
        return [
            f"{name}: {text}"
            for name, source in sources.items()
            if isinstance(source, BucketSource)
            for text in source.notes
        ]


def make(config: Config, ledger: Ledger, clock: Clock, waker: Waker) -> Parts:
    """
    Make every part; raises Unreachable when a source or a sink cannot be used.
    """
    prefect = PrefectServer(config.state_dir, config.prefect.api_url, child_line)
    settings = environment(config.state_dir, prefect.api_url)
    # Before anything imports Prefect, which reads its settings once.
    os.environ.update(settings)
    kind = cluster_kind(config.cluster)
    cluster = _cluster(config, kind, settings)
    components = (
        Component("prefect", prefect.answers),
        Component("cluster", ClusterProbe(cluster.address, config.cluster, kind)),
    )
    monitor = Monitor(clock, waker, components)
    runner = Runner(cluster.address, config.cluster, waker)
    disk = Disk(config, clock)
    gate = Gate(config.prefect, *components, clock.monotonic(), disk.lacking)
    sinks = {p.name: _sink(p, waker) for p in config.pipelines}
    disposals = _disposals(config, ledger, waker)
    committer = Committer(ledger, sinks, disposals)
    parts = Parts(
        cluster=cluster,
        prefect=prefect,
        monitor=monitor,
        runner=runner,
        budget=Budget(config.limits),
        gate=gate,
        disk=disk,
        sinks=sinks,
        disposals=disposals,
        committer=committer,
        pipelines={},
    )
    for pipeline in config.pipelines:
        engine = _engine(pipeline, kind)
        made = _pipeline(pipeline, engine, parts, ledger, clock, waker)
        parts.pipelines[pipeline.name] = made
    return parts


def _cluster(config: Config, kind: str, settings: dict[str, str]) -> Cluster:
    if config.cluster.address:
        return ExistingCluster(config.cluster.address)
    return ChildCluster(config.cluster, kind, config.state_dir, settings, child_line)


def _engine(config: PipelineConfig, kind: str) -> str:
    engine = config.engine
    if engine == "auto":
        # Which workers there are is asked for each batch, where it is not known.
        engine = "polars" if kind == "local" else "auto"
    if engine != "polars" and config.source.format == "jsonl":
        emit(EngineReplaced(config.name, engine, "polars", "it reads JSON lines"))
        return "polars"
    if engine != "polars" and config.shapes_rows:
        why = "its transform, or the columns of its paths, are computed by polars"
        emit(EngineReplaced(config.name, engine, "polars", why))
        return "polars"
    return engine


def _pipeline(
    config: PipelineConfig,
    engine: str,
    parts: Parts,
    ledger: Ledger,
    clock: Clock,
    waker: Waker,
) -> Pipeline:
    declare(config, ledger, clock.wall())
    dispatch = Dispatch(
        config=config,
        ledger=ledger,
        sink=parts.sinks[config.name],
        runner=parts.runner,
        budget=parts.budget,
        gate=parts.gate,
        engine=engine,
        batcher=Batcher(config.batch),
        unpublished=lambda: parts.committer.waiting_of(config.name),
    )
    source, intake = _source(config, ledger, waker, dispatch)
    pipeline = Pipeline(
        config=config,
        source=source,
        intake=intake,
        dispatch=dispatch,
        finish=Finish(
            ledger=ledger,
            sink=parts.sinks[config.name],
            committer=parts.committer,
            dispatch=dispatch,
            gate=parts.gate,
            recheck=lambda path: pipeline.recheck(path, clock.monotonic()),
        ),
    )
    return pipeline


def _sink(config: PipelineConfig, waker: Waker) -> Sink:
    sink = sink_of(config)
    far = is_remote(config.sink.url) or is_remote(config.rejects.url)
    return Beside(sink, waker.wake) if far else sink


def _disposals(config: Config, ledger: Ledger, waker: Waker) -> dict[str, Disposal]:
    scratch = Path(config.state_dir, "scratch")
    pool = partial(ThreadPoolExecutor, AT_ONCE, thread_name_prefix="dispose")
    return {
        pipeline.name: disposal_of(pipeline, ledger, scratch, pool, waker.wake)
        for pipeline in config.pipelines
    }


def _source(
    config: PipelineConfig, ledger: Ledger, waker: Waker, dispatch: Dispatch
) -> tuple[LocalSource | BucketSource | TailSource, Intake | TailIntake]:
    """
    Return the source of *config*, and what moves its files into the ledger.
    """

    def unknown(entries: Iterable[Entry]) -> Iterator[Entry]:
        return ledger.unknown(config.name, entries)

    if is_remote(config.source.url):
        # A store that is away is waited for, at the start as later.
        bucket = BucketSource(config.name, config.source, unknown, waker)
        return bucket, Intake(config, bucket, ledger)
    _check_source(config)
    if config.source.mode == "tail":
        tail = _tail(config, ledger, waker)
        return tail, TailIntake(config, tail, ledger, dispatch.hungry)
    folder = LocalSource(config.name, config.source, unknown, waker)
    return folder, Intake(config, folder, ledger)


def _tail(config: PipelineConfig, ledger: Ledger, waker: Waker) -> TailSource:
    tail = TailSource(
        config.name,
        config.source,
        LedgerPast(config.name, ledger),
        borders_of(config),
        Unpacked(tempfile.gettempdir(), config.csv.max_unpack_ratio),
        waker,
        most=config.batch.max_bytes,
    )
    tail.load(ledger.growing(config.name))
    return tail


def _check_source(config: PipelineConfig) -> None:
    folder = Path(config.source.url)
    name = f"pipelines.{config.name}.source.url"
    if not folder.is_dir():
        hint = f"Create it (mkdir -p {folder}), mount it, or correct {name}"
        raise Unreachable(f"{name} = {str(folder)!r}: no such folder", hint=hint)
    if not os.access(folder, os.R_OK | os.X_OK):
        hint = "Give the daemon's user read access to it"
        raise Unreachable(f"{name} = {str(folder)!r}: permission denied", hint=hint)
