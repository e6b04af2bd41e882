"""
The slices of one file, read by many workers, as one result.

A slice begins to read at the first line behind its border, as if no quoted field could
span it, so that no worker waits for another. Whether that was right is seen afterwards:
each slice says where its first record began and where the next slice's first record
begins. Where the two differ the slice is read again from the place that is known by
then. The first slice begins where the file does, so by induction all are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from ingestd.errors import Reason
from ingestd.model import MemberResult, Outcome, Unit
from ingestd.run.aside import unpacked
from ingestd.run.engine import UnitResult

Again = Callable[[Unit], UnitResult]


def whole_files(
    units: Sequence[Unit],
    results: Sequence[UnitResult],
    again: Again,
    max_rejects: int,
) -> list[UnitResult]:
    """
    Return *results* with those of slices put together: a file has one member result,
    in that of its first slice. *again* reads a unit anew.

    A file of which one slice is at fault is set aside whole: nothing of the others is
    kept. Raises what *again* raises.
    """
    pairs = zip(units, results, strict=True)
    found: list[UnitResult] = []
    for file, group in groupby(pairs, key=lambda pair: _sliced(pair[0])):
        run = list(group)
        if file is None:
            found += [result for _, result in run]
        else:
            chained = _chained(run, again)
            found += _put_together(chained, max_rejects)
    return found


def _sliced(unit: Unit) -> int | None:
    """
    Return the id of the file that *unit* is a slice of, None for whole files.
    """
    member = unit.members[0]
    return None if member.whole else member.file.id


def _chained(run: list[tuple[Unit, UnitResult]], again: Again) -> list[UnitResult]:
    """
    Return the results of one file's slices, each begun where the one before ended; up
    to the first that is at fault.
    """
    chained: list[UnitResult] = []
    begin: int | None = None
    for unit, given in run:
        result = given
        known = result.piece is not None and result.piece.begin == begin
        if begin is not None and not known:
            # A fault may come of the wrong beginning as well.
            result = again(replace(unit, begin=begin))
        chained.append(result)
        if result.piece is None:
            break
        begin = result.piece.stop
    return chained


def _put_together(chained: list[UnitResult], max_rejects: int) -> list[UnitResult]:
    members = [member for result in chained for member in result.members]
    fault = next((m for m in members if m.outcome is not Outcome.READ), None)
    whole_numbers = _rebased(chained)
    rejected = sum(member.rows_rejected for member in members)
    if fault is None and rejected > max_rejects:
        fault = replace(
            members[0],
            outcome=Outcome.QUARANTINED,
            reason=Reason.TOO_MANY_REJECTS,
            detail=f"more than {max_rejects} rows do not fit; the first: "
            f"{_first(whole_numbers)}",
        )
    if fault is not None:
        nothing = replace(
            fault, rows_in=0, rows_out=0, rows_rejected=0, rows_filtered=0
        )
        return [UnitResult(chained[0].unit, (nothing,))]
    whole = MemberResult(
        members[0].file_id,
        Outcome.READ,
        rows_in=sum(member.rows_in for member in members),
        rows_out=sum(member.rows_out for member in members),
        rows_rejected=rejected,
        rows_filtered=sum(member.rows_filtered for member in members),
        detail=_detail([member.detail for member in members]),
    )
    first, *rest = whole_numbers
    return [
        replace(first, members=(whole,)),
        *(replace(result, members=()) for result in rest),
    ]


def _rebased(chained: list[UnitResult]) -> list[UnitResult]:
    """
    Return the slices with rejects whose numbers count from the file's beginning.
    """
    records = lines = 0
    found: list[UnitResult] = []
    for result in chained:
        rejects = tuple(
            replace(reject, record=reject.record + records, line=reject.line + lines)
            for reject in result.rejects
        )
        found.append(replace(result, rejects=rejects, in_front=(records, lines)))
        if result.piece is not None:
            records += result.piece.records
            lines += result.piece.lines
    return found


def _first(results: list[UnitResult]) -> str:
    """
    Say what the first reject of *results* is.
    """
    columns = ("reason", "record", "line", "detail")
    tables = (table for result in results for table in unpacked(result, columns))
    first = next(tables).slice(length=1).to_pylist()[0]
    where = f"record {first['record']} in line {first['line']}"
    return f"{first['reason']}, {where}: {first['detail']}"


def _detail(details: list[str]) -> str:
    """
    Return what is said of the slices, each sentence once; that one of them had no
    records says nothing of the file.
    """
    said = [part for detail in details for part in detail.split("; ")]
    return "; ".join(dict.fromkeys(s for s in said if s and s != "no records"))
