"""
What the device is not asked at all, by the configuration and the schema alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingestd.config import Aggregate
from ingestd.config.formats import ISO
from ingestd.run.aggregate import needs
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.columns import ELEMENTS
from ingestd.run.engines.cudf.device import Unfit, Why
from ingestd.run.engines.polars.convert.kinds import has_quoted_marker
from ingestd.run.layout import Layout

_LISTS = ("distinct", "values")


def raise_if_groups_unsuited(plan: Plan, aggregate: Aggregate) -> None:
    """
    Raise Unfit for what the device cannot group.
    """
    for need in needs(aggregate, plan.schema):
        if need.kind in _LISTS:
            raise Unfit(Why.FUNCTION, f"{need.kind} of {need.column!r} is a list")
    used = {*aggregate.group_by, *(metric.column for metric in aggregate.metrics)}
    _raise_for(plan, used)


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
    if plan.pipeline.drift.new_column == "rescue":
        raise Unfit(Why.DRIFT, "rows have a column of what is rescued")
    _raise_for(plan, plan.schema.names)


def raise_if_files_unsuited(plan: Plan, layout: Layout) -> None:
    """
    Raise Unfit for columns of *layout* that the schema lacks, and asks for.
    """
    if layout.extras and plan.pipeline.drift.new_column == "add":
        raise Unfit(Why.DRIFT, "columns that are to be added to the schema")


def _raise_for(plan: Plan, names: Iterable[str]) -> None:
    """
    Raise Unfit for a type that the device does not have, or a notation that it does not
    know.
    """
    if plan.pipeline.source.format != "csv":
        raise Unfit(Why.DIALECT, "JSON lines")
    options, types = plan.pipeline.csv, dict(plan.schema.columns)
    kinds = {name: types[name] for name in names if name in types}
    for name, kind in kinds.items():
        if kind not in ELEMENTS:
            raise Unfit(Why.TYPE, f"column {name!r} is {kind}")
        dated = options.date_formats if kind == "date" else ()
        timed = options.timestamp_formats if kind.startswith("timestamp") else ()
        if (dated or timed) not in ((), (ISO,)):
            raise Unfit(Why.DIALECT, f"formats of {kind}")
    if options.decimal != "." or options.thousands:
        raise Unfit(Why.DIALECT, "other marks within numbers")
    if has_quoted_marker(options):
        raise Unfit(Why.DIALECT, "a null marker with a quote in it")
