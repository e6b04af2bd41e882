"""
Recounting one committed batch: its sums, its Parquet files, its manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestd.commit.bucket import BucketSink
from ingestd.commit.finding import Finding, Kind
from ingestd.commit.landing import Landing
from ingestd.commit.sink import LocalSink
from ingestd.ledger.reader import BatchRow, PartRow, Reader
from ingestd.model import PartKind

_ROWS = "_rows"  # of aggregates: the input rows behind a group
_BATCH = b"ingestd.batch"
_RESTORE = "restore the file from a backup; nothing else has these rows"
_REPORT = "keep the ledger as it is, and report this with ingestd batches --json"
_MANIFEST = "restore the manifest from a backup; the rows themselves are not affected"


@dataclass(frozen=True, slots=True)
class BatchRecount:
    """
    One committed batch and what is compared with it; *parts* are the ledger's.

    The files of *kinds* are looked for; a whole folder that is away is told of once,
    and objects are compared elsewhere.
    """

    batch: BatchRow
    parts: list[PartRow]
    sink: LocalSink | BucketSink
    aggregated: bool
    deep: bool = False
    kinds: frozenset[PartKind] = frozenset(PartKind)

    def sums(self, reader: Reader) -> Iterator[Finding]:
        """
        Compare the ledger's numbers with each other.
        """
        batch, read = self.batch, [0, 0, 0, 0]
        for member in reader.members(batch.id):
            read[0] += member.rows_in
            read[1] += member.rows_out
            read[2] += member.rows_rejected
            read[3] += member.rows_filtered
        whole = [
            batch.rows_in,
            batch.rows_out,
            batch.rows_rejected,
            batch.rows_filtered,
        ]
        behind = dict.fromkeys(PartKind, 0)
        for part in self.parts:
            behind[part.kind] += part.rows_in
        where = f"ledger, batch {batch.id}"
        if whole[0] != sum(whole[1:]):
            what = (
                f"{whole[0]} rows in are not {whole[1]} out, {whole[2]} rejected and "
                f"{whole[3]} filtered"
            )
            yield self.found(Kind.WRONG_SUM, where, what, _REPORT)
        if read != whole:
            what = (
                f"rows in, out, rejected and filtered are {whole}; its members' add "
                f"up to {read}"
            )
            yield self.found(Kind.WRONG_SUM, where, what, _REPORT)
        if (found := behind[PartKind.DATA]) != batch.rows_out:
            what = f"{batch.rows_out} rows out, but its parts stand for {found}"
            yield self.found(Kind.WRONG_SUM, where, what, _REPORT)
        if (found := behind[PartKind.REJECTS]) != batch.rows_rejected:
            what = f"{batch.rows_rejected} rows rejected, but {found} in its rejects"
            yield self.found(Kind.WRONG_SUM, where, what, _REPORT)

    def files(self) -> Iterator[Finding]:
        """
        Compare each part with the file under its name.
        """
        for part in self.parts:
            landing = self.sink.landing_of(part.kind)
            if part.kind not in self.kinds or not isinstance(landing, Landing):
                continue
            path = landing.root / part.name
            try:
                yield from self._file(part, path)
            except FileNotFoundError:
                what = f"is gone; the ledger has {part.rows} rows there"
                yield self.found(Kind.MISSING_PART, str(path), what, _RESTORE)
            except (OSError, pa.ArrowException) as err:
                what = f"is no readable Parquet file: {err}"
                yield self.found(Kind.UNREADABLE_PART, str(path), what, _RESTORE)

    def manifest(self) -> Iterator[Finding]:
        """
        Compare the batch with its manifest, where that is a file.
        """
        if isinstance(self.sink, BucketSink):
            return
        path = self.sink.manifests / f"{self.batch.id}.json"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            what = "is gone; without it a lost ledger cannot be rebuilt"
            yield self.found(Kind.MISSING_MANIFEST, str(path), what, _MANIFEST)
        except OSError as err:
            what = f"cannot be read: {err!r}"
            yield self.found(Kind.UNREADABLE_MANIFEST, str(path), what, _MANIFEST)
        else:
            yield from self.compared(data, str(path))

    def compared(self, data: bytes, where: str) -> Iterator[Finding]:
        """
        Compare the batch with *data*, the manifest that lies *where*.
        """
        try:
            differing = self._differing(json.loads(data))
        except (ValueError, KeyError, TypeError) as err:
            what = f"cannot be read: {err!r}"
            yield self.found(Kind.UNREADABLE_MANIFEST, where, what, _MANIFEST)
        else:
            for what in differing:
                yield self.found(Kind.WRONG_MANIFEST, where, what, _MANIFEST)

    def _file(self, part: PartRow, path: Path) -> Iterator[Finding]:
        where, size = str(path), path.stat().st_size
        if size != part.size:
            what = f"has {size} bytes, the ledger says {part.size}"
            yield self.found(Kind.WRONG_SIZE, where, what, _RESTORE)
        if self.deep and self._digest(path) != part.sha256:
            what = "has another SHA-256 than the ledger"
            yield self.found(Kind.WRONG_HASH, where, what, _RESTORE)
        with pq.ParquetFile(path) as file:
            rows, behind = file.metadata.num_rows, self._behind(file, part)
            named = (file.metadata.metadata or {}).get(_BATCH, b"").decode()
        if rows != part.rows:
            what = f"has {rows} rows, the ledger says {part.rows}"
            yield self.found(Kind.WRONG_ROWS, where, what, _RESTORE)
        elif behind != part.rows_in:
            what = f"stands for {behind} input rows, the ledger says {part.rows_in}"
            yield self.found(Kind.WRONG_ROWS_IN, where, what, _RESTORE)
        if named != self.batch.id:
            what = f"names batch {named or 'none'} in its metadata"
            yield self.found(Kind.WRONG_BATCH, where, what, _RESTORE)

    def _behind(self, file: pq.ParquetFile, part: PartRow) -> int:
        # A pipeline may have been switched between rows and aggregates since, so the
        # ledger's numbers tell as well; a column of rows may be called _rows too.
        has_column = _ROWS in file.schema_arrow.names
        if part.kind is PartKind.REJECTS:
            return int(file.metadata.num_rows)
        if not has_column or (not self.aggregated and part.rows == part.rows_in):
            return int(file.metadata.num_rows)
        total = 0
        for piece in file.iter_batches(columns=[_ROWS]):
            total += pc.sum(piece.column(0)).as_py() or 0
        return total

    def _digest(self, path: Path) -> str:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _differing(self, document: dict[str, Any]) -> list[str]:
        batch = self.batch
        pairs: list[tuple[str, object, object]] = [
            ("batch", document["batch"], batch.id),
            ("pipeline", document["pipeline"], batch.pipeline),
            ("rows_in", document["rows_in"], batch.rows_in),
            ("rows_out", document["rows_out"], batch.rows_out),
            (
                "rows_rejected",
                sum(each["rows_rejected"] for each in document["inputs"]),
                batch.rows_rejected,
            ),
            (
                "rows_filtered",
                # The manifests of the first versions had no filter to tell of.
                sum(each.get("rows_filtered", 0) for each in document["inputs"]),
                batch.rows_filtered,
            ),
            ("number of inputs", len(document["inputs"]), batch.files),
            ("number of parts", len(document["parts"]), len(self.parts)),
        ]
        data = PartKind.DATA.value  # the only kind of the first manifests
        noted = {
            (part.get("kind", data), part["name"]): part for part in document["parts"]
        }
        for part in self.parts:
            theirs = noted.get((part.kind.value, part.name), {})
            for key in ("rows", "rows_in", "size", "sha256"):
                mine, what = getattr(part, key), f"{key} of {part.kind} {part.name}"
                pairs.append((what, theirs.get(key), mine))
        return [
            f"says {name} is {theirs}, the ledger {mine}"
            for name, theirs, mine in pairs
            if theirs != mine
        ]

    def found(self, kind: Kind, where: str, what: str, do: str) -> Finding:
        """
        Return a finding of this batch.
        """
        return Finding(kind, self.batch.pipeline, self.batch.id, where, what, do)
