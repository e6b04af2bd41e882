"""
The whole cuDF engine on a device of tiny chunks, beside the CPU engine: the same rows,
groups, rejects and counts, wherever records are cut.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ingestd.run.engines.cudf import CudfEngine, feed
from ingestd.run.engines.polars import PolarsEngine
from tests.conformance.device_kit import device_fixture  # noqa: F401 - fixture
from tests.conformance.engine_kit import Bench, frame_of

SCHEMA = {"k": "string", "i": "int64", "f": "float64", "t": "timestamp", "b": "bool"}
FUNCTIONS = {
    "i": ("count", "mean", "min", "max", "var", "first", "last"),
    "f": ("sum", "mean", "min", "max", "std"),
    "t": ("min", "max", "first", "count"),
    "b": ("min", "max", "last"),
    "k": ("count", "min", "max", "first"),
}
METRICS = {f"{c}_{f}": [c, f] for c, functions in FUNCTIONS.items() for f in functions}
NULLS = ("", "NA")

integers = st.one_of(st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1)).map(str)
floats = st.one_of(
    st.floats(-1e6, 1e6).map(repr), st.decimals(-99, 99, places=1).map(str)
)
moments = st.datetimes().map(lambda at: at.isoformat())
words = st.sampled_from(["a", "bé", "zz", '"x,y"', '"q""q"', '"n\nl"', "l" * 60, '""'])
rows = st.tuples(
    words,
    *(
        st.one_of(values, st.sampled_from(NULLS))
        for values in (integers, floats, moments, st.sampled_from(["true", "False"]))
    ),
).map(",".join)
odd = st.sampled_from(["x,1", "a,1.5,2,,true", 'a,1,2,,"true', "", "a,1,2,,maybe"])
files = st.builds(
    lambda lines, bad, at, end, last: (
        end.join(["k,i,f,t,b", *lines[:at], *bad, *lines[at:]]) + (end if last else "")
    ).encode(),
    st.lists(rows, max_size=40),
    st.one_of(st.just([]), st.just([]), odd.map(lambda line: [line])),
    st.integers(0, 40),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
keys = st.sampled_from([("k",), ("b", "k"), ("i",), ("t",)])


def read(engine, folder: Path, contents: list[bytes], options: dict):
    bench = Bench(engine, folder, SCHEMA, options)
    for number, content in enumerate(contents):
        bench.put(f"f{number}.csv", content)
    members = [bench.member(b"f%d.csv" % n) for n in range(len(contents))]
    found = bench.read(*members)
    parts = found.parts
    if found.partial is not None:
        parts = engine.combine(bench.plan, [found.partial])
    rejects = [(r.record, r.line, r.offset, r.reason) for r in found.rejects]
    return frame_of(parts), found.members, rejects


@pytest.mark.timeout(300)
@settings(max_examples=40, deadline=None)
@given(
    st.lists(files, min_size=1, max_size=4),
    st.one_of(st.none(), keys),
    st.integers(100, 3000),
    st.booleans(),
)
def test_chunks_change_nothing(device, contents, group_by, chunk_bytes, large):
    """
    Also where members are too large to be counted before.
    """
    options = {"drift": {"bad_row": "reject"}, "csv": {"max_line_bytes": 500}}
    if group_by:
        options["aggregate"] = {"group_by": list(group_by), "metrics": METRICS}
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        if large:
            patch.setattr("ingestd.run.member_text.SMALL_BYTES", 0)
        patch.setattr(feed, "_LEAST_TAIL", 200)
        expected = read(PolarsEngine(), Path(folder, "cpu"), contents, options)
        patch.setattr(device, "chunk_bytes", chunk_bytes)
        engine = CudfEngine(device)
        found = read(engine, Path(folder, "device"), contents, options)

    assert expected[1:] == found[1:]
    exact = not group_by
    assert_frame_equal(expected[0], found[0], check_exact=exact, rel_tol=1e-9)
