"""
Writing down files that grow: how far each was taken, and in which stretches.
"""

from __future__ import annotations

from dataclasses import replace

from ingestd.errors import LedgerError
from ingestd.growing import Growing, Grown, Piece, Stretch
from ingestd.ledger import rules
from ingestd.ledger.sqlite import admission, rows
from ingestd.ledger.sqlite.transaction import Transaction
from ingestd.model import FileRef


def grow(tx: Transaction, grown: Grown, now: float) -> tuple[Growing, list[FileRef]]:
    """
    Record how far a growing file was taken, and its pieces.
    """
    one, pieces = grown.one, grown.pieces
    before = _found(tx, one.id) if one.id else None
    rules.check_growth(before, one, pieces)
    columns = rows.growing_columns(one)
    if before is None:
        names = {"pipeline": one.pipeline, "path": one.path}
        one = replace(one, id=tx.run("insert_growing", now=now, **names, **columns))
    else:
        tx.run("update_growing", id=one.id, now=now, **columns)
    return one, [_admitted(tx, one, piece, now) for piece in pieces]


def _found(tx: Transaction, growing_id: int) -> Growing:
    row = tx.one("growing_by_id", {"id": growing_id})
    if row is None:
        raise LedgerError(f"the ledger has no growing file {growing_id}")
    return rows.growing(row)


def _admitted(tx: Transaction, one: Growing, piece: Piece, now: float) -> FileRef:
    ref = admission.add(tx, one.pipeline, rules.entry_of(one, piece), now)
    tx.run(
        "insert_stretch",
        file=ref.id,
        growing=one.id,
        start=piece.start,
        records=piece.records,
        lines=piece.lines,
    )
    where = (piece.start, one.place, one.header, piece.records, piece.lines)
    return replace(ref, stretch=Stretch(one.id, *where))
