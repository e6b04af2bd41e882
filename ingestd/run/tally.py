"""
Counts of rejects: how many of each file, for which reason, and which was the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestd.model import MemberResult
from ingestd.run.reject_table import FILE_ID


def by_file(tables: Iterable[pa.Table]) -> Counter[int]:
    """
    Return the number of rejects of each file in *tables*.
    """
    found: Counter[int] = Counter()
    for table in tables:
        ids, counts = np.unique(table[FILE_ID].to_numpy(), return_counts=True)
        found.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
    return found


@dataclass(slots=True)
class _File:
    first: str
    rows: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Tally:
    """
    The rejects of one attempt, in order; by arrays, since there may be a million.
    """

    _files: dict[int, _File] = field(default_factory=dict)

    def add(self, table: pa.Table) -> None:
        """
        Count the rejects of *table*.
        """
        whole = table.combine_chunks()
        ids, first, places = np.unique(
            whole[FILE_ID].to_numpy(), return_index=True, return_inverse=True
        )
        files = [
            self._files.setdefault(file_id, _File(_said(whole, row)))
            for file_id, row in zip(ids.tolist(), first.tolist(), strict=True)
        ]
        for reason in whole["reason"].unique().to_pylist():
            mine = pc.equal(whole["reason"], reason).to_numpy()
            for place, rows in enumerate(np.bincount(places[mine]).tolist()):
                if rows:
                    files[place].rows[reason] += rows

    def told(self, members: Sequence[MemberResult]) -> tuple[MemberResult, ...]:
        """
        Return *members* with their counts by reason, and the first reject in words.
        """
        return tuple(self._told(member) for member in members)

    def _told(self, member: MemberResult) -> MemberResult:
        file = self._files.get(member.file_id)
        if file is None:
            return member
        said = "; ".join(filter(None, (file.first, member.detail)))
        return replace(member, rejected=tuple(sorted(file.rows.items())), detail=said)


def _said(table: pa.Table, row: int) -> str:
    line, column, detail = (
        table[name][row].as_py() for name in ("line", "column", "detail")
    )
    where = f", column {column!r}" if column else ""
    return f"line {line}{where}: {detail}"
