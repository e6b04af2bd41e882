"""
The engine's columns as cuDF has them, and back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pylibcudf as plc

from ingestd.run.engines.cudf.device import Column, Device, Host

_WORD_BITS = 32
_BLOCK_WORDS = 16
"""cuDF reads masks in blocks of 64 bytes."""

_TYPES = {
    "int8": plc.TypeId.INT8,
    "int16": plc.TypeId.INT16,
    "int32": plc.TypeId.INT32,
    "int64": plc.TypeId.INT64,
    "uint8": plc.TypeId.UINT8,
    "uint16": plc.TypeId.UINT16,
    "uint32": plc.TypeId.UINT32,
    "uint64": plc.TypeId.UINT64,
    "float32": plc.TypeId.FLOAT32,
    "float64": plc.TypeId.FLOAT64,
    "string": plc.TypeId.STRING,
}


def column_of(
    device: Device, column: Column, stored: plc.TypeId | None = None
) -> plc.Column:
    """
    Return *column* as cuDF has it, of the type *stored* in files; it keeps the arrays
    alive.
    """
    mask, nulls = _mask(device, column)
    children = []
    if column.offsets is not None:
        kind = plc.DataType(plc.TypeId.INT32)
        offsets = plc.gpumemoryview(column.offsets)
        children.append(plc.Column(kind, column.rows + 1, offsets, None, 0, 0, []))
    return plc.Column(
        plc.DataType(_TYPES[column.element] if stored is None else stored),
        column.rows,
        plc.gpumemoryview(column.values),
        mask,
        nulls,
        0,
        children,
    )


def _mask(device: Device, column: Column) -> tuple[plc.gpumemoryview | None, int]:
    if column.valid is None:
        return None, 0
    count = -(-column.rows // _WORD_BITS)
    words = device.zeros(-(-count // _BLOCK_WORDS) * _BLOCK_WORDS, np.uint32)
    ones = device.empty(count, np.int32)
    device.launch("pack", count, column.valid, column.rows, words, ones)
    valid = int(device.get(device.running(ones)[-1:])[0]) if count else 0
    return plc.gpumemoryview(words), column.rows - valid


def frame_of(columns: Sequence[plc.Column], names: Sequence[str]) -> pl.DataFrame:
    """
    Return *columns* on the host.
    """
    table = plc.Table(list(columns)).to_arrow(list(names))
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    return frame


def taken(device: Device, columns: Mapping[str, Column], rows: Host) -> pl.DataFrame:
    """
    Return the *rows* of *columns*, by their numbers, on the host.
    """
    places = Column("int32", len(rows), device.put(rows.astype(np.int32)))
    table = plc.Table([column_of(device, column) for column in columns.values()])
    policy = plc.copying.OutOfBoundsPolicy.DONT_CHECK
    found = plc.copying.gather(table, column_of(device, places), policy)
    return frame_of(found.columns(), list(columns))
