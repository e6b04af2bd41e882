"""
Whether a unit's numbers add up, in every way in which they can fail to.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from ingestd.errors import Reason
from ingestd.model import MemberResult, Outcome, Part, PartKind
from ingestd.run.aside import packed
from ingestd.run.balance import Unbalanced, check_unit, check_whole
from ingestd.run.engine import Partial, UnitResult
from tests.unit.run.reject_kit import plan_in, read, reject, result


def groups(*rows: int, **spilled: list[str]) -> Partial:
    """A partial whose groups stand for *rows*."""
    tables = {} if spilled else {"groups": pa.table({"_rows": pa.array(rows)})}
    return Partial(0, tables, spilled)


GOOD = result(read(1, 2, 1), read(2, 1, 0), rejects=(reject(1),))
LOST_PART = replace(GOOD, parts=())
MADE_UP = replace(GOOD, parts=(Part("0", "", 4, 4, 1, ""),))
QUARANTINED = MemberResult(9, Outcome.QUARANTINED, 3, 3)
WRONG = {
    "a part lacks rows": LOST_PART,
    "a part has more rows": MADE_UP,
    "a reject is missing": replace(GOOD, rejects=()),
    "a reject too many": replace(GOOD, rejects=(reject(1), reject(1, 2))),
    "the reject of another file": replace(GOOD, rejects=(reject(2),)),
    "the reject of a stranger": replace(GOOD, rejects=(reject(1), reject(8))),
    "a file does not add up": result(
        MemberResult(1, Outcome.READ, 4, 2, 1), rejects=(reject(1),)
    ),
    "a row is left out and given": result(
        MemberResult(1, Outcome.READ, 4, 3, 1, 1), rejects=(reject(1),)
    ),
    "less than nothing": result(MemberResult(1, Outcome.READ, 0, 1, -1)),
    "rows of a file that was not read": result(QUARANTINED),
    "groups lack rows": UnitResult(0, (read(1, 3, 0),), partial=groups(1, 1)),
    "groups of nothing": UnitResult(0, (read(1, 0, 0),), partial=groups(1)),
    "no groups": UnitResult(0, (read(1, 3, 0),), partial=Partial(0, {})),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_does_not_add_up_is_refused(tmp_path, wrong):
    """
    Each way to lose or make up a row, with the reason that says so; also where the
    rejects are in a file.
    """
    for inline_bytes in (1 << 20, 0):
        plan = plan_in(tmp_path, inline_bytes=inline_bytes)
        with pytest.raises(Unbalanced) as caught:
            check_unit(packed(plan, wrong))
    assert Reason.ROW_COUNT == caught.value.reason


@pytest.mark.parametrize(
    "right",
    [
        GOOD,
        result(),
        result(MemberResult(1, Outcome.VANISHED)),
        result(MemberResult(1, Outcome.READ, 4, rows_filtered=4)),
        UnitResult(0, (read(1, 3, 0),), partial=groups(1, 2)),
        UnitResult(0, (read(1, 0, 0),), partial=groups()),
        # Only the batch's parts can tell.
        UnitResult(0, (read(1, 3, 0),), partial=groups(spilled=["x.arrow"])),
    ],
)
def test_what_adds_up_is_let_through(tmp_path, right):
    """
    The check has no false alarm.
    """
    check_unit(right)
    check_unit(packed(plan_in(tmp_path, inline_bytes=0), right))


def test_the_whole_batch_is_checked():
    """
    Its parts against its files' rows, those of each kind for themselves.
    """
    data, aside = Part("d", "", 1, 3, 1, ""), Part("r", "", 1, 1, 1, "")
    aside = replace(aside, kind=PartKind.REJECTS)
    members = [read(1, 2, 1), read(2, 1, 0)]

    check_whole(members, [data, aside])
    for parts in ([data], [aside], [data, aside, aside], [data, data, aside]):
        with pytest.raises(Unbalanced, match="stand for"):
            check_whole(members, parts)
