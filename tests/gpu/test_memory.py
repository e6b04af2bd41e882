"""
The ladder on a GPU whose memory is made small: less at once, then the CPU engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from ingestd.run.engines.cudf import CudfEngine
from ingestd.run.engines.cudf.effort import MOST_HALVINGS
from ingestd.run.engines.polars import PolarsEngine
from tests.conformance.device_kit import device_or_reason
from tests.conformance.engine_kit import Bench, frame_of

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(200)]

MIB = 1 << 20
SCHEMA = {"k": "string", "v": "float64"}
SUM = {"group_by": ["k"], "metrics": {"v": ["v", "sum"], "hi": ["v", "max"]}}
TEXT = b"k,v\n" + b"".join(b"key %d,%d.25\n" % (n % 999, n) for n in range(1_500_000))
MODES = {"groups": {"aggregate": SUM}, "rows": {}}
LARGEST = {"groups": 1024, "rows": 4096}
"""
Writing Parquet with zstd takes 1.15 GB for itself however few the rows are (measured on
an H100), so halving what is read does not help there.
"""


@contextmanager
def limited(most: int) -> Iterator[None]:
    """
    Have allocations fail beyond *most* bytes.
    """
    rmm = import_module("rmm")
    before = rmm.mr.get_current_device_resource()
    rmm.mr.set_current_device_resource(rmm.mr.LimitingResourceAdaptor(before, most))
    try:
        yield
    finally:
        rmm.mr.set_current_device_resource(before)


def read(engine, folder: Path, options: dict):
    """
    Return what *engine* says of the text, and its output.
    """
    bench = Bench(engine, folder, SCHEMA, options)
    found = bench.read(bench.put("f.csv", TEXT))
    partials = [found.partial] if found.partial else []
    parts = found.parts or engine.combine(bench.plan, partials)
    return found, frame_of(parts)


@pytest.mark.parametrize("mode", MODES)
def test_a_small_gpu_gives_the_same(tmp_path, mode):
    """
    Nothing is handed over as long as there is room, or halving helps, and all when it
    does not; whatever the memory, nothing is lost.
    """
    device = device_or_reason("GPU")
    if isinstance(device, str):
        pytest.skip(device)
    _, expected = read(PolarsEngine(), tmp_path / "cpu", MODES[mode])
    engine = CudfEngine(device)
    rungs = []
    for pool in (int(LARGEST[mode] * MIB * 0.7**n) for n in range(24)):
        with limited(pool):
            found, output = read(engine, tmp_path / f"{pool}", MODES[mode])
        rungs.append((found.halved, found.handed))
        print(mode, pool // MIB, "MiB: halved", found.halved, found.handed)
        assert_frame_equal(expected, output, check_exact=False, rel_tol=1e-12)
    assert (0, {}) == rungs[0]
    if mode == "groups":
        assert any(halved and not handed for halved, handed in rungs)
    assert (MOST_HALVINGS, {"memory": 1}) == rungs[-1]
