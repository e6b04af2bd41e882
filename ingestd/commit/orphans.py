"""
What lies in a sink, or among its rejects, and belongs to no batch of the ledger.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from ingestd.commit.finding import Finding, Kind
from ingestd.commit.landing import Landing
from ingestd.commit.sink import LocalSink
from ingestd.errors import Unreachable
from ingestd.ledger.reader import Reader
from ingestd.model import BatchState, PartKind

_KEPT = 64
_PART = re.compile(r"(?P<batch>.+)-\d+\.parquet")
_STAGING = re.compile(r"\d+-(?P<batch>.+)-\d+(?:\.\d+)?")
_LOST = "the ledger was lost or rolled back: restore its newest copy"
_FOREIGN = (
    "readers count these rows: move the file out of the sink if ingestd did not write "
    "it; if it did, the ledger was rolled back: restore its newest copy"
)
_FOREIGN_REJECTS = (
    "move the file out of the folder if ingestd did not write it; if it did, the "
    "ledger was rolled back: restore its newest copy"
)
_LEAVE = "nothing: the next start of the daemon removes it"


class Orphans:
    """
    Walks one pipeline's sink; holds a few batches' names, however many files lie there.
    """

    def __init__(self, pipeline: str, sink: LocalSink, reader: Reader) -> None:
        """
        Look into *sink* when asked; touch nothing.
        """
        self._pipeline = pipeline
        self._sink = sink
        self._reader = reader
        self._owned: OrderedDict[str, frozenset[tuple[str, str]]] = OrderedDict()

    def parts(self) -> Iterator[Finding]:
        """
        Yield each Parquet file that no batch owns, in the sink and among the rejects.
        """
        yield from self._orphans(PartKind.DATA, Kind.ORPHAN_PART, _FOREIGN)
        yield from self._orphans(
            PartKind.REJECTS, Kind.ORPHAN_REJECTS, _FOREIGN_REJECTS
        )

    def manifests(self) -> Iterator[Finding]:
        """
        Yield each manifest of a batch that the ledger does not have, or not so far.
        """
        for path in _files(self._sink.manifests, ".json"):
            batch = path.name.removesuffix(".json")
            state = self._state(batch)
            if state not in (BatchState.STAGED, BatchState.COMMITTED):
                known = (
                    f"calls its batch {state}" if state else "does not have its batch"
                )
                what = f"was published, but the ledger {known}"
                yield self._found(Kind.ORPHAN_MANIFEST, batch, path, what, _LOST)

    def staging(self) -> Iterator[Finding]:
        """
        Yield a note for each staging folder of a batch that is not in work.
        """
        for left in self._sink.leftovers():
            match = _STAGING.fullmatch(Path(left).name)
            batch = match["batch"] if match else ""
            if self._state(batch) not in (BatchState.CLAIMED, BatchState.STAGED):
                what = "was left in staging; readers do not see it"
                yield self._found(Kind.STAGING_LEFT, batch, Path(left), what, _LEAVE)

    def _orphans(self, part_kind: PartKind, kind: Kind, do: str) -> Iterator[Finding]:
        landing = self._sink.landing_of(part_kind)
        if not isinstance(landing, Landing):
            return  # told of with the objects
        root = landing.root
        for path in _files(root, ".parquet"):
            match = _PART.fullmatch(path.name)
            batch = match["batch"] if match else ""
            name = path.relative_to(root).as_posix()
            if not batch or not self._owns(batch, (part_kind.value, name)):
                what = "belongs to no batch of the ledger"
                yield self._found(kind, batch, path, what, do)

    def _owns(self, batch: str, part: tuple[str, str]) -> bool:
        if part in self._owned.get(batch, ()):
            self._owned.move_to_end(batch)
            return True
        # Asked anew: a running daemon may have staged the batch since the last look.
        parts = frozenset((p.kind.value, p.name) for p in self._reader.parts(batch))
        self._owned[batch] = parts
        if len(self._owned) > _KEPT:
            self._owned.popitem(last=False)
        return part in parts

    def _state(self, batch: str) -> BatchState | None:
        return next((b.state for b in self._reader.batches(batch_id=batch)), None)

    def _found(
        self, kind: Kind, batch: str, where: Path, what: str, do: str
    ) -> Finding:
        return Finding(kind, self._pipeline, batch, str(where), what, do)


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    """
    Yield the files below *folder* whose name ends in *suffix*; links are not followed.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as listing:
                for item in listing:
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(Path(item.path))
                    elif item.name.endswith(suffix):
                        yield Path(item.path)
        except FileNotFoundError:
            continue  # no folder, no orphan
        except OSError as err:
            message = f"{here} cannot be listed: {err.strerror}"
            raise Unreachable(message, hint="Give this user read access") from err
