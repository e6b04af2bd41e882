"""
What a recount can find.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """
    The closed list of findings; those of ``NOTES`` are no differences.
    """

    MISSING_SINK = "missing_sink"
    MISSING_REJECTS = "missing_rejects"  # the whole folder
    MISSING_PART = "missing_part"
    UNREADABLE_PART = "unreadable_part"
    WRONG_SIZE = "wrong_size"
    WRONG_ROWS = "wrong_rows"
    WRONG_ROWS_IN = "wrong_rows_in"
    WRONG_BATCH = "wrong_batch"
    WRONG_HASH = "wrong_hash"
    WRONG_SUM = "wrong_sum"  # the ledger's own numbers do not add up
    MISSING_MANIFEST = "missing_manifest"
    UNREADABLE_MANIFEST = "unreadable_manifest"
    WRONG_MANIFEST = "wrong_manifest"
    ORPHAN_PART = "orphan_part"
    ORPHAN_REJECTS = "orphan_rejects"
    ORPHAN_MANIFEST = "orphan_manifest"
    STAGING_LEFT = "staging_left"
    NOT_CONFIGURED = "not_configured"


NOTES = frozenset({Kind.STAGING_LEFT, Kind.NOT_CONFIGURED})


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One finding: *what* is found *where*, and what to *do*; texts for the operator.

    *batch* is empty where none can be told.
    """

    kind: Kind
    pipeline: str
    batch: str
    where: str
    what: str
    do: str

    @property
    def is_note(self) -> bool:
        """
        Whether it is worth a line and no difference.
        """
        return self.kind in NOTES
