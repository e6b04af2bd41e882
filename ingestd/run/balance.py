"""
Conservation: records in = rows out + rejected + filtered, before anything is staged.

The members' numbers are our own count of the records; the parts' and the partials' are
what was really written, and the rejects are counted one by one. Where they differ, rows
were lost or made up, whoever did it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow.compute as pc

from ingestd.errors import Quarantine, Reason
from ingestd.model import MemberResult, Outcome, Part, PartKind
from ingestd.run.aggregate import ROWS
from ingestd.run.aside import unpacked
from ingestd.run.engine import UnitResult
from ingestd.run.reject_table import FILE_ID
from ingestd.run.tally import by_file


class Unbalanced(Quarantine):
    """
    The numbers of a unit or of a batch do not add up.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Reason.ROW_COUNT, message)


def check_unit(result: UnitResult) -> None:
    """
    Raise Unbalanced unless the numbers of *result*, as a worker gave it, add up.
    """
    for problem in _problems(result):
        raise Unbalanced(problem)


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


def _problems(result: UnitResult) -> Iterator[str]:
    there = by_file(unpacked(result, (FILE_ID,)))
    for member in result.members:
        given = (
            member.rows_in,
            member.rows_out,
            member.rows_rejected,
            member.rows_filtered,
        )
        if given[0] != sum(given[1:]) or min(given) < 0:
            said = "{} rows in are not {} out, {} rejected and {} filtered"
            yield said.format(*given)
        if member.outcome is not Outcome.READ and any(given):
            yield f"{given[0]} rows of a file that was not read"
        rejects = there.pop(member.file_id, 0)
        if rejects != member.rows_rejected:
            yield f"{member.rows_rejected} rows were set aside, and {rejects} are there"
    if there:
        yield f"rows were set aside of {len(there)} files that were not to be read"
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
