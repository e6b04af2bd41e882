"""
What tests of the device's own parts share: the device that is no GPU, and one column
of one text on it and on the CPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from ingestd.config import Csv
from ingestd.run.engines.cudf.columns import Reader, as_type
from ingestd.run.engines.cudf.cut import NOTHING, Shape, cut
from ingestd.run.engines.cudf.device import Device
from ingestd.run.engines.cudf.feed import Body, chunks
from ingestd.run.engines.polars.convert import converted, stored_type
from ingestd.run.engines.polars.read import reader_options
from ingestd.run.text.emit import Plain
from tests.host_device import HostDevice, frame_of, kernels

OPTIONS = Csv()
LONGEST = 1 << 20


@pytest.fixture(name="device", scope="session")
def device_fixture() -> HostDevice:
    """
    The device of this machine's CPU; without a compiler its tests are skipped.
    """
    library = kernels()
    if isinstance(library, str):
        pytest.skip(library)
    return HostDevice(library)


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
    frame = frame_of({"v": column.column})
    return frame.select(as_type(pl.col("v"), kind)).to_series()


def on_cpu(kind: str, fields: Sequence[str]) -> pl.Series:
    """
    Return *fields* as the CPU engine reads them; raise PolarsError where it does not.
    """
    options = reader_options(OPTIONS, Plain(b",", b'"')) | {"has_header": False}
    schema = {"k": pl.Int64(), "v": stored_type(kind, OPTIONS)}
    frame = pl.scan_csv(text_of(fields), schema=schema, **options)
    return frame.select(converted(pl.col("v"), kind, OPTIONS)).collect().to_series()


__all__ = ["NOTHING", "device_fixture", "on_cpu", "on_device"]
