"""
Where Parquet goes: staging beside the dataset, publishing into it; and the same for the
rows that are set aside, in a folder of their own.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self

from ingestd.commit.bucket_landing import BucketLanding
from ingestd.commit.durable import make_folder, write_file
from ingestd.commit.landing import Landing, away, prepare_folder
from ingestd.commit.reject_landing import reject_landing, written_in
from ingestd.config import Pipeline
from ingestd.model import Committable, PartKind

_SINK_REMEDY = "Set sink.staging_url to a folder on the sink's file system"


class Underway(Exception):
    """
    The batch is being published beside the loop: ask again when woken.
    """


class Sink(Protocol):
    """
    One pipeline's output. Only the daemon publishes, never a worker: a worker that was
    given up for dead may still be writing into its own attempt's staging.
    """

    def prepare(self) -> None:
        """
        Make the folders and check that publishing will work; raises Unreachable.
        """
        ...

    def stage(self, epoch: int, batch_id: str, attempt: int) -> str:
        """
        Return a new, empty staging folder for one attempt; raises ComponentAway.
        """
        ...

    def rejects_of(self, staging: str) -> str:
        """
        Return the place of rows that the attempt of *staging* sets aside, new and
        empty too; "" where the pipeline sets none aside.
        """
        ...

    def rejects_scratch_of(self, staging: str) -> str:
        """
        Return the local folder in which they are written: the same, unless that is far
        away.
        """
        ...

    def scratch_of(self, staging: str) -> str:
        """
        Return the local folder that the attempt of *staging* works in: the same, unless
        the sink is far away.
        """
        ...

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Make the parts visible under their final names, then write the manifest.

        The rejects first: no reader sees a batch's rows before those it lacks. Durable
        on return. Idempotent: after a crash at any point it is called again and
        finishes. Raises ComponentAway when the store is away or full, Underway while
        it is being done beside the loop.
        """
        ...

    def discard(self, staging: str) -> None:
        """
        Remove one attempt's staging, of rejects too; harmless when it is gone.
        """
        ...

    def leftovers(self) -> Iterator[str]:
        """
        Yield the staging folders that exist, or of which those for rejects do.
        """
        ...


class LocalSink:
    """
    A sink on local file systems, one for the dataset and one for the rejects, which
    may be in a store as well.

    An attempt's folder has the same name in both stagings, so the one tells the other.
    """

    def __init__(
        self,
        dataset: Landing,
        manifests: Path,
        rejects: Landing | BucketLanding,
        *,
        sets_aside: bool,
    ) -> None:
        """
        Publish into *dataset* and *rejects*; touches nothing yet.

        Unless the pipeline *sets_aside* rows, no folder for rejects is made or needed.
        """
        self.dataset = dataset
        self.manifests = manifests
        self.rejects = rejects
        self._sets_aside = sets_aside

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """
        Return the sink of *pipeline*.
        """
        sink, beside = pipeline.sink, Path(pipeline.sink.staging_url)
        return cls(
            Landing("sink", Path(sink.url), beside / "staging", _SINK_REMEDY),
            beside / "manifest",
            reject_landing(pipeline),
            sets_aside=pipeline.sets_rows_aside,
        )

    def landing_of(self, kind: PartKind) -> Landing | BucketLanding:
        """
        Return where parts of *kind* are published.
        """
        return self.dataset if kind is PartKind.DATA else self.rejects

    def prepare(self) -> None:
        """
        Make the folders; each staging must share its own folder's file system.
        """
        self.dataset.prepare()
        prepare_folder("sink", self.manifests)
        if self._sets_aside:
            self.rejects.prepare()

    def stage(self, epoch: int, batch_id: str, attempt: int) -> str:
        """
        Make ``staging/<epoch>-<batch>-<attempt>``, with a number when that exists.

        An attempt that was not counted has the same number as its successor; what a
        worker of the old one may still write must not meet the new one's parts.
        """
        first = f"{epoch}-{batch_id}-{attempt}"
        for number in itertools.count():
            name = f"{first}.{number}" if number else first
            if self.dataset.stage(name) and self._stage_rejects(name):
                return str(self.dataset.staging / name)
        raise AssertionError

    def rejects_of(self, staging: str) -> str:
        """
        Return the folder or prefix of the same name in the staging of the rejects.
        """
        return self.rejects.staged(Path(staging).name) if self._sets_aside else ""

    def rejects_scratch_of(self, staging: str) -> str:
        """
        Return the same folder, or one in *staging*.
        """
        folder = Path(staging)
        written = written_in(self.rejects, folder.name, folder)
        return str(written) if self._sets_aside else ""

    def scratch_of(self, staging: str) -> str:
        """
        Return *staging*: parts are written where they are renamed from.
        """
        return staging

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Rename each part into place, fsync the folders, then write the manifest.
        """
        # Also where nothing is set aside any more: the batch may be older than that.
        if rejects := committable.parts_of(PartKind.REJECTS):
            self.rejects.publish(rejects)
        self.dataset.publish(committable.parts_of(PartKind.DATA))
        try:
            make_folder(self.manifests)
            make_folder(Path(committable.staging))
            scratch = Path(committable.staging, "manifest.json")
            name = f"{committable.batch.id}.json"
            write_file(self.manifests / name, manifest, scratch)
        except OSError as err:
            raise away(self.manifests, err) from err

    def discard(self, staging: str) -> None:
        """
        Remove the attempt's folders; what cannot be removed now, recovery removes.
        """
        # As it is written down: the staging may have had another place by then.
        shutil.rmtree(staging, ignore_errors=True)
        if name := Path(staging).name:
            self.rejects.discard(name)

    def leftovers(self) -> Iterator[str]:
        """
        Yield every folder of staging.
        """
        names = {*self.dataset.leftovers(), *self.rejects.leftovers()}
        yield from (str(self.dataset.staging / name) for name in sorted(names))

    def _stage_rejects(self, name: str) -> bool:
        made = False
        try:
            made = not self._sets_aside or self.rejects.stage(name)
            if self._sets_aside and isinstance(self.rejects, BucketLanding):
                self._make(written_in(self.rejects, name, self.dataset.staging / name))
        finally:
            # Without its other half it is no attempt's folder.
            if not made:
                self.dataset.discard(name)
        return made

    def _make(self, folder: Path) -> None:
        try:
            make_folder(folder)
        except OSError as err:
            raise away(folder, err) from err
