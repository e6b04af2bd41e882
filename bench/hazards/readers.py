"""
The plain readers of others, as a first script would call them: a path, and no option.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from pyarrow import csv

from bench.hazards.judge import Refused, Table


def by_pandas(path: Path) -> Table:
    frame = pd.read_csv(path)
    values = frame.astype(object).itertuples(index=False, name=None)
    return Table(tuple(map(str, frame.columns)), list(values))


def by_pyarrow(path: Path) -> Table:
    table = csv.read_csv(path)
    columns = [column.to_pylist() for column in table.columns]
    return Table(tuple(table.column_names), list(zip(*columns, strict=True)))


def by_polars(path: Path) -> Table:
    frame = pl.read_csv(path)
    return Table(tuple(frame.columns), frame.rows())


def by_duckdb(path: Path) -> Table:
    with duckdb.connect() as connection:
        found = connection.read_csv(str(path))
        return Table(tuple(found.columns), found.fetchall())


READERS: dict[str, tuple[str, Callable[[Path], Table]]] = {
    "pandas": (pd.__version__, by_pandas),
    "pyarrow": (pa.__version__, by_pyarrow),
    "Polars": (pl.__version__, by_polars),
    "DuckDB": (duckdb.__version__, by_duckdb),
}
"""The reader's version, and how it reads a file."""


def read(name: str, path: Path) -> Table | Refused:
    """
    Return what the reader *name* makes of *path*.
    """
    try:
        return READERS[name][1](path)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what it says
        return Refused(type(error).__name__)
