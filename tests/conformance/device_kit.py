"""
What tests of the device's own parts share: the devices, and one column of one text on
one of them and on the CPU.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import import_module

import polars as pl
import pytest

from ingestd.config import Csv
from ingestd.errors import IngestdError
from ingestd.run.engines.cudf.columns import Reader, as_type
from ingestd.run.engines.cudf.cut import NOTHING, Shape, cut
from ingestd.run.engines.cudf.device import Column, Device
from ingestd.run.engines.cudf.feed import Body, chunks
from ingestd.run.engines.polars.convert import converted, stored_type
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.text.emit import Plain
from tests.host_device import HostDevice, frame_of, kernels

OPTIONS = Csv()
LONGEST = 1 << 20


@functools.cache
def device_or_reason(name: str) -> Device | str:
    """
    Return the device called *name*, or why it does not work here.
    """
    if name == "no GPU":
        library = kernels()
        return library if isinstance(library, str) else HostDevice(library)
    try:
        # By name: its module cannot be imported everywhere.
        return import_module("ingestd.run.engines.cudf.cuda").own_device()
    except (ImportError, IngestdError) as error:
        return f"GPU: {error}"


@pytest.fixture(
    params=["no GPU", pytest.param("GPU", marks=pytest.mark.gpu)],
    name="device",
    scope="session",
)
def device_fixture(request) -> Device:
    """
    Each device in turn; one that cannot work here is skipped with the reason.
    """
    found = device_or_reason(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    return found


def text_of(fields: Sequence[str]) -> bytes:
    return "".join(f"1,{field}\n" for field in fields).encode()


def on_device(device: Device, kind: str, fields: Sequence[str]) -> pl.Series:
    """
    Return *fields* as the device reads them; raise Unfit where it does not.
    """
    text = text_of(fields)
    body = Body(text, 0, len(text), len(text))
    (column,) = [
        Reader(device, OPTIONS).columns(
            cut(device, chunk, Shape(ord(","), ord('"'), 2, LONGEST)),
            {"v": (1, kind)},
            set(),
        )["v"]
        for chunk in chunks(device, [body], LONGEST)
    ]
    frame = frame_of({"v": on_host(device, column.column)})
    return frame.select(as_type(pl.col("v"), kind)).to_series()


def on_host(device: Device, column: Column) -> Column:
    """
    Return *column* with its arrays in this machine's memory.
    """
    valid, offsets = column.valid, column.offsets
    return Column(
        column.element,
        column.rows,
        device.get(column.values),
        None if valid is None else device.get(valid),
        None if offsets is None else device.get(offsets),
    )


def on_cpu(kind: str, fields: Sequence[str]) -> pl.Series:
    """
    Return *fields* as the CPU engine reads them; raise PolarsError where it does not.
    """
    options = reader_options(OPTIONS, Plain(b",", b'"')) | {"has_header": False}
    schema = {"k": pl.Int64(), "v": stored_type(kind, OPTIONS)}
    frame = pl.scan_csv(text_of(fields), schema=schema, **options)
    return frame.select(converted(pl.col("v"), kind, OPTIONS)).collect().to_series()


__all__ = ["NOTHING", "device_fixture", "on_cpu", "on_device"]
