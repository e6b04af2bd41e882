"""
From the fields of a chunk to typed columns, strictly.

A kernel takes only forms of which it is sure that the CPU engine reads them as it does;
every other value makes the chunk unfit. So there is one judge of what is a good value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ingestd.config import Csv
from ingestd.run.aggregate import is_float
from ingestd.run.engines.cudf.cut import Records
from ingestd.run.engines.cudf.device import (
    CODES,
    FLAGS,
    Array,
    Column,
    Device,
    Flag,
    Unfit,
    Why,
    words,
)
from ingestd.run.engines.cudf.powers import powers, tens
from ingestd.run.engines.polars.convert import data_type

ELEMENTS = {
    "bool": "uint8",
    "date": "int32",
    "timestamp": "int64",
    "timestamp(ns)": "int64",
    "timestamp(tz)": "int64",
    "string": "string",
    **{name: name for name in CODES},
}
"""What a column of each type is on the device; a type that is missing here is not."""

_MICRO, _NANO = 6, 9


@dataclass(frozen=True, slots=True)
class Typed:
    """
    A column, and what was seen while it was read: a NaN, an integer of over 31 bits.
    """

    column: Column
    nan: bool = False
    wide: bool = False


class Reader:
    """
    Reads columns of chunks in one dialect; holds the words and tables that this needs.
    """

    def __init__(self, device: Device, options: Csv) -> None:
        """
        Put the words of *options* on *device*.
        """
        self._device = device
        self._options = options
        self._nulls = words(device, options.nulls)

    def columns(
        self, records: Records, wanted: Mapping[str, tuple[int, str]], keys: set[str]
    ) -> dict[str, Typed]:
        """
        Return the columns of *records* by name; *wanted* gives field number and type.

        Field -1 stands for a column of nulls. *keys* are those whose zeros are one.
        Raises Unfit for a value that is not plainly one of its type.
        """
        flags = self._device.zeros(FLAGS * len(wanted), np.int32)
        made = {
            name: (
                self._read(records, number, kind, name in keys, _slot(flags, place))
                if number >= 0
                else self._nothing(records.count, kind)
            )
            for place, (name, (number, kind)) in enumerate(wanted.items())
        }
        seen = self._device.get(flags).reshape(-1, FLAGS)
        for (name, (_, kind)), said in zip(wanted.items(), seen, strict=True):
            if said[Flag.MISFIT]:
                raise Unfit(Why.VALUE, f"column {name!r}: not plainly {kind}")
        return {
            name: Typed(
                column if said[Flag.NULLS] or wanted[name][0] < 0 else _full(column),
                bool(said[Flag.NAN]),
                bool(said[Flag.WIDE]),
            )
            for (name, column), said in zip(made.items(), seen, strict=True)
        }

    def _read(
        self, records: Records, number: int, kind: str, key: bool, flags: Array
    ) -> Column:
        device, rows = self._device, records.count
        valid = device.empty(rows, np.uint8)
        shared = (
            records.text, records.begin, records.places, records.shape.fields, number,
            records.shape.quote, *self._nulls, valid, flags,
        )  # fmt: skip
        if kind == "string":
            return self._text(rows, shared, valid)
        element = ELEMENTS[kind]
        values = device.empty(rows, element)
        kernel, extra = self._kernel(kind, key)
        device.launch(kernel, rows, *shared, *extra, values)
        return Column(element, rows, values, valid)

    def _kernel(self, kind: str, key: bool) -> tuple[str, tuple[Array | int, ...]]:
        if is_float(kind):
            return "floats", (CODES[kind], int(key), *self._tables)
        if kind in CODES:
            return "integers", (CODES[kind],)
        if kind == "date":
            return "dates", ()
        if kind == "bool":
            return "booleans", (*self._words, len(self._options.true_values))
        digits = _NANO if kind == "timestamp(ns)" else _MICRO
        return "moments", (digits, int(kind == "timestamp(tz)"))

    def _text(self, rows: int, shared: tuple[Array, ...], valid: Array) -> Column:
        device = self._device
        sizes = device.empty(rows, np.int32)
        device.launch("sizes", rows, *shared, sizes)
        offsets = device.zeros(rows + 1, np.int32)
        device.running(sizes, offsets[1:])
        total = int(device.get(offsets[-1:])[0])
        values = device.empty(max(1, total), np.uint8)
        device.launch("texts", rows, *shared, offsets, values)
        return Column("string", rows, values, valid, offsets)

    def _nothing(self, rows: int, kind: str) -> Column:
        element, device = ELEMENTS[kind], self._device
        valid = device.zeros(rows, np.uint8)
        if element == "string":
            offsets = device.zeros(rows + 1, np.int32)
            return Column(element, rows, device.zeros(1, np.uint8), valid, offsets)
        return Column(element, rows, device.zeros(rows, element), valid)

    @cached_property
    def _tables(self) -> tuple[Array, Array]:
        return self._device.put(powers()), self._device.put(tens())

    @cached_property
    def _words(self) -> tuple[Array, Array, int]:
        options = self._options
        return words(self._device, (*options.true_values, *options.false_values))


def _slot(flags: Array, place: int) -> Array:
    return flags[FLAGS * place : FLAGS * (place + 1)]


def _full(column: Column) -> Column:
    return Column(column.element, column.rows, column.values, None, column.offsets)


def as_type(column: pl.Expr, kind: str) -> pl.Expr:
    """
    Return *column*, as it comes from the device, with its type in Polars.
    """
    wanted = data_type(kind)
    if kind == "timestamp(tz)":
        return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return column.cast(wanted)
