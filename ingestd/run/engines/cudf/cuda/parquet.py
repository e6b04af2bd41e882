"""
Parquet by cuDF.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import pylibcudf as plc

from ingestd.run.engines.cudf.cuda.table import column_of
from ingestd.run.engines.cudf.device import Column, Device, Unfit, Why

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


def parquet_of(
    device: Device,
    columns: Mapping[str, tuple[Column, str]],
    rows: tuple[int, int],
    compression: str,
    metadata: Mapping[str, str],
) -> memoryview:
    """
    Return *rows* (first, count) of *columns* as a file. Raises Unfit for a compression
    that is not there.
    """
    codec = _COMPRESSIONS.get(compression)
    if codec is None or not plc.io.parquet.is_supported_write_parquet(codec):
        raise Unfit(Why.ROWS, f"no compression {compression}")
    made = [column_of(device, c, _STORED.get(kind)) for c, kind in columns.values()]
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
