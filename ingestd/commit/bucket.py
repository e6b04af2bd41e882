"""
A sink in an object store: workers put parts below the staging prefix, the daemon copies
them to their final names within the store.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Self

from ingestd.commit.bucket_landing import BucketLanding
from ingestd.commit.durable import make_folder
from ingestd.commit.landing import Landing, away, prepare_folder
from ingestd.commit.reject_landing import reject_landing, written_in
from ingestd.config import Pipeline
from ingestd.model import Committable, PartKind
from ingestd.storage import Place, open_store


class BucketSink:
    """
    See ``Sink``. The files that an attempt works with are in a scratch folder of this
    machine; *rejects* may be there too, or in a store.
    """

    def __init__(
        self,
        dataset: BucketLanding,
        manifests: Place,
        rejects: Landing | BucketLanding,
        scratch: Path,
        *,
        sets_aside: bool,
    ) -> None:
        """
        Publish into *dataset* and *rejects*, with *manifests* in the dataset's store;
        touches nothing yet.
        """
        self.dataset = dataset
        self.store = dataset.store
        self.manifests = manifests
        self.rejects = rejects
        self.scratch = scratch
        self._sets_aside = sets_aside
        self._given: set[str] = set()

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """
        Return the sink of *pipeline*.
        """
        sink, place = pipeline.sink, Place.of(pipeline.sink.url)
        store = open_store(place, sink.storage, "sink")
        return cls(
            BucketLanding(store, place, Place.of(f"{sink.staging_url}/staging")),
            Place.of(f"{sink.staging_url}/manifest"),
            reject_landing(pipeline),
            Path(sink.scratch_dir),
            sets_aside=pipeline.sets_rows_aside,
        )

    def landing_of(self, kind: PartKind) -> Landing | BucketLanding:
        """
        Return where parts of *kind* are published.
        """
        return self.dataset if kind is PartKind.DATA else self.rejects

    def prepare(self) -> None:
        """
        Make the local folders, and give up uploads that a crash left half done.
        """
        prepare_folder("sink", self.scratch)
        if self._sets_aside:
            self.rejects.prepare()
        self.dataset.prepare()

    def stage(self, epoch: int, batch_id: str, attempt: int) -> str:
        """
        Return a prefix of staging that was never used; the store is not asked.

        The epoch is this daemon's own, so what was given before is all in memory.
        """
        first = f"{epoch}-{batch_id}-{attempt}"
        for number in itertools.count():
            name = f"{first}.{number}" if number else first
            if name in self._given:
                continue
            self._given.add(name)
            self._make(name)
            return self.dataset.staged(name)
        raise AssertionError

    def scratch_of(self, staging: str) -> str:
        """
        Return the local folder that the attempt of *staging* works in.
        """
        return str(self.scratch / _name(staging))

    def rejects_of(self, staging: str) -> str:
        """
        Return the folder or prefix of the same name in the staging of the rejects.
        """
        return self.rejects.staged(_name(staging)) if self._sets_aside else ""

    def rejects_scratch_of(self, staging: str) -> str:
        """
        Return the same folder, or one in the scratch folder.
        """
        name = _name(staging)
        written = written_in(self.rejects, name, self.scratch / name)
        return str(written) if self._sets_aside else ""

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Copy each part into place and compare it, then put the manifest.
        """
        if rejects := committable.parts_of(PartKind.REJECTS):
            self.rejects.publish(rejects)
        self.dataset.publish(committable.parts_of(PartKind.DATA))
        key = self.manifests.below(f"{committable.batch.id}.json")
        self._put(key, manifest)

    def discard(self, staging: str) -> None:
        """
        Remove the attempt's objects and folders; what cannot be removed now, recovery
        removes.
        """
        name = _name(staging)
        shutil.rmtree(self.scratch / name, ignore_errors=True)
        self.rejects.discard(name)
        self.dataset.discard(name)

    def leftovers(self) -> Iterator[str]:
        """
        Yield every prefix of staging; those with local folders alone while the store is
        away.
        """
        names = {*self.rejects.leftovers(), *self.dataset.leftovers()}
        if self.scratch.is_dir():
            names |= {folder.name for folder in self.scratch.iterdir()}
        yield from (self.dataset.staged(name) for name in sorted(names))

    def _make(self, name: str) -> None:
        folder = self.scratch / name
        try:
            make_folder(folder)
            if self._sets_aside and isinstance(self.rejects, BucketLanding):
                make_folder(written_in(self.rejects, name, folder))
        except OSError as err:
            raise away(folder, err) from err
        if self._sets_aside and isinstance(self.rejects, Landing):
            # It may be there from before; the name is this attempt's alone.
            self.rejects.discard(name)
            self.rejects.stage(name)

    def _put(self, key: str, data: bytes) -> None:
        try:
            with NamedTemporaryFile(prefix="ingestd-", dir=self.scratch) as file:
                file.write(data)
                file.flush()
                self.store.put(key, file.name, hashlib.sha256(data).hexdigest())
        except OSError as err:
            raise away(self.scratch, err) from err


def _name(staging: str) -> str:
    return os.path.basename(staging.rstrip("/"))  # noqa: PTH119 - of a URL
