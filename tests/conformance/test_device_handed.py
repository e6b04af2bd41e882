"""
What the cuDF engine does on the device, and what it hands over for which reason.
"""

from __future__ import annotations

import gzip

import pytest

from ingestd.errors import DeviceBroken
from ingestd.run.engines.cudf import CudfEngine
from ingestd.run.engines.cudf.device import Unfit, Why
from ingestd.run.engines.cudf.effort import MOST_HALVINGS
from ingestd.run.engines.polars import PolarsEngine
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
    "a transform": (
        PLAIN, {"transform": {"where": "v > 1"}}, b"k,v\nx,1.5\ny,0.5\n",
        {"transform": 1},
    ),
    "columns of the path": (
        PLAIN | {"n": "string"}, {"source": {"path_columns": r"(?P<n>.)\.csv"}},
        b"k,v\nx,1.5\n", {"transform": 1},
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


def test_types_are_inferred_by_the_cpu_engine():
    """
    By the same code, not by one that is like it.
    """
    assert PolarsEngine.infer is CudfEngine.infer


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


class Small:
    """A device with memory for chunks of *most* bytes."""

    def __init__(self, device, most: int) -> None:
        self._device = device
        self._most = most

    def __getattr__(self, name: str):
        return getattr(self._device, name)

    def load(self, target, at, shares):
        if sum(share.size for share in shares) > self._most:
            raise Unfit(Why.MEMORY, "used up")
        return self._device.load(target, at, shares)


ROWS = b"k,v\n" + b"".join(b"k%d,%d.5\n" % (n % 7, n) for n in range(1000))
MODES = {"groups": {"aggregate": SUM}, "rows": {}}
STEPS = {1: 1, 3: 2, 7: 3, 15: 4}
"""What a device has memory for, as a part of what it is given; the halvings."""


def output(bench: Bench, found) -> list[tuple]:
    partials = [found.partial] if found.partial else []
    return frame_of(found.parts or bench.engine.combine(bench.plan, partials)).rows()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("part", "halvings"), STEPS.items())
def test_a_device_that_is_too_small_takes_less_at_once(
    device, tmp_path, mode, part, halvings
):
    """
    Half of it, and half again: that the CPU reads is the next rung, not the first.
    """
    files = [ROWS, ROWS.replace(b".5", b".25")]
    most = (sum(map(len, files)) - 2 * len(b"k,v\n")) // part - 1
    small = Bench(CudfEngine(Small(device, most)), tmp_path, PLAIN, MODES[mode])
    whole = Bench(CudfEngine(device), tmp_path, PLAIN, MODES[mode])

    members = [small.put(f"{n}.csv", file) for n, file in enumerate(files)]
    found = small.read(*members)

    assert (halvings, {}) == (found.halved, found.handed)
    assert output(whole, whole.read(*members, unit=1)) == output(small, found)


class Broken:
    """A device that computes something else."""

    def __init__(self, device) -> None:
        self._device = device

    def __getattr__(self, name: str):
        return getattr(self._device, name)

    def running(self, array, out=None):
        return self._device.running(array + array, out)


def test_a_device_that_does_not_compute_reads_nothing(device, tmp_path):
    """
    It is looked at before each unit, whatever the one before has left.
    """
    bench = Bench(CudfEngine(Broken(device)), tmp_path, PLAIN)
    with pytest.raises(DeviceBroken, match="1 \\+ 2 = 6"):
        bench.read(bench.put("f.csv", b"k,v\nx,1.5\n"))


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

    assert ({"memory": 1}, MOST_HALVINGS) == (found.handed, found.halved)
    (part,) = bench.engine.combine(bench.plan, [found.partial])
    assert [("x", 1.5, 1), ("y", 2.5, 1)] == frame_of((part,)).rows()
