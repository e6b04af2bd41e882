"""
The recount behind ``verify``: every committed batch against its Parquet files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestd.commit.bucket import BucketSink
from ingestd.commit.bucket_landing import BucketLanding
from ingestd.commit.bucket_verify import BucketRecount
from ingestd.commit.finding import Finding, Kind
from ingestd.commit.landing import Landing
from ingestd.commit.orphans import Orphans
from ingestd.commit.recount import BatchRecount
from ingestd.commit.sink import LocalSink
from ingestd.config import Pipeline
from ingestd.ledger.reader import Reader
from ingestd.model import BatchState, PartKind
from ingestd.storage import is_remote

_MOUNT = "mount or restore the sink's folder, or correct sink.url"
_MOUNT_REJECTS = "mount or restore the folder of the rejects, or correct rejects.url"
_CONFIGURE = "nothing, or put the pipeline back into the configuration and verify again"


AnySink = LocalSink | BucketSink


@dataclass(slots=True)
class Recount:
    """
    Compares the ledger with the sinks; changes neither, and may run beside a daemon.

    *findings* is iterated once; the counters are right at its end. One batch is in
    memory at a time. *deep* compares hashes too, which reads every byte.
    """

    reader: Reader
    pipelines: Sequence[Pipeline]
    deep: bool = False
    batches: int = 0
    parts: int = 0
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    rows_filtered: int = 0
    differences: int = 0

    def findings(self) -> Iterator[Finding]:
        """
        Yield differences and notes as they are found.

        Raises Unreachable where a folder cannot be listed.
        """
        for finding in self._all():
            self.differences += not finding.is_note
            yield finding

    def _all(self) -> Iterator[Finding]:
        for pipeline in self.pipelines:
            far = is_remote(pipeline.sink.url)
            sink = BucketSink.of(pipeline) if far else LocalSink.of(pipeline)
            buckets = [*self._buckets(pipeline.name, sink)]
            yield from self._missing(pipeline, sink)
            if not isinstance(sink, LocalSink) or _there(sink.dataset):
                yield from self._batches(pipeline, sink, buckets)
            for bucket in buckets:
                yield from bucket.orphans()
            if isinstance(sink, LocalSink):
                orphans = Orphans(pipeline.name, sink, self.reader)
                yield from orphans.parts()
                yield from orphans.manifests()
                yield from orphans.staging()
        yield from self._not_configured()

    def _buckets(self, name: str, sink: AnySink) -> Iterator[BucketRecount]:
        """
        Yield what compares the parts of each kind that are in a store.
        """
        for kind in PartKind:
            landing = sink.landing_of(kind)
            if isinstance(landing, BucketLanding):
                made = BucketRecount(name, landing, kind, None, self.reader, self.deep)
                if kind is PartKind.DATA and isinstance(sink, BucketSink):
                    made.manifests = sink.manifests
                yield made

    def _batches(
        self, pipeline: Pipeline, sink: AnySink, buckets: Sequence[BucketRecount]
    ) -> Iterator[Finding]:
        roots = {kind for kind in PartKind if _there(sink.landing_of(kind))}
        for recount in self._recounts(pipeline, sink, frozenset(roots)):
            yield from recount.sums(self.reader)
            yield from recount.files()
            for bucket in buckets:
                yield from bucket.batch(recount)
            yield from recount.manifest()

    def _recounts(
        self,
        pipeline: Pipeline,
        sink: AnySink,
        there: frozenset[PartKind],
    ) -> Iterator[BatchRecount]:
        """
        Yield a recount of each committed batch, counted in; files of *there* are read.
        """
        committed = self.reader.batches(
            pipeline=pipeline.name, state=BatchState.COMMITTED
        )
        for batch in committed:
            parts = self.reader.parts(batch.id)
            self.batches += 1
            self.parts += len(parts)
            self.rows_in += batch.rows_in
            self.rows_out += batch.rows_out
            self.rows_rejected += batch.rows_rejected
            self.rows_filtered += batch.rows_filtered
            aggregated = pipeline.aggregate is not None
            yield BatchRecount(batch, parts, sink, aggregated, self.deep, there)

    def _missing(self, pipeline: Pipeline, sink: AnySink) -> Iterator[Finding]:
        totals, name = self.reader.totals(pipeline.name), pipeline.name
        # One line, not one for each of a million files.
        if totals.batches and not _there(sink.dataset, store=True):
            there = f"the ledger has {totals.batches} batches there"
            what, where = f"there is no such folder; {there}", pipeline.sink.url
            yield Finding(Kind.MISSING_SINK, name, "", where, what, _MOUNT)
        if totals.rows_rejected and not _there(sink.rejects, store=True):
            there = f"the ledger has {totals.rows_rejected} rejected rows there"
            what, where = f"there is no such folder; {there}", pipeline.rejects.url
            yield Finding(Kind.MISSING_REJECTS, name, "", where, what, _MOUNT_REJECTS)

    def _not_configured(self) -> Iterator[Finding]:
        configured = {pipeline.name for pipeline in self.pipelines}
        told: set[str] = set()
        for batch in self.reader.batches(state=BatchState.COMMITTED):
            if batch.pipeline not in configured | told:
                told.add(batch.pipeline)
                what = "has batches in the ledger that are not recounted"
                where = f"pipeline {batch.pipeline}"
                yield Finding(
                    Kind.NOT_CONFIGURED, batch.pipeline, "", where, what, _CONFIGURE
                )


def _there(landing: Landing | BucketLanding, *, store: bool = False) -> bool:
    """
    Tell whether the folder is there; of one in a store nobody asks: *store* is told.
    """
    return landing.root.is_dir() if isinstance(landing, Landing) else store
