"""
A GPU by CuPy and cuDF: the only door to them.

Kernels and cuDF run on the same stream, so what is launched happens in order. Text is
read by several threads into pinned memory and copied from there, which is several times
faster than from the page cache.
"""

from __future__ import annotations

import io
import os
import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import cupy as cp
import cupyx
import numpy as np
import numpy.typing as npt
import polars as pl
import pylibcudf as plc
import rmm
from rmm.allocators.cupy import rmm_cupy_allocator

from ingestd.errors import ComponentAway, Retryable
from ingestd.run.engines.cudf.device import (
    Array,
    Ask,
    Column,
    Host,
    Operation,
    Share,
    Unfit,
    Why,
)
from ingestd.run.engines.cudf.fill import fill, pieces

_THREADS = min(16, os.cpu_count() or 1)
_PIECE_BYTES = 8 << 20
_CHUNK_BYTES = 512 << 20
_LEAST_CHUNK_BYTES = 16 << 20
_SHARE_OF_MEMORY = 24
"""A chunk takes up to about ten times its size while it is worked on, and the next one
is there too."""

_BLOCK = 256
_BLOCKS_PER_PROCESSOR = 16
_WORD_BITS = 32
_FIRST = 3


class CudaDevice:
    """
    The GPU that this process sees first. One in a process; see ``own_device``.
    """

    def __init__(self) -> None:
        """
        Make a context and the kernels; raises what is missing as CUDA says it.
        """
        if isinstance(rmm.mr.get_current_device_resource(), rmm.mr.CudaMemoryResource):
            # Nobody has set a pool, and without one each allocation waits for the GPU.
            rmm.mr.set_current_device_resource(rmm.mr.CudaAsyncMemoryResource())
        cp.cuda.set_allocator(rmm_cupy_allocator)
        device = cp.cuda.Device()
        source = Path(__file__).with_name("kernels.cu").read_text()
        self._module = cp.RawModule(code=source, options=("--std=c++17",))
        self._kernels: dict[str, Any] = {}
        processors = device.attributes["MultiProcessorCount"]
        self._most_blocks = processors * _BLOCKS_PER_PROCESSOR
        share = device.mem_info[1] // _SHARE_OF_MEMORY
        self.chunk_bytes = max(_LEAST_CHUNK_BYTES, min(_CHUNK_BYTES, share))
        self._loader = _Loader()

    def empty(self, size: int, dtype: npt.DTypeLike) -> Array:
        """
        Return *size* elements of any value.
        """
        with _errors():
            return cp.empty(size, dtype)

    def zeros(self, size: int, dtype: npt.DTypeLike) -> Array:
        """
        Return *size* elements that are 0.
        """
        with _errors():
            return cp.zeros(size, dtype)

    def put(self, array: Host) -> Array:
        """
        Return *array* on the device.
        """
        with _errors():
            return cp.asarray(array)

    def get(self, array: Array) -> Host:
        """
        Return *array* on the host, when all that was launched is done.
        """
        with _errors():
            found: Host = cp.asnumpy(array)
            return found

    def copy(self, target: Array, source: Array) -> None:
        """
        Copy *source* over *target*.
        """
        with _errors():
            target.data.copy_from_device_async(
                source.data, source.nbytes, cp.cuda.get_current_stream()
            )

    def running(self, array: Array, out: Array | None = None) -> Array:
        """
        Return the running sums of *array*, as int64 or in *out*.
        """
        with _errors():
            dtype = np.int64 if out is None else out.dtype
            return cp.cumsum(array, dtype=dtype, out=out)

    def launch(self, kernel: str, n: int, *arguments: Array | float) -> None:
        """
        Run *kernel* over *n* elements.
        """
        if not n:
            return
        with _errors():
            if kernel not in self._kernels:
                self._kernels[kernel] = self._module.get_function(kernel)
            blocks = min(self._most_blocks, -(-n // _BLOCK))
            given = [np.int64(n), *map(_argument, arguments)]
            self._kernels[kernel]((blocks,), (_BLOCK,), given)

    def load(
        self, target: Array, at: int, shares: Sequence[Share]
    ) -> Callable[[], None]:
        """
        Begin to copy *shares* to *target* from *at* on; return what waits for the end.
        """
        # What was launched may still read the memory that is written to.
        cp.cuda.get_current_stream().synchronize()
        return self._loader.load(target.data.ptr + at, shares)

    def group(self, keys: Mapping[str, Column], asks: Sequence[Ask]) -> pl.DataFrame:
        """
        Return a row for each distinct *keys*.
        """
        with _errors():
            return _grouped(self, keys, asks)

    def parquet(
        self,
        columns: Mapping[str, tuple[Column, str]],
        rows: tuple[int, int],
        compression: str,
        metadata: Mapping[str, str],
    ) -> bytes | memoryview:
        """
        Return *rows* of *columns* as a Parquet file.
        """
        with _errors():
            return _written(self, columns, rows, compression, metadata)


@cache
def own_device() -> CudaDevice:
    """
    Return this process's GPU, when it has computed something: that its libraries can be
    imported says nothing. Raises ComponentAway.
    """
    try:
        device = CudaDevice()
        found = device.get(device.running(device.put(np.array([1, _FIRST - 1]))))
        _warm(device)
    except Exception as err:
        # CUDA's libraries raise a different class for each thing that can be missing.
        message = f"the GPU does not compute: {type(err).__name__}: {err}"
        raise ComponentAway("cluster", message) from err
    if found[-1] != _FIRST:
        raise ComponentAway("cluster", f"the GPU computes 1 + 2 = {found[-1]}")
    return device


def _warm(device: CudaDevice) -> None:
    """
    Group one row by the usual kinds of key: CUDA loads a library's code when it is
    first used, which takes cuDF two seconds.
    """
    number = Column("int64", 1, device.zeros(1, np.int64))
    real = Column("float64", 1, device.zeros(1, np.float64))
    offsets = device.put(np.array([0, 1], np.int32))
    text = Column("string", 1, device.zeros(1, np.uint8), None, offsets)
    usual: tuple[Operation, ...] = ("rows", "count", "sum", "min", "max")
    asks = [
        Ask(f"{operation} {column.element}", column, operation)
        for operation in usual
        for column in (number, real)
    ]
    device.group({"text": text}, asks)
    device.group({"number": number}, asks)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (MemoryError, cp.cuda.memory.OutOfMemoryError) as err:
        raise Unfit(Why.MEMORY, f"the GPU's memory is used up: {err}") from err
    except cp.cuda.runtime.CUDARuntimeError as err:
        raise Retryable(f"the GPU failed: {err}") from err
    except RuntimeError as err:
        raise Retryable(f"cuDF: {err}") from err


def _argument(value: Array | float) -> Any:
    if isinstance(value, int):
        return np.int64(value)
    return np.float64(value) if isinstance(value, float) else value


class _Loader:
    """
    Copies pieces of files to the device, each by a thread that has a pinned buffer.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "ingestd-load")
        self._stream = cp.cuda.Stream(non_blocking=True)
        self._pinned: queue.SimpleQueue[Host] = queue.SimpleQueue()
        for _ in range(_THREADS):
            self._pinned.put(cupyx.empty_pinned(_PIECE_BYTES, np.uint8))

    def load(self, address: int, shares: Sequence[Share]) -> Callable[[], None]:
        jobs: list[Future[None]] = [
            self._pool.submit(self._copy, address + at, piece)
            for at, piece in pieces(shares, _PIECE_BYTES)
        ]

        def wait() -> None:
            # All of them, also after one failed: the memory is used again.
            failed = [error for job in jobs if (error := job.exception())]
            if failed:
                raise failed[0]

        return wait

    def _copy(self, address: int, piece: Sequence[Share]) -> None:
        pinned = self._pinned.get()
        try:
            size = fill(memoryview(pinned), piece)
            cp.cuda.runtime.memcpyAsync(
                address,
                pinned.ctypes.data,
                size,
                cp.cuda.runtime.memcpyHostToDevice,
                self._stream.ptr,
            )
            done = cp.cuda.Event(block=True, disable_timing=True)
            done.record(self._stream)
            done.synchronize()
        finally:
            self._pinned.put(pinned)


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


def _column(
    device: CudaDevice, column: Column, stored: plc.TypeId | None = None
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


def _mask(device: CudaDevice, column: Column) -> tuple[plc.gpumemoryview | None, int]:
    if column.valid is None:
        return None, 0
    count = -(-column.rows // _WORD_BITS)
    # cuDF reads masks in blocks of 64 bytes.
    words = device.zeros(-(-count // 16) * 16, np.uint32)
    ones = device.empty(count, np.int32)
    device.launch("pack", count, column.valid, column.rows, words, ones)
    valid = int(device.get(device.running(ones)[-1:])[0]) if count else 0
    return plc.gpumemoryview(words), column.rows - valid


def _frame(columns: Sequence[plc.Column], names: Sequence[str]) -> pl.DataFrame:
    table = plc.Table(list(columns)).to_arrow(list(names))
    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise TypeError("expected a table")
    return frame


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


def _grouped(
    device: CudaDevice, keys: Mapping[str, Column], asks: Sequence[Ask]
) -> pl.DataFrame:
    given = {id(ask.column): _column(device, ask.column) for ask in asks}
    requests: dict[tuple[int, bool], list[Ask]] = {}
    for ask in asks:
        place = ask.operation in _PLACES
        requests.setdefault((id(ask.column), place), []).append(ask)
    values = [
        _numbered(device, wanted[0].column) if place else given[number]
        for (number, place), wanted in requests.items()
    ]
    grouped = plc.groupby.GroupBy(
        plc.Table([_column(device, key) for key in keys.values()]),
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
    return _frame(list(columns.values()), list(columns))


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


def _numbered(device: CudaDevice, column: Column) -> plc.Column:
    """
    Return the numbers of the rows in which *column* has a value.
    """
    numbers = device.empty(column.rows, np.int32)
    device.launch("numbers", column.rows, numbers)
    return _column(device, Column("int32", column.rows, numbers, column.valid))


def _fetched(column: plc.Column, places: plc.Column) -> plc.Column:
    """
    Return the values of *column* at *places*; null where there is no place.
    """
    nowhere = plc.Scalar.from_py(column.size(), plc.DataType(plc.TypeId.INT32))
    filled = plc.replace.replace_nulls(places, nowhere)
    policy = plc.copying.OutOfBoundsPolicy.NULLIFY
    gathered = plc.copying.gather(plc.Table([column]), filled, policy)
    return gathered.columns()[0]


_STORED = {
    "bool": plc.TypeId.BOOL8,
    "date": plc.TypeId.TIMESTAMP_DAYS,
    "timestamp": plc.TypeId.TIMESTAMP_MICROSECONDS,
    "timestamp(ns)": plc.TypeId.TIMESTAMP_NANOSECONDS,
    "timestamp(tz)": plc.TypeId.TIMESTAMP_MICROSECONDS,
}
_COMPRESSIONS = {
    "zstd": plc.io.types.CompressionType.ZSTD,
    "snappy": plc.io.types.CompressionType.SNAPPY,
    "lz4": plc.io.types.CompressionType.LZ4,
    "gzip": plc.io.types.CompressionType.GZIP,
    "uncompressed": plc.io.types.CompressionType.NONE,
}


def _written(
    device: CudaDevice,
    columns: Mapping[str, tuple[Column, str]],
    rows: tuple[int, int],
    compression: str,
    metadata: Mapping[str, str],
) -> memoryview:
    codec = _COMPRESSIONS.get(compression)
    if codec is None or not plc.io.parquet.is_supported_write_parquet(codec):
        raise Unfit(Why.ROWS, f"no compression {compression}")
    made = [_column(device, c, _STORED.get(kind)) for c, kind in columns.values()]
    first, count = rows
    (table,) = plc.copying.slice(plc.Table(made), [first, first + count])
    names = plc.io.types.TableInputMetadata(table)
    for column, name in zip(names.column_metadata, columns, strict=True):
        column.set_name(name)
        column.set_nullability(True)
    target = io.BytesIO()
    options = (
        plc.io.parquet.ParquetWriterOptions.builder(
            plc.io.types.SinkInfo([target]), table
        )
        .metadata(names)
        .key_value_metadata([dict(metadata)])
        .compression(codec)
        .utc_timestamps(any(kind == "timestamp(tz)" for _, kind in columns.values()))
        .build()
    )
    plc.io.parquet.write_parquet(options)
    return target.getbuffer()
