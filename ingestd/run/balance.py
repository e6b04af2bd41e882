"""
Conservation: records in = rows out + rejected, before anything is staged.

The members' numbers are our own count of the records; the parts' and the partials' are
what was really written, and the rejects are counted one by one. Where they differ, rows
were lost or made up, whoever did it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestd.errors import Quarantine, Reason
from ingestd.model import MemberResult, Outcome, Part, PartKind
from ingestd.run.aggregate import ROWS
from ingestd.run.aside import unpacked
from ingestd.run.engine import UnitResult
from ingestd.run.reject_table import FILE_ID


class Unbalanced(Quarantine):
    """
    The numbers of a unit or of a batch do not add up.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Reason.ROW_COUNT, message)


@dataclass(slots=True)
class _Tally:
    """
    One file's rejects: rows by reason, and the first in words.
    """

    first: str
    rows: dict[str, int] = field(default_factory=dict)


def balanced(result: UnitResult) -> UnitResult:
    """
    Return *result* with its rejects counted by reason in its members, when its numbers
    add up; raises Unbalanced.
    """
    tallies = _tallies(result)
    for problem in _problems(result, tallies):
        raise Unbalanced(problem)
    members = tuple(
        _told(member, tallies[member.file_id]) if member.file_id in tallies else member
        for member in result.members
    )
    return replace(result, members=members)


def check_whole(members: Sequence[MemberResult], parts: Sequence[Part]) -> None:
    """
    Raise Unbalanced unless *parts* stand for the rows that *members* gave, and those of
    rejects for the rows that were set aside.
    """
    wanted = {
        PartKind.DATA: sum(member.rows_out for member in members),
        PartKind.REJECTS: sum(member.rows_rejected for member in members),
    }
    for kind, rows in wanted.items():
        behind = sum(part.rows_in for part in parts if part.kind is kind)
        if behind != rows:
            message = (
                f"the parts of {kind} stand for {behind} rows, the files for {rows}"
            )
            raise Unbalanced(message)


def _problems(result: UnitResult, tallies: dict[int, _Tally]) -> Iterator[str]:
    for member in result.members:
        given = (member.rows_in, member.rows_out, member.rows_rejected)
        if given[0] != given[1] + given[2] or min(given) < 0:
            yield "{} rows in are not {} out and {} rejected".format(*given)
        if member.outcome is not Outcome.READ and any(given):
            yield f"{given[0]} rows of a file that was not read"
        tally = tallies.get(member.file_id)
        rejects = sum(tally.rows.values()) if tally else 0
        if rejects != member.rows_rejected:
            yield f"{member.rows_rejected} rows were set aside, and {rejects} are there"
    if strangers := tallies.keys() - {m.file_id for m in result.members}:
        yield f"rows were set aside of {len(strangers)} files that were not to be read"
    out, behind = sum(m.rows_out for m in result.members), _behind(result)
    if behind is not None and behind != out:
        yield f"what was made of the files stands for {behind} rows, they gave {out}"


def _behind(result: UnitResult) -> int | None:
    """
    Return the rows behind what the unit made; None where only the batch can tell.
    """
    partial = result.partial
    if partial is None:
        return sum(part.rows_in for part in result.parts)
    if partial.spilled:
        return None
    groups = partial.tables.get("groups")
    return 0 if groups is None else int(pc.sum(groups[ROWS]).as_py() or 0)


def _tallies(result: UnitResult) -> dict[int, _Tally]:
    found: dict[int, _Tally] = {}
    columns = (FILE_ID, "reason", "line", "column", "detail")
    for table in unpacked(result, columns):
        whole = table.combine_chunks()
        files = whole[FILE_ID].to_numpy()
        # By arrays: a batch may have a million rejects, and the loop waits meanwhile.
        ids, first, places = np.unique(files, return_index=True, return_inverse=True)
        counts: dict[int, dict[str, int]] = defaultdict(dict)
        for reason in whole["reason"].unique().to_pylist():
            mine = pc.equal(whole["reason"], reason).to_numpy()
            for place, rows in enumerate(np.bincount(places[mine]).tolist()):
                if rows:
                    counts[place][reason] = rows
        for place, row in enumerate(first.tolist()):
            tally = found.setdefault(int(ids[place]), _Tally(_said(whole, row)))
            for reason, rows in counts[place].items():
                tally.rows[reason] = tally.rows.get(reason, 0) + rows
    return found


def _said(table: pa.Table, row: int) -> str:
    line, column, detail = (
        table[name][row].as_py() for name in ("line", "column", "detail")
    )
    where = f", column {column!r}" if column else ""
    return f"line {line}{where}: {detail}"


def _told(member: MemberResult, tally: _Tally) -> MemberResult:
    rejected = tuple(sorted(tally.rows.items()))
    return replace(member, rejected=rejected, detail=member.detail or tally.first)
