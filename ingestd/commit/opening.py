"""
The sink and the disposal of a pipeline, by where its data are.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from ingestd.commit.archive import Archive, BucketArchive, FolderArchive
from ingestd.commit.bucket import BucketSink
from ingestd.commit.bucket_disposal import BucketDisposal, Remover
from ingestd.commit.disposal import Disposal, FolderDisposal
from ingestd.commit.sink import LocalSink, Sink
from ingestd.config import Pipeline, Source
from ingestd.ledger.ledger import Ledger
from ingestd.storage import Place, is_remote, open_store


def sink_of(pipeline: Pipeline) -> Sink:
    """
    Return the sink of *pipeline*; raises ConfigError when a package is missing.
    """
    if is_remote(pipeline.sink.url):
        return BucketSink.of(pipeline)
    return LocalSink.of(pipeline)


def disposal_of(
    pipeline: Pipeline,
    ledger: Ledger,
    scratch: Path,
    pool: Callable[[], Executor],
    wake: Callable[[], None],
) -> Disposal:
    """
    Return what applies ``after_commit`` of *pipeline*, recorded in *ledger*.

    Objects go through the folder *scratch* where a store cannot copy them; it may be
    away until then. Threads of *pool* are taken only for a store, and *wake* the loop.
    """
    source = pipeline.source
    if source.after_commit == "keep" or not is_remote(source.url):
        return FolderDisposal(pipeline.name, source, ledger)
    place = Place.of(source.url)
    store = open_store(place, source.storage, "source")
    remover = Remover(store, place, _archive(source, scratch))
    return BucketDisposal(pipeline.name, remover, ledger, pool(), wake)


def _archive(source: Source, scratch: Path) -> Archive | None:
    if source.after_commit != "move" or source.move_to is None:
        return None
    if not is_remote(source.move_to):
        return FolderArchive(Path(source.move_to))
    place = Place.of(source.move_to)
    store = open_store(place, source.storage, "source")
    return BucketArchive(store, place, scratch)
