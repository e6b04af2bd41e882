"""
One GPU. Kernels and cuDF run on the same stream, so what is launched happens in order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import cupy as cp
import numpy as np
import numpy.typing as npt
import polars as pl
import rmm
from rmm.allocators.cupy import rmm_cupy_allocator

from ingestd.errors import DeviceBroken
from ingestd.run.engines.cudf.cuda.groups import grouped
from ingestd.run.engines.cudf.cuda.load import Loader
from ingestd.run.engines.cudf.cuda.parquet import parquet_of
from ingestd.run.engines.cudf.cuda.table import taken
from ingestd.run.engines.cudf.device import (
    WHAT_TO_DO,
    Array,
    Ask,
    Column,
    Host,
    Operation,
    Share,
    Unfit,
    Why,
    check,
)
from ingestd.run.engines.cudf.kernels import source

_CHUNK_BYTES = 512 << 20
_LEAST_CHUNK_BYTES = 16 << 20
_SHARE_OF_MEMORY = 24
"""A chunk takes up to about ten times its size while it is worked on, and the next one
is there too."""

_BLOCK = 256
_BLOCKS_PER_PROCESSOR = 16


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
        self._module = cp.RawModule(code=source(), options=("--std=c++17",))
        self._kernels: dict[str, Any] = {}
        processors = device.attributes["MultiProcessorCount"]
        self._most_blocks = processors * _BLOCKS_PER_PROCESSOR
        share = device.mem_info[1] // _SHARE_OF_MEMORY
        self.chunk_bytes = max(_LEAST_CHUNK_BYTES, min(_CHUNK_BYTES, share))
        self._loader = Loader()

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

    def address(self, array: Array) -> int:
        """
        Return where *array* begins in the GPU's memory.
        """
        return int(array.data.ptr)

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
        with _errors():
            # What was launched may still read the memory that is written to.
            cp.cuda.get_current_stream().synchronize()
            wait = self._loader.load(target.data.ptr + at, shares)

        def waited() -> None:
            with _errors():
                wait()

        return waited

    def group(self, keys: Mapping[str, Column], asks: Sequence[Ask]) -> pl.DataFrame:
        """
        Return a row for each distinct *keys*.
        """
        with _errors():
            return grouped(self, keys, asks)

    def take(self, columns: Mapping[str, Column], rows: Host) -> pl.DataFrame:
        """
        Return the *rows* of *columns* on the host.
        """
        with _errors():
            return taken(self, columns, rows)

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
            return parquet_of(self, columns, rows, compression, metadata)


def own_device() -> CudaDevice:
    """
    Return this process's GPU, when it has computed something: that its libraries can be
    imported says nothing. Raises DeviceBroken.
    """
    with _making:
        return _own_device()


_making = threading.Lock()


@cache
def _own_device() -> CudaDevice:
    try:
        device = CudaDevice()
        check(device)
        _warm(device)
    except DeviceBroken:
        raise
    except Exception as err:
        # CUDA's libraries raise a different class for each thing that can be missing.
        message = f"the GPU does not compute: {type(err).__name__}: {err}"
        raise DeviceBroken(message, hint=WHAT_TO_DO) from err
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
    except RuntimeError as err:  # CuPy's own is one
        if "out of memory" in str(err).lower():
            # CUDA's own words: of a stream, an event or a kernel that found no room.
            raise Unfit(Why.MEMORY, f"the GPU's memory is used up: {err}") from err
        if isinstance(err, cp.cuda.runtime.CUDARuntimeError) or "CUDA" in str(err):
            # No file is at fault, and after most such errors the process can do nothing
            # more on its GPU.
            raise DeviceBroken(f"the GPU failed: {err}", hint=WHAT_TO_DO) from err
        raise Unfit(Why.LIBRARY, f"cuDF refuses: {err}") from err


def _argument(value: Array | float) -> Array:
    if isinstance(value, int):
        return np.int64(value)
    return np.float64(value) if isinstance(value, float) else value
