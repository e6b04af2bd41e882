"""
Where Parquet goes: staging beside the dataset, publishing into it.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from ingestd.commit.durable import make_folder, sync_folder, write_file
from ingestd.errors import ComponentAway, Unreachable
from ingestd.model import Committable, Part


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

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Make the parts visible under their final names, then write the manifest.

        Durable on return. Idempotent: after a crash at any point it is called again
        and finishes. Raises ComponentAway when the store is away or full.
        """
        ...

    def discard(self, staging: str) -> None:
        """
        Remove one attempt's staging; harmless when it is gone.
        """
        ...

    def leftovers(self) -> Iterator[str]:
        """
        Yield the staging folders that exist.
        """
        ...


class LocalSink:
    """
    A sink on a local file system: publishing is a rename.
    """

    def __init__(self, url: str, staging_url: str) -> None:
        """
        Publish into the folder *url* from below *staging_url*; touches nothing yet.
        """
        self.root = Path(url)
        self.staging = Path(staging_url, "staging")
        self.manifests = Path(staging_url, "manifest")

    def prepare(self) -> None:
        """
        Make the folders; staging must share the dataset's file system.
        """
        for folder in (self.root, self.staging, self.manifests):
            try:
                make_folder(folder)
                # Also when it exists: a crash may have come just before this.
                sync_folder(folder.parent)
            except OSError as err:
                message = f"sink: cannot make {folder}: {err.strerror}"
                hint = "Create the folder, or give the daemon's user write access"
                raise Unreachable(message, hint=hint) from err
            if not os.access(folder, os.W_OK | os.X_OK):
                message = f"sink: no write access to {folder}"
                hint = "Give the daemon's user write access"
                raise Unreachable(message, hint=hint)
        if self.root.stat().st_dev != self.staging.stat().st_dev:
            message = f"sink: {self.staging} is on another file system than {self.root}"
            hint = "Set sink.staging_url to a folder on the sink's file system"
            raise Unreachable(message, hint=hint)

    def stage(self, epoch: int, batch_id: str, attempt: int) -> str:
        """
        Make ``staging/<epoch>-<batch>-<attempt>``, with a number when that exists.

        An attempt that was not counted has the same number as its successor; what a
        worker of the old one may still write must not meet the new one's parts.
        """
        name = f"{epoch}-{batch_id}-{attempt}"
        for number in itertools.count():
            folder = self.staging / (f"{name}.{number}" if number else name)
            try:
                folder.mkdir()
                # The ledger will say that parts are in there: after a power cut too.
                sync_folder(self.staging)
            except FileExistsError:
                continue
            except OSError as err:
                raise _away(folder, err) from err
            return str(folder)
        raise AssertionError

    def publish(self, committable: Committable, manifest: bytes) -> None:
        """
        Rename each part into place, fsync the folders, then write the manifest.
        """
        try:
            self._check_there()
            folders = {self._place(part) for part in committable.parts}
            # The folders between as well: a crash may have come before their sync.
            above = {up for folder in folders for up in folder.parents}
            for folder in sorted(folders | {up for up in above if self._holds(up)}):
                sync_folder(folder)
            make_folder(self.manifests)
            make_folder(Path(committable.staging))
            scratch = Path(committable.staging, "manifest.json")
            name = f"{committable.batch.id}.json"
            write_file(self.manifests / name, manifest, scratch)
        except OSError as err:
            raise _away(self.root, err) from err

    def discard(self, staging: str) -> None:
        """
        Remove the attempt's folder; what cannot be removed now, recovery removes.
        """
        shutil.rmtree(staging, ignore_errors=True)

    def leftovers(self) -> Iterator[str]:
        """
        Yield every folder of staging.
        """
        if self.staging.is_dir():
            yield from (str(folder) for folder in sorted(self.staging.iterdir()))

    def _check_there(self) -> None:
        # Made at the start; if it is gone, a mount is, and what would be written to
        # the folder below would be hidden when the mount comes back.
        for folder in (self.root, self.staging):
            if not folder.is_dir():
                message = f"{folder} is gone"
                hint = "Mount it again, or make the folder"
                raise ComponentAway("sink", message, hint=hint)

    def _holds(self, folder: Path) -> bool:
        return folder == self.root or self.root in folder.parents

    def _place(self, part: Part) -> Path:
        """
        Move *part* to its final name, unless that was done before a crash.
        """
        final, staged = self.root / part.name, Path(part.staged)
        make_folder(final.parent)
        try:
            staged.rename(final)
        except FileNotFoundError:
            # A crash after this rename and before the commit: it is there already.
            if not final.is_file() or final.stat().st_size != part.size:
                message = f"the staged part {staged} is gone, and {final} is not it"
                hint = "Was staging unmounted, or emptied by hand? Bring it back"
                raise ComponentAway("sink", message, hint=hint) from None
        return final.parent


def _away(place: Path, err: OSError) -> ComponentAway:
    message = f"cannot write to {place}: {err.strerror or err}"
    return ComponentAway("sink", message, hint="Free space or restore write access")
