"""
Groups as long as they are few: each row finds its group's slot in a small table, and
adds to it.

Two rows are of one group when their keys are equal byte by byte; a hash only says where
to look first. Where there are more groups than the table takes at ease, or something
else is asked for than counts, sums, least and greatest of numbers, cuDF groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from ingestd.run.engines.cudf.device import (
    CODES,
    Array,
    Ask,
    Column,
    Device,
    Host,
    Operation,
)

_LEAST_SLOTS, _MOST_SLOTS = 1 << 8, 1 << 16
_SLOTS_PER_ROW = 4
_STRING = len(CODES)
_INT64 = np.iinfo(np.int64)
_FIRST = {"min": int(_INT64.max), "max": int(_INT64.min)}
_KERNELS = {"min": "least", "max": "greatest_of"}
_COUNTS = ("rows", "count")


def few_groups(
    device: Device, keys: Mapping[str, Column], asks: Sequence[Ask]
) -> pl.DataFrame | None:
    """
    Return a row for each distinct *keys*, in any order; None where cuDF must do it.
    """
    if not all(_known(ask) for ask in asks):
        return None
    rows = next(iter(keys.values())).rows
    size = 1 << (_SLOTS_PER_ROW * rows - 1).bit_length()
    size = min(max(size, _LEAST_SLOTS), _MOST_SLOTS)
    table, full = device.zeros(size, np.int32), device.zeros(1, np.int32)
    slots = device.empty(rows, np.int32)
    described = device.put(_described(device, list(keys.values())))
    device.launch("slots", rows, described, len(keys), size - 1, table, slots, full)
    if device.get(full)[0]:
        return None
    sums = _Sums(device, slots, size, asks)
    firsts = device.get(table)
    used = np.flatnonzero(firsts)
    found = sums.answers(used)
    return device.take(keys, firsts[used] - 1).with_columns(**found)


def _known(ask: Ask) -> bool:
    if ask.operation in _COUNTS:
        return True
    return ask.operation in ("sum", "min", "max") and ask.column.element in CODES


def _described(device: Device, keys: Sequence[Column]) -> Host:
    numbers: list[int] = []
    for key in keys:
        arrays = (key.values, key.offsets, key.valid)
        addresses = [0 if array is None else device.address(array) for array in arrays]
        numbers += [CODES.get(key.element, _STRING), *addresses]
    return np.array(numbers, np.uint64)


class _Sums:
    """
    What is asked for, in one array: a line of words for each sum, a word for each slot.
    """

    def __init__(
        self, device: Device, slots: Array, size: int, asks: Sequence[Ask]
    ) -> None:
        """
        Add up what *asks* ask for over the rows, whose groups are at *slots*.
        """
        self._device = device
        self._slots = slots
        self._size = size
        self._asks = asks
        wanted = {(id(ask.column), ask.operation): ask.column for ask in asks}
        for ask in asks:
            if ask.column.valid is not None:
                wanted[id(ask.column), "count"] = ask.column
        self._lines = {key: line for line, key in enumerate(wanted)}
        self._out = device.zeros(len(wanted) * size, np.int64)
        for (_, operation), column in wanted.items():
            self._add(column, operation)

    def answers(self, used: Host) -> dict[str, pl.Series]:
        """
        Return for each of *used*, slots, what was asked for; null for no value.
        """
        lines = self._device.get(self._out).reshape(-1, self._size)[:, used]
        found = {}
        for ask in self._asks:
            line = self._lines[id(ask.column), ask.operation]
            series = pl.Series(ask.name, _meant(ask, lines[line]))
            if ask.operation not in _COUNTS and ask.column.valid is not None:
                counted = lines[self._lines[id(ask.column), "count"]]
                some = pl.when(pl.Series(counted > 0))
                series = pl.select(some.then(series).alias(ask.name)).to_series()
            found[ask.name] = series
        return found

    def _add(self, column: Column, operation: Operation) -> None:
        line = self._lines[id(column), operation]
        out = self._out[self._size * line : self._size * (line + 1)]
        valid, nulls = column.valid, column.valid is not None
        if operation == "rows" or (operation == "count" and not nulls):
            self._device.launch("tally_rows", column.rows, self._slots, out)
        elif operation == "count":
            self._device.launch("tally_valid", column.rows, self._slots, valid, out)
        else:
            if operation in _FIRST:
                first = _FIRST[operation]
                self._device.launch("fill_words", self._size, out, first)
            self._device.launch(
                _kernel(column, operation), column.rows, self._slots, column.values,
                CODES[column.element], int(nulls), valid if nulls else column.values,
                out,
            )  # fmt: skip


def _kernel(column: Column, operation: Operation) -> str:
    adding = "add_floats" if column.element.startswith("float") else "add_integers"
    return _KERNELS.get(operation, adding)


def _meant(ask: Ask, words: Host) -> Host:
    """
    Return what *words*, the sums of *ask*, mean.
    """
    if ask.operation in _COUNTS:
        return words
    if ask.operation != "sum":
        return _value_of(words, ask.column.element)
    floats = ask.column.element.startswith("float")
    return words.view(np.float64) if floats else words


def _value_of(ranks: Host, element: str) -> Host:
    """
    Return the values whose ranks the kernels compared.
    """
    if element == "uint64":
        return (ranks ^ np.int64(_INT64.min)).view(np.uint64)
    if not element.startswith("float"):
        return ranks.astype(element)
    bits = np.where(ranks < 0, ranks ^ np.int64(_INT64.max), ranks)
    return bits.view(np.float64).astype(element)
