"""
The results of all units of an attempt, each of which adds up.

A unit that does not is read again in halves, until a file at fault stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingestd.model import Unit
from ingestd.observe.events import CountMismatched, emit
from ingestd.run.balance import Unbalanced, check_unit
from ingestd.run.engine import Plan, UnitResult, Values
from ingestd.run.faults import Outgrown
from ingestd.run.isolation import Isolation, at_fault
from ingestd.run.loss import lost
from ingestd.run.slices import whole_files


class Future(Protocol):
    """
    What Prefect's and Dask's futures share.
    """

    def result(self) -> UnitResult:
        """
        Wait for the unit's result, or raise what it raised.
        """
        ...


Submit = Callable[[list[Unit]], Sequence[Future]]
Leave = Callable[[Unit, Exception], bool]
Read = tuple[Unit, UnitResult]


@dataclass(slots=True)
class Gathering:
    """
    The reading of *units* through *submit*. A unit whose reading failed is submitted
    once more where *leave* says that it will be read by other means then.
    """

    plan: Plan
    units: tuple[Unit, ...]
    submit: Submit
    leave: Leave

    def one_by_one(self) -> Iterator[UnitResult]:
        """
        Yield the results of units that are read one at a time: one that fails is halved
        until the file at fault is found, which becomes a result as well.

        Raises the loss of a component.
        """
        isolation = Isolation(len(self.units))
        isolation.todo.extend(self.units)
        return (result for _, result in self._isolated(isolation))

    def at_once(self) -> list[UnitResult]:
        """
        Return the results of all units in their order, those of slices put together.

        Raises what a unit raised; a loss first, since the other failures may follow
        from it. Raises Outgrown where a file has more than the schema.
        """
        mapped = self._mapped()
        # A slice that is not the first of its file may have begun within a field; what
        # it seems to hold is believed when it is read again from its true beginning.
        within([result for unit, result in mapped if not unit.members[0].start])
        pairs = self._added_up(mapped)
        return whole_files(
            [unit for unit, _ in pairs],
            [result for _, result in pairs],
            self._once_more,
            self.plan.pipeline.drift.max_rejects,
        )

    def _mapped(self) -> list[Read]:
        futures = self.submit(list(self.units))
        results: list[Read] = []
        errors: list[Exception] = []
        # All are waited for, also after one failed: none may still write into staging
        # when the daemon throws it away.
        for unit, future in zip(self.units, futures, strict=True):
            try:
                results.append((unit, self._result(unit, future)))
            except Exception as err:  # noqa: BLE001 - re-raised below
                errors.append(err)
        if errors:
            raise next(filter(lost, errors), errors[0])
        return results

    def _result(self, unit: Unit, future: Future) -> UnitResult:
        try:
            return future.result()
        except Exception as err:
            if not self.leave(unit, err):
                raise
        return self.submit([unit])[0].result()

    def _isolated(self, isolation: Isolation) -> Iterator[Read]:
        while isolation.todo:
            unit = isolation.todo.popleft()
            try:
                result = self._alone(unit)
            except Exception as err:
                if lost(err) or isinstance(err, Outgrown):
                    raise
                if blamed := isolation.failed(unit, err):
                    yield unit, blamed
            else:
                yield unit, result

    def _added_up(self, pairs: list[Read]) -> list[Read]:
        """
        Return *pairs*, each that does not add up replaced by what its halves gave.
        """
        isolation = Isolation(len(self.units))
        found: list[Read] = []
        for unit, result in pairs:
            try:
                check_unit(result)
            except Unbalanced as err:
                self._alarm(unit, err)
                if blamed := isolation.failed(unit, err):
                    found.append((unit, blamed))
                found += self._isolated(isolation)
            else:
                found.append((unit, result))
        return found

    def _once_more(self, unit: Unit) -> UnitResult:
        """
        Read a slice again, from another beginning.
        """
        try:
            return self._alone(unit)
        except Unbalanced as err:
            return at_fault(unit, err)

    def _alone(self, unit: Unit) -> UnitResult:
        """
        Read one unit; raises Outgrown, and Unbalanced where it does not add up.
        """
        result = self._result(unit, self.submit([unit])[0])
        within([result])
        check_unit(result)
        return result

    def _alarm(self, unit: Unit, err: Unbalanced) -> None:
        files = len(unit.members)
        # Of a file alone it is told when it is quarantined.
        if files > 1:
            name, batch = self.plan.pipeline.name, self.plan.batch_id
            emit(CountMismatched(name, batch, str(err), files=files))


def within(results: Iterable[UnitResult]) -> None:
    """
    Raise Outgrown where one of *results* has more than the schema.
    """
    outgrown: Values = {}
    for result in results:
        for column, values in result.outgrown.items():
            outgrown[column] = (*outgrown.get(column, ()), *values)
    if outgrown:
        raise Outgrown(outgrown)
