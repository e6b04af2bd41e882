"""
What the cuDF engine does on the device, and what it hands over for which reason.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.run.engines.cudf import CudfEngine
from ingestd.run.engines.cudf.device import Unfit, Why
from tests.conformance.device_kit import device_fixture  # noqa: F401 - fixture
from tests.conformance.engine_kit import Bench, frame_of

SCHEMA = {"k": "string", "v": "float64", "d": "decimal(5,2)", "t": "timestamp"}
HEAD = b"k,v,d,t\n"
GOOD = HEAD + b"x,1.5,1.25,2026-01-01T00:00:00\n" * 3
SUM = {"group_by": ["k"], "metrics": {"v": ["v", "sum"]}}
PLAIN = {"k": "string", "v": "float64"}


def grouped(column: str, function: str) -> dict:
    return {"aggregate": {"group_by": ["k"], "metrics": {"m": [column, function]}}}


HANDED = {
    "groups": (SCHEMA, {"aggregate": SUM}, GOOD, {}),
    "a count of decimals": (SCHEMA, grouped("d", "count"), GOOD, {"type": 1}),
    "a median": (SCHEMA, grouped("v", "median"), GOOD, {"function": 1}),
    "distinct values": (SCHEMA, grouped("k", "n_unique"), GOOD, {"function": 1}),
    "packed groups": (SCHEMA, {"aggregate": SUM}, gzip.compress(GOOD), {}),
    "a value": (
        SCHEMA, {"aggregate": SUM}, GOOD.replace(b"1.5", b"1e400"), {"value": 1},
    ),
    "a NaN as key": (
        SCHEMA, {"aggregate": SUM | {"group_by": ["v"]}}, GOOD.replace(b"1.5", b"nan"),
        {"value": 1},
    ),
    "a column that is not used": (
        SCHEMA, {"aggregate": SUM}, GOOD.replace(b"1.25", b"x"), {},
    ),
    "a return within a line": (
        PLAIN, {"csv": {"quote": ""}}, b"k,v\na\rb,1\n", {"text": 1},
    ),
    "rows": (PLAIN, {}, b"k,v\nx,1.5\n", {}),
    "rows with decimals": (SCHEMA, {}, GOOD, {"type": 1}),
    "rows in partitions": (
        PLAIN, {"sink": {"url": "out", "partition_by": ["k"]}}, b"k,v\nx,1.5\n",
        {"rows": 1},
    ),
    "lineage": (
        PLAIN, {"sink": {"url": "out", "lineage_columns": True}}, b"k,v\nx,1\n",
        {"rows": 1},
    ),
    "a dialect that is rewritten": (
        PLAIN, {"csv": {"delimiter": "||"}}, b"k||v\nx||1.5\n", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDED)
def test_what_is_handed_over(device, tmp_path, case):
    """
    The reason is one of a closed list; the file is read either way.
    """
    schema, options, content, handed = HANDED[case]
    bench = Bench(CudfEngine(device), tmp_path, schema, options)

    found = bench.read(bench.put("f.csv", content))

    assert handed == found.handed
    assert "" == found.members[0].reason


def test_only_the_file_at_fault_is_read_by_the_cpu(device, tmp_path):
    """
    Its neighbours are tried again without it.
    """
    bench = Bench(CudfEngine(device), tmp_path, PLAIN, {"aggregate": SUM})
    members = [bench.put(f"f{i}.csv", b"k,v\nx,1.5\n") for i in range(8)]
    members[5] = bench.put("f5.csv", b"k,v\nx,no number\n")

    found = bench.read(*members)

    assert ["bad_value" if i == 5 else "" for i in range(8)] == [
        member.reason for member in found.members
    ]
    # All eight at once, then the halves that hold it.
    assert {"value": 8 + 4 + 2 + 1} == found.handed


class Short:
    """A device whose memory is used up when it groups."""

    def __init__(self, device) -> None:
        self._device = device

    def __getattr__(self, name: str):
        return getattr(self._device, name)

    def take(self, columns, rows):
        raise Unfit(Why.MEMORY, "used up")


def test_a_device_without_memory_left_hands_over(device, tmp_path):
    """
    The CPU engine has the host's memory, and gives the same answer.
    """
    bench = Bench(CudfEngine(Short(device)), tmp_path, PLAIN, {"aggregate": SUM})

    found = bench.read(bench.put("f.csv", b"k,v\nx,1.5\ny,2.5\n"))

    assert {"memory": 1} == found.handed
    (part,) = bench.engine.combine(bench.plan, [found.partial])
    assert [("x", 1.5, 1), ("y", 2.5, 1)] == frame_of((part,)).rows()
