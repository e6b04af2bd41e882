"""
Files that grow, in memory.
"""

from __future__ import annotations

from dataclasses import replace

from ingestd.errors import LedgerError
from ingestd.growing import Growing, Grown, Piece, Stretch
from ingestd.ledger import rules
from ingestd.ledger.memory import steps
from ingestd.ledger.memory.tables import FileRecord, Tables
from ingestd.model import FileRef, FileState

_ASIDE = (FileState.QUARANTINED, FileState.VANISHED)


def grow(tables: Tables, grown: Grown, now: float) -> tuple[Growing, list[FileRef]]:
    """
    Record how far a growing file was taken, and its pieces.
    """
    one, pieces = grown.one, grown.pieces
    if one.id and one.id not in tables.growing:
        raise LedgerError(f"the ledger has no growing file {one.id}")
    before = tables.growing[one.id] if one.id else None
    rules.check_growth(before, one, pieces)
    one = one if one.id else replace(one, id=len(tables.growing) + 1)
    tables.growing[one.id] = one
    return one, [_admitted(tables, one, piece, now) for piece in pieces]


def _admitted(tables: Tables, one: Growing, piece: Piece, now: float) -> FileRef:
    entry, ready = rules.entry_of(one, piece), rules.Verdict(FileState.READY)
    ref = steps.record(tables, one.pipeline, entry, ready, now).ref
    assert ref is not None  # noqa: S101 - READY is always recorded
    where = (piece.start, one.place, one.header, piece.records, piece.lines)
    ref = replace(ref, stretch=Stretch(one.id, *where))
    tables.files[ref.id] = replace(tables.files[ref.id], ref=ref)
    return ref


def retry(tables: Tables, pipeline: str, path: bytes, now: float) -> bool:
    """
    Make every stretch of *path* READY again whose rows are not in the output.
    """
    aside = [
        record
        for record in tables.files.values()
        if (record.ref.pipeline, record.ref.path) == (pipeline, path)
        and record.ref.stretch is not None
        and record.state in _ASIDE
    ]
    for record in aside:
        ref = _where_it_is_now(tables, record.ref)
        tables.files[ref.id] = FileRecord(
            ref, FileState.READY, record.seen_at, now, record.previous
        )
    return bool(aside)


def _where_it_is_now(tables: Tables, ref: FileRef) -> FileRef:
    assert ref.stretch is not None  # noqa: S101 - asked by the caller
    one = tables.growing[ref.stretch.growing]
    return replace(ref, stretch=replace(ref.stretch, place=one.place))
