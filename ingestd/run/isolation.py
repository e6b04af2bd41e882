"""
Finding the file at fault: units one at a time, and what fails is halved.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from ingestd.errors import Quarantine, Reason
from ingestd.model import MemberResult, Outcome, Unit
from ingestd.run.balance import Unbalanced
from ingestd.run.engine import UnitResult

BLAMES = 3
"""A file alone in its unit is at fault when it fails this often: a worker may also be
killed by somebody else while it reads."""


@dataclass(slots=True)
class Isolation:
    """
    The units that are still to be read; *number* is the first free number of a unit.
    """

    number: int
    todo: deque[Unit] = field(default_factory=deque)
    _blames: Counter[int] = field(default_factory=Counter)

    def failed(self, unit: Unit, err: Exception) -> UnitResult | None:
        """
        Put *unit* back, in halves or as it is; or return its result, when the one file
        in it is at fault.
        """
        if len(unit.members) > 1:
            middle = len(unit.members) // 2
            halves = unit.members[:middle], unit.members[middle:]
            numbered = [Unit(self.number + n, half) for n, half in enumerate(halves)]
            self.todo.extendleft(reversed(numbered))
            self.number += 2
            return None
        self._blames[unit.index] += 1
        # Of a count that is wrong no other one can be believed.
        if isinstance(err, Unbalanced) or self._blames[unit.index] >= BLAMES:
            return at_fault(unit, err)
        self.todo.appendleft(unit)
        return None


def at_fault(unit: Unit, err: Exception) -> UnitResult:
    """
    Return the result for the one file of *unit*, which fails whenever it is read.
    """
    if isinstance(err, Quarantine):
        reason, detail = err.reason, str(err)
    elif type(err).__name__ == "KilledWorker":
        reason, detail = Reason.KILLS_WORKER, "the worker that reads this file dies"
    else:
        reason, detail = Reason.UNREADABLE, f"{type(err).__name__}: {err}"
    member = MemberResult(
        file_id=unit.members[0].file.id,
        outcome=Outcome.QUARANTINED,
        reason=reason,
        detail=detail,
    )
    return UnitResult(unit.index, (member,))
