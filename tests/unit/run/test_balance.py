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
from ingestd.run.balance import Unbalanced, balanced, check_whole
from ingestd.run.engine import Partial, UnitResult
from tests.unit.run.reject_kit import plan_in, read, reject, result


def groups(*rows: int, **spilled: list[str]) -> Partial:
    """A partial whose groups stand for *rows*."""
    tables = {} if spilled else {"groups": pa.table({"_rows": pa.array(rows)})}
    return Partial(0, tables, spilled)


@pytest.mark.parametrize("inline_bytes", [1 << 20, 0], ids=["inline", "spilled"])
def test_rejects_are_counted_by_reason_for_each_file(tmp_path, inline_bytes):
    """
    In the members' results, with the first one's place and sentence.
    """
    few = {"reason": Reason.TOO_FEW_FIELDS, "column": "", "detail": "1 field of 2"}
    rejects = (
        reject(1, 1, **few),
        reject(1, 3),
        reject(1, 4, **few),
        reject(3, 8, detail="'y' is no int64"),
    )
    given = result(read(1, 2, 3), read(2, 5, 0), read(3, 0, 1), rejects=rejects)

    members = balanced(packed(plan_in(tmp_path, inline_bytes=inline_bytes), given))

    first, second, third = members.members
    assert (("bad_value", 1), ("too_few_fields", 2)) == first.rejected
    assert "line 2: 1 field of 2" == first.detail
    assert given.members[1] == second
    assert (("bad_value", 1),) == third.rejected
    assert "line 9, column 'n': 'y' is no int64" == third.detail


def test_counts_go_on_over_the_chunks_of_a_spilled_file(tmp_path, monkeypatch):
    """
    A file whose rejects are in several chunks has one sum, and the first one's words.
    """
    monkeypatch.setattr("ingestd.run.reject_table.CHUNK_BYTES", 1)
    rejects = tuple(reject(1, n, detail=f"the {n}.") for n in range(1, 6))
    given = packed(
        plan_in(tmp_path, inline_bytes=0), result(read(1, 1, 5), rejects=rejects)
    )

    (member,) = balanced(given).members

    assert (("bad_value", 5),) == member.rejected
    assert "line 2, column 'n': the 1." == member.detail


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
    "less than nothing": result(MemberResult(1, Outcome.READ, 0, 1, -1)),
    "rows of a file that was not read": result(QUARANTINED),
    "groups lack rows": UnitResult(0, (read(1, 3, 0),), partial=groups(1, 1)),
    "groups of nothing": UnitResult(0, (read(1, 0, 0),), partial=groups(1)),
    "no groups": UnitResult(0, (read(1, 3, 0),), partial=Partial(0, {})),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_what_does_not_add_up_is_refused(wrong):
    """
    Each way to lose or make up a row, with the reason that says so.
    """
    with pytest.raises(Unbalanced) as caught:
        balanced(wrong)
    assert Reason.ROW_COUNT == caught.value.reason


@pytest.mark.parametrize(
    "right",
    [
        GOOD,
        result(),
        result(MemberResult(1, Outcome.VANISHED)),
        UnitResult(0, (read(1, 3, 0),), partial=groups(1, 2)),
        UnitResult(0, (read(1, 0, 0),), partial=groups()),
        # Only the batch's parts can tell.
        UnitResult(0, (read(1, 3, 0),), partial=groups(spilled=["x.arrow"])),
    ],
)
def test_what_adds_up_is_let_through(right):
    """
    And is the same, but for the counts by reason.
    """
    plain = tuple(replace(m, rejected=(), detail="") for m in balanced(right).members)
    assert right == replace(balanced(right), members=plain)


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
