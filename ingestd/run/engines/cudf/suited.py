"""
What the device is not asked at all, by the configuration and the schema alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingestd.config import Aggregate
from ingestd.run.aggregate import needs
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.columns import ELEMENTS
from ingestd.run.engines.cudf.device import Unfit, Why

_LISTS = ("distinct", "values")


def raise_if_groups_unsuited(plan: Plan, aggregate: Aggregate) -> None:
    """
    Raise Unfit for what the device cannot group.
    """
    for need in needs(aggregate, plan.schema):
        if need.kind in _LISTS:
            raise Unfit(Why.FUNCTION, f"{need.kind} of {need.column!r} is a list")
    used = {*aggregate.group_by, *(metric.column for metric in aggregate.metrics)}
    _raise_for_types(plan, used)
    _raise_for_marks(plan)


def raise_if_rows_unsuited(plan: Plan) -> None:
    """
    Raise Unfit for rows that the device cannot write.
    """
    sink = plan.pipeline.sink
    if sink.partition_by or sink.lineage_columns:
        raise Unfit(Why.ROWS, "rows go to partitions, or with their lineage")
    zones = {kind for _, kind in plan.schema.columns if kind.startswith("timestamp")}
    if "timestamp(tz)" in zones and len(zones) > 1:
        raise Unfit(Why.ROWS, "timestamps with an offset and without in one file")
    _raise_for_types(plan, plan.schema.names)
    _raise_for_marks(plan)


def _raise_for_types(plan: Plan, names: Iterable[str]) -> None:
    types = dict(plan.schema.columns)
    for name in names:
        if name in types and types[name] not in ELEMENTS:
            raise Unfit(Why.TYPE, f"column {name!r} is {types[name]}")


def _raise_for_marks(plan: Plan) -> None:
    """
    Raise Unfit for marks within numbers that the kernels do not know.
    """
    options = plan.pipeline.csv
    if options.decimal != "." or options.thousands:
        raise Unfit(Why.DIALECT, "other marks within numbers")
