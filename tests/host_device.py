"""
A device for tests that is no GPU: NumPy's arrays, Polars' groups, and the same kernels,
compiled as C++ for this machine.
"""

from __future__ import annotations

import ctypes
import functools
import io
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from ingestd.run.engines.cudf.columns import as_type
from ingestd.run.engines.cudf.device import Ask, Column, Share
from ingestd.run.engines.cudf.fill import fill
from ingestd.run.engines.cudf.kernels import source


@functools.cache
def kernels() -> ctypes.CDLL | str:
    """
    Return the compiled kernels, or why there are none.
    """
    compiler = shutil.which("c++") or shutil.which("g++")
    if compiler is None:
        return "no C++ compiler on this machine"
    with tempfile.TemporaryDirectory() as folder:
        code, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        code.write_text(source())
        # Contracted to one operation, a sum and a product would round once.
        options = ["-O2", "-std=c++17", "-fPIC", "-shared", "-ffp-contract=off"]
        subprocess.run([compiler, *options, "-o", library, code], check=True)
        return ctypes.CDLL(str(library))


class HostDevice:
    """
    The seam of the cuDF engine on the CPU.
    """

    def __init__(self, library: ctypes.CDLL, chunk_bytes: int = 1 << 20) -> None:
        self._library = library
        self.chunk_bytes = chunk_bytes

    def empty(self, size, dtype):
        # Not what numpy.empty happens to hold: a kernel must write all of it.
        return (
            np.full(size, 0x55, np.uint8).repeat(np.dtype(dtype).itemsize).view(dtype)
        )

    def zeros(self, size, dtype):
        return np.zeros(size, dtype)

    def address(self, array) -> int:
        return array.ctypes.data

    def put(self, array):
        return array.copy()

    def get(self, array):
        return array.copy()

    def copy(self, target, source):
        target[:] = source

    def running(self, array, out=None):
        return np.cumsum(array, dtype=np.int64 if out is None else out.dtype, out=out)

    def launch(self, kernel: str, n: int, *arguments) -> None:
        given = [ctypes.c_longlong(n), *map(_argument, arguments)]
        getattr(self._library, kernel)(*given)

    def load(self, target, at: int, shares: Sequence[Share]) -> Callable[[], None]:
        def wait() -> None:
            fill(memoryview(target)[at:], shares)

        return wait

    def take(self, columns, rows) -> pl.DataFrame:
        return frame_of(columns)[rows]

    def parquet(self, columns, rows, compression, metadata) -> bytes:
        frame = frame_of({name: column for name, (column, _) in columns.items()})
        kinds = [as_type(pl.col(name), kind) for name, (_, kind) in columns.items()]
        target = io.BytesIO()
        frame.slice(*rows).select(kinds).write_parquet(
            target, compression=compression, metadata=metadata
        )
        return target.getvalue()

    def group(self, keys: Mapping[str, Column], asks: Sequence[Ask]) -> pl.DataFrame:
        asked = {f"in:{ask.name}": ask.column for ask in asks}
        frame = frame_of({**keys, **asked})
        answers = [_answer(ask).alias(ask.name) for ask in asks]
        return frame.group_by(list(keys)).agg(answers)


def frame_of(columns: Mapping[str, Column]) -> pl.DataFrame:
    """
    Return *columns* as they are on the device.
    """
    return pl.DataFrame({name: _series(c) for name, c in columns.items()})


def _answer(ask: Ask) -> pl.Expr:
    column = pl.col(f"in:{ask.name}")
    answers: dict[str, Callable[[], pl.Expr]] = {
        "rows": pl.len,
        "count": column.count,
        "sum": lambda: _sum(column, ask.column.element),
        "min": column.min,
        "max": column.max,
        "first": lambda: column.drop_nulls().first(),
        "last": lambda: column.drop_nulls().last(),
        "variance": lambda: column.var(ddof=0),
    }
    return answers[ask.operation]()


def _sum(column: pl.Expr, element: str) -> pl.Expr:
    """
    As in cuDF, the sum of integers is an int64, and that of no values null.
    """
    wide = column.cast(pl.Int64) if element.startswith(("int", "uint")) else column
    return pl.when(column.count() > 0).then(wide.sum())


def _argument(value):
    if isinstance(value, np.ndarray):
        return ctypes.c_void_p(value.ctypes.data)
    if isinstance(value, float):
        return ctypes.c_double(value)
    return ctypes.c_longlong(value)


def _series(column: Column) -> pl.Series:
    if column.element == "string":
        ends, raw = column.offsets, column.values.tobytes()
        texts = [raw[start:stop].decode() for start, stop in itertools.pairwise(ends)]
        found = pl.Series(texts, dtype=pl.String)
    else:
        found = pl.Series(column.values.copy())
    if column.valid is not None:
        valid = pl.Series(column.valid.astype(bool))
        found = pl.select(pl.when(valid).then(found)).to_series()
    return found
