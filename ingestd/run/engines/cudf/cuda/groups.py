"""
Groups by cuDF.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
import pylibcudf as plc

from ingestd.run.engines.cudf.cuda.table import column_of, frame_of
from ingestd.run.engines.cudf.device import Ask, Column, Device, Operation

_AGGREGATIONS: dict[Operation, Callable[[], plc.aggregation.Aggregation]] = {
    "rows": lambda: plc.aggregation.count(plc.types.NullPolicy.INCLUDE),
    "count": lambda: plc.aggregation.count(plc.types.NullPolicy.EXCLUDE),
    "sum": plc.aggregation.sum,
    "min": plc.aggregation.min,
    "max": plc.aggregation.max,
    # Of the numbers of the rows; the value is fetched afterwards.
    "first": plc.aggregation.min,
    "last": plc.aggregation.max,
    "variance": lambda: plc.aggregation.variance(0),
}
_PLACES = ("first", "last")


def grouped(
    device: Device, keys: Mapping[str, Column], asks: Sequence[Ask]
) -> pl.DataFrame:
    """
    Return a row for each distinct *keys*, with what *asks* ask for.
    """
    given = {id(ask.column): column_of(device, ask.column) for ask in asks}
    requests: dict[tuple[int, bool], list[Ask]] = {}
    for ask in asks:
        place = ask.operation in _PLACES
        requests.setdefault((id(ask.column), place), []).append(ask)
    values = [
        _numbered(device, wanted[0].column) if place else given[number]
        for (number, place), wanted in requests.items()
    ]
    grouped = plc.groupby.GroupBy(
        plc.Table([column_of(device, key) for key in keys.values()]),
        plc.types.NullPolicy.INCLUDE,
    )
    found, tables = grouped.aggregate(
        [
            plc.groupby.GroupByRequest(value, _aggregations(wanted))
            for value, wanted in zip(values, requests.values(), strict=True)
        ]
    )
    columns = dict(zip(keys, found.columns(), strict=True))
    for wanted, table in zip(requests.values(), tables, strict=True):
        for ask, column in zip(wanted, table.columns(), strict=False):
            columns[ask.name] = (
                _fetched(given[id(ask.column)], column)
                if ask.operation in _PLACES
                else column
            )
    return frame_of(list(columns.values()), list(columns))


def _aggregations(asks: Sequence[Ask]) -> list[plc.aggregation.Aggregation]:
    """
    Return what answers *asks*, and behind that what makes cuDF sort where it must.
    """
    found = [_AGGREGATIONS[ask.operation]() for ask in asks]
    if any(ask.operation == "variance" for ask in asks):
        # By hash its variance is the mean of squares less the square of the mean, in
        # which all digits may cancel. Sorted, it takes differences from the mean; and
        # it sorts where one aggregation cannot be done by hash.
        found.append(plc.aggregation.nth_element(0))
    return found


def _numbered(device: Device, column: Column) -> plc.Column:
    """
    Return the numbers of the rows in which *column* has a value.
    """
    numbers = device.empty(column.rows, np.int32)
    device.launch("numbers", column.rows, numbers)
    return column_of(device, Column("int32", column.rows, numbers, column.valid))


def _fetched(column: plc.Column, places: plc.Column) -> plc.Column:
    """
    Return the values of *column* at *places*; null where there is no place.
    """
    nowhere = plc.Scalar.from_py(column.size(), plc.DataType(plc.TypeId.INT32))
    filled = plc.replace.replace_nulls(places, nowhere)
    policy = plc.copying.OutOfBoundsPolicy.NULLIFY
    gathered = plc.copying.gather(plc.Table([column]), filled, policy)
    return gathered.columns()[0]
