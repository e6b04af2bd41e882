"""
Functions as users write them, right and wrong.
"""

from __future__ import annotations

import sys

import polars as pl

NO_CALLABLE = 7


def scored(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Add a column.
    """
    return rows.with_columns(score=pl.col("temp") * pl.col("device"))


def without_nulls(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Leave rows out.
    """
    return rows.drop_nulls("temp")


def backwards(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Give the rows in another order, and the columns too.
    """
    return rows.reverse().select(reversed(rows.columns))


def as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Change the type of a column.
    """
    return rows.with_columns(pl.format("d{}", "device").alias("device"))


def all_null(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Add a column without any value.
    """
    return rows.with_columns(score=pl.lit(None))


def nothing(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Leave all rows out.
    """
    return rows.clear()


def file_height(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Tell how many rows there were.
    """
    return rows.with_columns(score=pl.lit(rows.height, pl.Float64))


def no_zero(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Refuse rows, from within.
    """
    _refuse(rows)
    return rows


def _refuse(rows: pl.DataFrame) -> None:
    if 0 in rows["device"]:
        raise ValueError("device \udcff 0\nis the test device")


def no_nulls(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Refuse rows that lack something.
    """
    if any(column.has_nulls() for column in rows):
        raise ValueError("a null")
    return rows


def leaves(rows: pl.DataFrame) -> pl.DataFrame:
    """
    End the process, or try to.
    """
    sys.exit(f"{rows.height} rows are enough")


def deep(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Never end.
    """
    return deep(rows)


def full(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Write to a disk that is full.
    """
    with open("/dev/full", "wb", buffering=0) as file:
        file.write(b"x" * rows.height)
    return rows


def no_frame(rows: pl.DataFrame) -> int:
    """
    Return what is no frame.
    """
    return rows.height


def lazy(rows: pl.DataFrame) -> pl.LazyFrame:
    """
    Return a plan instead of rows.
    """
    return rows.lazy()


def doubled(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Return more rows.
    """
    return pl.concat([rows, rows])


def one_less(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Return a column too few.
    """
    return rows.drop("temp")


def narrow(rows: pl.DataFrame) -> pl.DataFrame:
    """
    Return another type than declared.
    """
    return rows.with_columns(score=pl.col("temp").cast(pl.Float32))
