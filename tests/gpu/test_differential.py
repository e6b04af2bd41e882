"""
Random tables through both engines, in tiny chunks: the same rows, groups and rejects.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ingestd.run import member_text
from ingestd.run.engines.cudf import CudfEngine, feed
from ingestd.run.engines.polars import PolarsEngine
from tests.conformance.device_kit import device_or_reason
from tests.conformance.engine_kit import Bench, frame_of

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(300)]

SEEDS, ROUNDS = 4, 12
SCHEMA = {
    "k": "string", "i": "int64", "f": "float64", "t": "timestamp", "b": "bool",
    "s": "string",
}  # fmt: skip
KEYS = (["k"], ["k", "b"], ["b"], ["i"], ["t", "k"])
PLAIN = ("a", "b", "cé", "dd")
QUOTED = (*PLAIN, '"x,y"', '"q""q"', '"n\nl"', "long" * 20)
ODD = ("x,1\n", "x,1,2,3,4,5,6\n", 'x,1,2.5,2026-01-01T00:00:00,true,"open\n', "\n")
_SIMPLE = ("count", "min", "max", "first", "last")
METRICS = {
    f"{column}_{function}": [column, function]
    for column in SCHEMA
    for function in _SIMPLE
    if column != "k"
} | {"n": ["*", "count"], "fs": ["f", "sum"], "fm": ["f", "mean"], "fv": ["f", "var"]}


@dataclass(slots=True)
class Draw:
    """
    One random table after the other.
    """

    draw: random.Random
    texts: tuple[str, ...] = PLAIN

    def value(self, kind: str) -> str:
        draw = self.draw
        if draw.random() < 0.05:
            return draw.choice(["", "NA"])
        match kind:
            case "int64":
                large = draw.getrandbits(62) * draw.choice([1, -1])
                return str(draw.choice([draw.randrange(-100, 100), large]))
            case "float64":
                short = f"{draw.uniform(-50, 50):.2f}"
                return draw.choice([short, repr(draw.lognormvariate(0, 5))])
            case "timestamp":
                day, second = draw.randrange(1, 29), draw.randrange(60)
                end = draw.choice(["", ".5", ".123456"])
                return (
                    f"2026-{draw.randrange(1, 13):02}-{day:02}T01:02:{second:02}{end}"
                )
            case "bool":
                return draw.choice(["true", "False"])
        return draw.choice(self.texts)

    def table(self) -> bytes:
        draw = self.draw
        end = draw.choice(["\n", "\r\n"])
        self.texts = draw.choice([PLAIN, PLAIN, QUOTED])
        rows = draw.choice([1, 3, 50, 400, 3000])
        lines = [",".join(map(self.value, SCHEMA.values())) for _ in range(rows)]
        text = end.join([",".join(SCHEMA), *lines]) + draw.choice(["", end])
        if draw.random() < 0.1:
            text += draw.choice(ODD)
        if draw.random() < 0.05:
            text = text.replace("true", "maybe", 1)
        return text.encode()

    def options(self) -> dict:
        draw = self.draw
        groups = {"group_by": draw.choice(KEYS), "metrics": METRICS}
        return {
            "csv": {"max_line_bytes": draw.choice([400, 1 << 20])},
            "drift": {"bad_row": draw.choice(["reject", "fail"])},
            **({"aggregate": groups} if draw.random() < 0.7 else {}),
        }


def read(engine, folder: Path, files: list[bytes], options: dict):
    """
    Return the output, the members' ends and the rejects.
    """
    bench = Bench(engine, folder, SCHEMA, options)
    members = [bench.put(f"f{n}.csv", file) for n, file in enumerate(files)]
    found = bench.read(*members)
    partials = [found.partial] if found.partial else []
    output = frame_of(found.parts or engine.combine(bench.plan, partials))
    ends = [
        (m.outcome, m.reason, m.rows_in, m.rows_out, m.rows_rejected, m.detail)
        for m in found.members
    ]
    return output, ends, [(r.record, r.line, r.offset, r.reason) for r in found.rejects]


def same(ours: pl.DataFrame, theirs: pl.DataFrame, *, exact: bool) -> None:
    """
    Fail unless both are equal: not *exact*, sums to 12 digits, variances to 9.
    """
    spread = [name for name in ("fv",) if name in ours.columns]
    for columns, digits in ((spread, 9), (set(ours.columns) - set(spread), 12)):
        assert_frame_equal(
            ours.select(sorted(columns)), theirs.select(sorted(columns)),
            check_exact=exact, rel_tol=10.0**-digits, abs_tol=0,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(SEEDS))
def test_both_engines_give_the_same(tmp_path, monkeypatch, seed):
    """
    Whatever the table, and wherever its records are cut.
    """
    device = device_or_reason("GPU")
    if isinstance(device, str):
        pytest.skip(device)
    draw = Draw(random.Random(seed))
    whole_chunk = device.chunk_bytes
    for number in range(ROUNDS):
        files = [draw.table() for _ in range(draw.draw.randrange(1, 5))]
        options = draw.options()
        small = draw.draw.choice([1 << 20, 0, 2000])
        monkeypatch.setattr(member_text, "SMALL_BYTES", small)
        monkeypatch.setattr(feed, "_LEAST_TAIL", draw.draw.choice([200, 1 << 16]))
        ours = read(PolarsEngine(), tmp_path / f"{number}-cpu", files, options)
        try:
            device.chunk_bytes = draw.draw.choice([300, 1000, 5000, 1 << 20])
            gpu = CudfEngine(device)
            theirs = read(gpu, tmp_path / f"{number}-gpu", files, options)
        finally:
            device.chunk_bytes = whole_chunk
        assert ours[1:] == theirs[1:]
        same(ours[0], theirs[0], exact="aggregate" not in options)
