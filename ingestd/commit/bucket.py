"""
A sink in an object store: workers put parts below the staging prefix, the daemon copies
them to their final names within the store.

Nothing depends on a rename or on a conditional PUT. Names are fixed before anything is
written, so doing it again writes the same bytes to the same names; what is there is
compared by size and digest, so an answer that was lost on its way is no failure.
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

from ingestd.commit.durable import make_folder
from ingestd.commit.landing import Landing, away
from ingestd.config import Pipeline
from ingestd.errors import ComponentAway
from ingestd.model import Committable, Part, PartKind
from ingestd.observe.events import ComponentLost, emit
from ingestd.storage import Missing, Place, Store, open_store

_REJECTS_REMEDY = "Set rejects.url to a folder inside a file system, not to its top"


class BucketSink:
    """
    See ``Sink``. Rows that are set aside stay on a local file system; so do the files
    that an attempt works with, in a scratch folder beside them.
    """

    def __init__(
        self,
        store: Store,
        dataset: Place,
        beside: Place,
        rejects: Landing,
        scratch: Path,
        *,
        sets_aside: bool,
    ) -> None:
        """
        Publish into *dataset*, with staging and manifests below *beside*, both in
        *store*; touches nothing yet.
        """
        self.store = store
        self.dataset = dataset
        self.staging = Place.of(f"{beside.url}/staging")
        self.manifests = Place.of(f"{beside.url}/manifest")
        self.rejects = rejects
        self.scratch = scratch
        self._sets_aside = sets_aside
        self._given: set[str] = set()

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """
        Return the sink of *pipeline*.
        """
        sink, rejects = pipeline.sink, pipeline.rejects
        place, aside = Place.of(sink.url), Path(rejects.staging_url)
        landing = Landing(
            "rejects", Path(rejects.url), aside / "staging", _REJECTS_REMEDY
        )
        return cls(
            open_store(place, sink.storage, "sink"),
            place,
            Place.of(sink.staging_url),
            landing,
            aside / "scratch",
            sets_aside=pipeline.sets_rows_aside,
        )

    def root_of(self, kind: PartKind) -> Path:
        """
        Return the folder in which parts of *kind* are: rejects alone are in one.
        """
        del kind
        return self.rejects.root

    def prepare(self) -> None:
        """
        Make the local folders, and give up uploads that a crash left half done.

        A store that is away is told of and waited for, at the start as later.
        """
        self.rejects.prepare_folder(self.scratch)
        if self._sets_aside:
            self.rejects.prepare()
        try:
            for place in (self.dataset, self.staging):
                self.store.sweep_uploads(_below(place))
        except ComponentAway as err:
            emit(ComponentLost(err.component, str(err.args[0]), 0.0, err.hint))

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
            return f"{self.staging.url}/{name}"
        raise AssertionError

    def scratch_of(self, staging: str) -> str:
        """
        Return the local folder that the attempt of *staging* works in.
        """
        return str(self.scratch / _name(staging))

    def rejects_of(self, staging: str) -> str:
        """
        Return the local folder of the same name in the staging of the rejects.
        """
        name = _name(staging)
        return str(self.rejects.staging / name) if self._sets_aside else ""

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Copy each part into place and compare it, then put the manifest.
        """
        if rejects := committable.parts_of(PartKind.REJECTS):
            self.rejects.publish(rejects)
        for part in committable.parts_of(PartKind.DATA):
            self._place(part)
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
        try:
            for page in self.store.pages(_below(Place.of(staging)), deep=True):
                for item in page:
                    self.store.delete(item.key)
            self.store.sweep_uploads(_below(Place.of(staging)))
        except ComponentAway:
            return

    def leftovers(self) -> Iterator[str]:
        """
        Yield every prefix of staging; those with local folders alone while the store is
        away.
        """
        names = {*self.rejects.leftovers()}
        if self.scratch.is_dir():
            names |= {folder.name for folder in self.scratch.iterdir()}
        prefix = _below(self.staging)
        try:
            for page in self.store.pages(prefix, deep=True):
                names |= {item.key[len(prefix) :].split("/")[0] for item in page}
        except ComponentAway as err:
            emit(ComponentLost(err.component, str(err.args[0]), 0.0, err.hint))
        yield from (f"{self.staging.url}/{name}" for name in sorted(names))

    def _make(self, name: str) -> None:
        folder = self.scratch / name
        try:
            make_folder(folder)
        except OSError as err:
            raise away(folder, err) from err
        if self._sets_aside:
            # It may be there from before; the name is this attempt's alone.
            self.rejects.discard(name)
            self.rejects.stage(name)

    def _place(self, part: Part) -> None:
        """
        Copy *part* to its final name, unless that was done before a crash.
        """
        final = self.dataset.below(part.name)
        try:
            self.store.copy(Place.of(part.staged).key, final, part.sha256)
        except Missing:
            if self.store.holds(final, part.size, part.sha256):
                return
            message = f"the staged part {part.staged} is gone, and {final} is not it"
            hint = "Was staging emptied by hand, or by a lifecycle rule? Bring it back"
            raise ComponentAway("sink", message, hint=hint) from None

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


def _below(place: Place) -> str:
    return f"{place.key}/" if place.key else ""
