"""
What the engine suite shares: the engines that work here, files, plans, reading back.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingestd.config import Pipeline
from ingestd.errors import IngestdError
from ingestd.model import (
    FileRef,
    Fingerprint,
    Member,
    MemberResult,
    Part,
    Schema,
    Unit,
)
from ingestd.run.engine import Engine, Plan, load
from ingestd.run.engines.cudf import CudfEngine
from ingestd.run.transform.pipeline import shape_of
from tests.host_device import HostDevice, kernels


@functools.cache
def engine_or_reason(name: str) -> Engine | str:
    """
    Return the engine called *name*, or why it does not work here.

    The CPU engine works everywhere: without it the suite must fail, not be skipped.
    """
    if name == "polars":
        return load(name)
    if name == "cudf, no GPU":
        library = kernels()
        if isinstance(library, str):
            return library
        return CudfEngine(HostDevice(library, 64 << 20))
    try:
        return load(name)
    except (ImportError, IngestdError) as error:
        return f"{name}: {error}"


def _working(name: str) -> Engine:
    """
    Return the engine called *name*; skip with the reason where it cannot work.
    """
    found = engine_or_reason(name)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(
    params=[
        "polars",
        "cudf, no GPU",
        pytest.param("cudf", marks=pytest.mark.gpu),
    ],
    name="engine",
)
def engine_fixture(request) -> Engine:
    """
    Each engine in turn.
    """
    return _working(request.param)


@pytest.fixture(
    params=["polars", pytest.param("cudf", marks=pytest.mark.gpu)],
    name="engine",
)
def undivided_fixture(request) -> Engine:
    """
    The same for what no device is asked, so that the CPU engine stands for all: types
    that are inferred, and whatever a transform or a path shapes. test_device_handed.py
    holds to it that these are left to the CPU engine whole.
    """
    return _working(request.param)


@dataclass
class Bench:
    """
    A source folder, a staging folder, and one engine.

    A bad row is its file's fault where *options* do not say otherwise: the plainest way
    to see that it was noticed.
    """

    engine: Engine
    folder: Path
    schema: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)
    inline_bytes: int = 8 << 20

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.staging.mkdir(exist_ok=True)

    @property
    def root(self) -> Path:
        return self.folder / "in"

    @property
    def staging(self) -> Path:
        return self.folder / "staging"

    @property
    def plan(self) -> Plan:
        drift = {"bad_row": "fail", **self.options.get("drift", {})}
        sink = {"url": str(self.folder / "out")}
        pipeline = Pipeline(name="p", **{"sink": sink, **self.options, "drift": drift})
        schema = Schema(tuple(self.schema.items()), 1)
        return Plan(
            "20261123T000000Z-abc",
            pipeline,
            schema,
            str(self.root),
            str(self.staging),
            {"pipeline": "p", "batch": "20261123T000000Z-abc"},
            self.inline_bytes,
            shape=shape_of(pipeline, schema),
        )

    def put(self, name: str | bytes, content: bytes) -> Member:
        raw = os.fsencode(name)
        path = os.fsencode(self.root) + b"/" + raw
        with open(path, "wb") as file:
            file.write(content)
        return self.member(raw)

    def member(self, raw: bytes) -> Member:
        status = os.stat(os.fsencode(self.root) + b"/" + raw)
        identity = abs(hash(raw)) % 2**31
        ref = FileRef(identity, "p", raw, Fingerprint.of(status))
        return Member(ref, 0, status.st_size)

    def read(self, *members: Member, unit: int = 0):
        ordered = tuple(sorted(members, key=lambda m: m.file.path))
        return self.engine.read_and_aggregate(self.plan, Unit(unit, ordered))

    def rows(self, *contents: bytes) -> tuple[list[tuple], tuple[MemberResult, ...]]:
        """
        Read files f0.csv, f1.csv… as one unit; return their rows and results.
        """
        found = self.read(*(self.put(f"f{i}.csv", c) for i, c in enumerate(contents)))
        return rows_of(found.parts), found.members

    def groups(self, *units: list[bytes]) -> pl.DataFrame:
        """
        Aggregate files, a list for each unit; return the combined output.
        """
        partials = []
        for index, contents in enumerate(units):
            members = [
                self.put(f"u{index}f{i:03d}.csv", content)
                for i, content in enumerate(contents)
            ]
            found = self.read(*members, unit=index)
            assert all(not m.reason for m in found.members), found.members
            if found.partial is not None:
                partials.append(found.partial)
        parts = self.engine.combine(self.plan, partials)
        return frame_of(parts)


def frame_of(parts: tuple[Part, ...]) -> pl.DataFrame:
    """
    Return the rows of *parts*, in order of their names.
    """
    ordered = sorted(parts, key=lambda part: part.name.rsplit("/", 1)[-1])
    frames = [pl.read_parquet(part.staged, hive_partitioning=False) for part in ordered]
    return pl.concat(frames) if frames else pl.DataFrame()


def rows_of(parts: tuple[Part, ...]) -> list[tuple]:
    """
    Return the rows of *parts*.
    """
    return frame_of(parts).rows()


def counts(result: MemberResult) -> tuple[int, int, int, int]:
    """
    Return the rows that came in, went out, were set aside and were left out.
    """
    return (
        result.rows_in,
        result.rows_out,
        result.rows_rejected,
        result.rows_filtered,
    )
