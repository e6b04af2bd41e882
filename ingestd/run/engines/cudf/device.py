"""
The seam to the hardware: what the engine asks of a GPU, and when it gives up on one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from ingestd.errors import DeviceBroken

Array: TypeAlias = Any
"""An array in the device's memory, with NumPy's interface."""

Host: TypeAlias = npt.NDArray[Any]

CODES = {
    name: code
    for code, name in enumerate(
        (
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "float32",
            "float64",
        )
    )
}
"""The element types as the kernels number them."""


class Flag(IntEnum):
    """
    What a kernel saw, by its place in an array of flags.
    """

    NUL = 0
    RETURN = 1
    UTF8 = 2
    RAGGED = 3
    BLANK = 4
    LONG = 5
    QUOTE = 6
    BORDER = 7
    MISFIT = 8
    NULLS = 9
    NAN = 10
    WIDE = 11


FLAGS = 16

WHAT_TO_DO = "The worker is replaced; if that does not help, look at nvidia-smi"
_THREE = 3


class Why(StrEnum):
    """
    Why the CPU engine takes over; a closed list.
    """

    ROWS = "rows"  # rows go to partitions, or with their lineage
    DIALECT = "dialect"  # marks that the kernels do not know
    TYPE = "type"  # a column's type
    DRIFT = "drift"  # columns that the schema lacks, and are not just left out
    TRANSFORM = "transform"  # expressions, or columns of the files' paths
    FUNCTION = "function"  # a metric without a small partial
    TEXT = "text"  # a byte, a quote or a record that is not plainly sound
    VALUE = "value"  # a value that is not plainly of its type
    COUNT = "count"  # two counts of the records differ
    SOURCE = "source"  # the file ended early
    MEMORY = "memory"  # the GPU's memory is used up
    LIBRARY = "library"  # cuDF refuses


class Unfit(Exception):
    """
    The device cannot be sure of its answer: the CPU engine gives one.
    """

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)
        self.why = why
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column on the device. *element* is its type there: one of ``CODES``, or string.

    A string column has its bytes in *values*, and *rows* + 1 *offsets* into them.
    *valid* has a byte for each row, and is None where no row is null.
    """

    element: str
    rows: int
    values: Array
    valid: Array | None = None
    offsets: Array | None = None


Operation = Literal["rows", "count", "sum", "min", "max", "first", "last", "variance"]


@dataclass(frozen=True, slots=True)
class Ask:
    """
    One aggregate: *operation* of *column* as the column *name*; nulls are left out, but
    *rows* counts them. The variance is that of all values (ddof 0).
    """

    name: str
    column: Column
    operation: Operation


@dataclass(frozen=True, slots=True)
class Share:
    """
    Bytes [start, stop) of an open file, or of what is in memory.
    """

    source: int | bytes | memoryview
    start: int
    stop: int

    @property
    def size(self) -> int:
        """
        The share's length in bytes.
        """
        return self.stop - self.start


class Device(Protocol):
    """
    One accelerator. Calls come from one thread at a time, and happen in order.

    Every method may raise Unfit when memory is used up or its library refuses, and
    DeviceBroken when it does not work any more.
    """

    chunk_bytes: int

    def empty(self, size: int, dtype: npt.DTypeLike) -> Array:
        """
        Return *size* elements of any value.
        """
        ...

    def zeros(self, size: int, dtype: npt.DTypeLike) -> Array:
        """
        Return *size* elements that are 0.
        """
        ...

    def address(self, array: Array) -> int:
        """
        Return where *array* begins in the device's memory.
        """
        ...

    def put(self, array: Host) -> Array:
        """
        Return *array* on the device.
        """
        ...

    def get(self, array: Array) -> Host:
        """
        Return *array* on the host, when all that was launched is done.
        """
        ...

    def copy(self, target: Array, source: Array) -> None:
        """
        Copy *source* over *target*, of the same size; they do not overlap.
        """
        ...

    def running(self, array: Array, out: Array | None = None) -> Array:
        """
        Return the running sums of *array*, as int64 or in *out*.
        """
        ...

    def launch(self, kernel: str, n: int, *arguments: Array | float) -> None:
        """
        Run *kernel* over *n* elements.
        """
        ...

    def load(
        self, target: Array, at: int, shares: Sequence[Share]
    ) -> Callable[[], None]:
        """
        Begin to copy *shares*, one after the other, to *target* from *at* on; return
        what waits for the end, and raises Unfit where a file ended early.
        """
        ...

    def take(self, columns: Mapping[str, Column], rows: Host) -> pl.DataFrame:
        """
        Return the *rows* of *columns*, by their numbers, on the host.
        """
        ...

    def parquet(
        self,
        columns: Mapping[str, tuple[Column, str]],
        rows: tuple[int, int],
        compression: str,
        metadata: Mapping[str, str],
    ) -> bytes | memoryview:
        """
        Return the rows (first, count) of *columns*, each with its type in the schema,
        as a Parquet file. Raises Unfit for a compression that is not there.
        """
        ...

    def group(self, keys: Mapping[str, Column], asks: Sequence[Ask]) -> pl.DataFrame:
        """
        Return a row for each distinct *keys*, null being a value, in any order.
        """
        ...


def check(device: Device) -> None:
    """
    Raise DeviceBroken unless *device* computes.
    """
    found = int(device.get(device.running(device.put(np.array([1, 2]))))[-1])
    if found != _THREE:
        raise DeviceBroken(f"the GPU computes 1 + 2 = {found}", hint=WHAT_TO_DO)


def words(device: Device, texts: Sequence[str]) -> tuple[Array, Array, int]:
    """
    Return *texts* as the kernels take words: bytes, ends, count.
    """
    raw = [text.encode() for text in texts]
    joined = b"".join(raw) or b"\0"
    ends = np.cumsum([len(word) for word in raw] or [0]).astype(np.int32)
    return (
        device.put(np.frombuffer(joined, np.uint8)),
        device.put(ends),
        len(raw),
    )
