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

from ingestd.commit.durable import make_folder, write_file
from ingestd.commit.landing import Landing, away
from ingestd.config import Pipeline
from ingestd.model import Committable, PartKind

_SINK_REMEDY = "Set sink.staging_url to a folder on the sink's file system"
_REJECTS_REMEDY = "Set rejects.url to a folder inside a file system, not to its top"


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
        Return the folder for rows that the attempt of *staging* sets aside, new and
        empty too; "" where the pipeline sets none aside.
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
    A sink on local file systems, one for the dataset and one for the rejects.

    An attempt's folder has the same name in both stagings, so the one tells the other.
    """

    def __init__(
        self, dataset: Landing, manifests: Path, rejects: Landing, *, sets_aside: bool
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
        sink, rejects = pipeline.sink, pipeline.rejects
        beside, staging = Path(sink.staging_url), Path(rejects.staging_url, "staging")
        return cls(
            Landing("sink", Path(sink.url), beside / "staging", _SINK_REMEDY),
            beside / "manifest",
            Landing("rejects", Path(rejects.url), staging, _REJECTS_REMEDY),
            sets_aside=pipeline.sets_rows_aside,
        )

    def landing_of(self, kind: PartKind) -> Landing:
        """
        Return where parts of *kind* are published.
        """
        return self.dataset if kind is PartKind.DATA else self.rejects

    def root_of(self, kind: PartKind) -> Path:
        """
        Return the folder in which parts of *kind* are.
        """
        return self.landing_of(kind).root

    def prepare(self) -> None:
        """
        Make the folders; each staging must share its own folder's file system.
        """
        self.dataset.prepare()
        self.dataset.prepare_folder(self.manifests)
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
        Return the folder of the same name in the staging of the rejects.
        """
        name = Path(staging).name
        return str(self.rejects.staging / name) if self._sets_aside else ""

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
        finally:
            # Without its other half it is no attempt's folder.
            if not made:
                self.dataset.discard(name)
        return made
