"""
Values on the device: what it takes is what the CPU engine makes of it, to the last bit;
what is usual it takes.
"""

from __future__ import annotations

import struct

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestd.run.engines.cudf.device import Unfit, Why
from tests.conformance.device_kit import device_fixture, on_cpu, on_device  # noqa: F401 - fixture

INTEGERS = tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
FLOATS = ("float32", "float64")
TIMES = ("timestamp", "timestamp(ns)", "timestamp(tz)")

BORDERS = (7, 8, 15, 16, 31, 32, 63, 64)

# What is usual: if the device did not take these, nothing would be wrong and all of it
# slow.
TAKEN = {
    "int8": ["-128", "127", "+7", " 7", "007", '"7"', "", "NA"],
    "int64": ["-9223372036854775808", "9223372036854775807", "0", "12", "null"],
    "uint64": ["18446744073709551615", "0"],
    "float32": ["1.5", "-0.1", "3.4e38", "16777216", "inf", "nan", "1e-37"],
    "float64": [
        "12.3", "-0.1", ".5", "5.", "1e22", "-1.7976931348623157e308", "inf",
        "-Infinity", "NaN", "0.30000000000000004", "9007199254740993",
        "2.2250738585072014e-308", "0.0", "-0.0", "1E5", "1e-10", "", '"2.5"', " 2.5",
    ],
    "bool": ["true", "FALSE", "True", "", "NA"],
    "date": ["2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31", ""],
    "timestamp": [
        "2026-02-28T01:02:03", "2026-02-28 01:02", "1969-12-31T23:59:59.999999",
    ],
    "timestamp(ns)": ["2026-02-28T01:02:03.123456789", "1678-01-01T00:00:00"],
    "timestamp(tz)": [
        "2026-02-28T01:02:03Z", "2026-02-28T01:02:03.5+05:30", "2026-01-01 00:00-01",
    ],
    "string": [
        "x", '"x"', '"a""b"', '""""', '"x,y"', '"x\ny"', "žluť", "",
        '"NA"', '""', " x ",
    ],
}  # fmt: skip

LEFT = {
    "int8": ["128", "1.0", "x", "1 ", "-", '"NA"'],
    "int64": ["9223372036854775808", "99999999999999999999", "1_0", "0x1"],
    "uint8": ["-1", "256"],
    "float32": ["16777217", "1e-40", "3.5e38"],
    "float64": [
        "1.5.6",
        "1e400",
        "1e-400",
        "1e",
        "--1",
        "0x1p3",
        "1,5".replace(",", "_"),
    ],
    "bool": ["1", "yes", "tr"],
    "date": ["2026-02-30", "2023-02-29", "1900-02-29", "2026-2-8", "28/02/2026"],
    "timestamp": ["2026-02-28T24:00:00", "2026-02-28T01:02:60", "2026-02-28T01:02:03Z"],
    "timestamp(ns)": ["1500-01-01T00:00:00", "2500-01-01T00:00:00"],
    "timestamp(tz)": ["2026-02-28T01:02:03", "2026-02-28T01:02:03+5"],
}


@pytest.mark.parametrize("kind", TAKEN)
def test_usual_values_are_taken(device, kind):
    """
    And are the same as on the CPU.
    """
    found, expected = on_device(device, kind, TAKEN[kind]), on_cpu(kind, TAKEN[kind])

    assert bits_of(expected) == bits_of(found)


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k in LEFT for t in LEFT[k]])
def test_what_may_be_no_value_is_left(device, kind, text):
    """
    One of them among good ones is enough.
    """
    with pytest.raises(Unfit) as caught:
        on_device(device, kind, [TAKEN.get(kind, ["1"])[0], text])

    assert Why.VALUE == caught.value.why


def raw_float(bits: int) -> str:
    return repr(struct.unpack("d", struct.pack("Q", bits))[0])


digits = st.integers(0, 2**70).map(str)
numbers = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.integers(0, 2**64 - 1).map(raw_float),
    st.decimals(-1000, 1000, places=3).map(str),
    st.tuples(digits, st.integers(-340, 320)).map(lambda p: f"{p[0]}e{p[1]}"),
    st.tuples(digits, digits).map(".".join),
    # The hardest: in the middle of two floats.
    st.integers(2**52, 2**53 - 1).map(lambda m: str(2 * m + 1)),
    st.text("0123456789+-.eE naifNIF", min_size=1, max_size=9),
    st.tuples(
        st.sampled_from([-1, 1]), st.sampled_from(BORDERS), st.integers(-1, 1)
    ).map(lambda p: str(p[0] * 2 ** p[1] + p[2])),
)
days = st.one_of(
    st.dates().map(str),
    st.tuples(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32)).map(
        lambda d: "{:04}-{:02}-{:02}".format(*d)
    ),
    st.text("0123456789-/ ", min_size=8, max_size=11),
)
clocks = st.one_of(
    st.times().map(str),
    st.times().map(lambda t: str(t)[:5]),
    st.text("0123456789:.", min_size=5, max_size=18),
)
zones = st.sampled_from(
    ["", "Z", "+05:30", "-0100", "+14:00", "-15:00", "+5", " UTC", "z"]
)
moments = st.tuples(days, st.sampled_from("TT t"), clocks, zones).map("".join)
VALUES = {
    **dict.fromkeys((*INTEGERS, *FLOATS), numbers),
    "date": days,
    **dict.fromkeys(TIMES, moments),
}


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_taken_is_what_the_cpu_makes_of_it(device, kind, data):
    """
    The device may leave a value, never read another one, nor one that is none.
    """
    texts = data.draw(st.lists(VALUES[kind], min_size=1, max_size=20))
    taken = [text for text in texts if takes(device, kind, text)]

    if taken:
        found, expected = on_device(device, kind, taken), on_cpu(kind, taken)
        assert bits_of(expected) == bits_of(found)


def takes(device, kind: str, text: str) -> bool:
    try:
        on_device(device, kind, [text])
    except Unfit:
        return False
    return True


def bits_of(values: pl.Series) -> list:
    """
    Return *values* so that the sign of a zero counts, and a NaN is equal to another.
    """
    if not values.dtype.is_float():
        if isinstance(values.dtype, pl.Datetime):
            # Python has no year that is earlier or later, nor nanoseconds.
            values = values.dt.timestamp(values.dtype.time_unit)
        return [values.dtype, *values.to_list()]
    return [
        values.dtype,
        *(value if value is None else value.hex() for value in values),
    ]
