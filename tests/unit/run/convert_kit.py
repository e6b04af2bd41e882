"""
One column of CSV text, read as the engine reads it: strictly, or text first.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from ingestd.config import Csv
from ingestd.run.engines.polars.convert import (
    converted,
    data_type,
    misfit,
    stored_type,
)
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.text.emit import Plain

REFUSED = "refused"


def strictly(
    texts: Sequence[str], column_type: str, options: Csv, *, unmarked: bool = False
) -> list[object] | str:
    """
    Return the values that a strict reading of *texts*, a record each, gives; or that
    it refuses them.
    """
    frame = pl.scan_csv(
        _file(texts),
        schema={"k": pl.Int64(), "v": stored_type(column_type, options)},
        **_settings(options, unmarked=unmarked),
    )
    value = converted(pl.col("v"), column_type, options, unmarked=unmarked)
    try:
        return _values(frame.select(value).collect(engine="streaming"), column_type)
    except pl.exceptions.PolarsError:
        return REFUSED


def with_care(texts: Sequence[str], column_type: str, options: Csv) -> list[object]:
    """
    Return what the careful reading makes of each of *texts*: a value, or REFUSED.
    """
    frame = pl.read_csv(
        _file(texts),
        schema={"k": pl.Int64(), "v": pl.String()},
        **_settings(options),
    )
    value = converted(pl.col("v"), column_type, options, strict=False)
    bad = frame.select(misfit(pl.col("v"), column_type, options)).to_series()
    values = _values(frame.select(value), column_type)
    assert not any(v is not None and b for v, b in zip(values, bad, strict=True))
    return [REFUSED if b else v for v, b in zip(values, bad, strict=True)]


def listed(text: str) -> list[str]:
    """
    Return the texts that *text* lists, with bars between them.
    """
    return text.split("|")


def same(one: object, other: object) -> bool:
    """
    Tell whether two values are one: NaN is itself, 0 is not -0.
    """
    if isinstance(one, float) and isinstance(other, float):
        signs = math.copysign(1, one) == math.copysign(1, other)
        return (math.isnan(one) and math.isnan(other)) or (one == other and signs)
    return type(one) is type(other) and one == other


def nanoseconds(moment: datetime, extra: int = 0) -> int:
    """
    Return *moment*, in UTC where it has no zone, as nanoseconds since 1970.
    """
    since = moment.replace(tzinfo=None) - datetime(1970, 1, 1)
    micro = (since.days * 86_400 + since.seconds) * 10**6 + since.microseconds
    return micro * 1000 + extra


def _file(texts: Sequence[str]) -> io.BytesIO:
    lines = ["k,v"]
    lines += ['1,"' + text.replace('"', '""') + '"' for text in texts]
    return io.BytesIO("\n".join([*lines, ""]).encode())


def _settings(options: Csv, *, unmarked: bool = False) -> dict:
    return reader_options(options, Plain(b",", b'"'), unmarked=unmarked)


def _values(frame: pl.DataFrame, column_type: str) -> list[object]:
    column = frame.to_series()
    assert data_type(column_type) == column.dtype
    if column_type == "timestamp(ns)":
        # Python's datetime would drop the last three digits.
        return column.cast(pl.Int64).to_list()
    return column.to_list()
