"""
A folder that readers look into, and staging beside it: publishing is a rename.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestd.commit.durable import make_folder, sync_folder
from ingestd.errors import ComponentAway, Unreachable
from ingestd.model import Part

_GIVE_ACCESS = "Give the daemon's user write access"


@dataclass(frozen=True, slots=True)
class Landing:
    """
    *root* and its *staging*, on one local file system; nothing is touched when made.

    *role* names it in messages: sink or rejects. *remedy* says what to do when the two
    are on different file systems.
    """

    role: str
    root: Path
    staging: Path
    remedy: str

    def prepare(self) -> None:
        """
        Make both folders and check that publishing will work; raises Unreachable.
        """
        for folder in (self.root, self.staging):
            prepare_folder(self.role, folder)
        if self.root.stat().st_dev != self.staging.stat().st_dev:
            where = f"{self.staging} is on another file system than {self.root}"
            raise Unreachable(f"{self.role}: {where}", hint=self.remedy)

    def staged(self, name: str) -> str:
        """
        Return the folder *name* of staging.
        """
        return str(self.staging / name)

    def stage(self, name: str) -> bool:
        """
        Make the empty folder *name* of staging; False when it exists already.

        Raises ComponentAway.
        """
        folder = self.staging / name
        try:
            folder.mkdir()
            # The ledger will say that parts are in there: after a power cut too.
            sync_folder(self.staging)
        except FileExistsError:
            return False
        except OSError as err:
            raise away(folder, err) from err
        return True

    def publish(self, parts: Sequence[Part]) -> None:
        """
        Rename each part into place, and fsync the folders; durable on return.

        Idempotent: after a crash at any point it is called again and finishes. Raises
        ComponentAway.
        """
        try:
            self._check_there()
            folders = {self._place(part) for part in parts}
            # The folders between as well: a crash may have come before their sync.
            above = {up for folder in folders for up in folder.parents}
            for folder in sorted(folders | {up for up in above if self._holds(up)}):
                sync_folder(folder)
        except OSError as err:
            raise away(self.root, err) from err

    def discard(self, name: str) -> None:
        """
        Remove the folder *name* of staging; harmless when it is gone, or cannot be
        removed now: recovery does it then.
        """
        shutil.rmtree(self.staging / name, ignore_errors=True)

    def leftovers(self) -> Iterator[str]:
        """
        Yield the name of every folder of staging, in order.
        """
        if self.staging.is_dir():
            yield from sorted(folder.name for folder in self.staging.iterdir())

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


def prepare_folder(role: str, folder: Path) -> None:
    """
    Make *folder*, durably, and check that it can be written to; raises Unreachable.
    """
    try:
        make_folder(folder)
        # Also when it exists: a crash may have come just before this.
        sync_folder(folder.parent)
    except OSError as err:
        message = f"{role}: cannot make {folder}: {err.strerror}"
        hint = f"Create the folder, or {_GIVE_ACCESS[0].lower()}{_GIVE_ACCESS[1:]}"
        raise Unreachable(message, hint=hint) from err
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"{role}: no write access to {folder}"
        raise Unreachable(message, hint=_GIVE_ACCESS)


def away(place: Path, err: OSError) -> ComponentAway:
    """
    Return the error for what the system said of *place*.
    """
    message = f"cannot write to {place}: {err.strerror or err}"
    return ComponentAway("sink", message, hint="Free space or restore write access")
