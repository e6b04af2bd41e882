"""
What the tests of the sniffer share: files in a folder, what is found of them, and the
rows that the engine reads with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from ingestd.config import Csv, Drift, Pipeline
from ingestd.model import FileRef, Fingerprint, Member, Schema, Unit
from ingestd.run.engine import Plan, load
from ingestd.run.sniff.proposal import Finding, sniffed


def put(folder: Path, *files: bytes) -> tuple[Member, ...]:
    """
    Write *files* as f0.csv, f1.csv and so on.
    """
    folder.mkdir(exist_ok=True)
    members = []
    for number, content in enumerate(files):
        path = folder / f"f{number}.csv"
        path.write_bytes(content)
        members.append(member(path, number + 1))
    return tuple(members)


def member(path: Path, identity: int = 1) -> Member:
    """
    Return the file at *path* as the member of a batch.
    """
    status = path.stat()
    file = FileRef(identity, "p", path.name.encode(), Fingerprint.of(status))
    return Member(file, 0, status.st_size)


def pipeline(folder: Path, **options: Any) -> Pipeline:
    """
    Return a pipeline of the files in *folder*.
    """
    return Pipeline(name="p", source={"url": str(folder / "in")}, **options)


def sniff(folder: Path, *files: bytes, **options: Any) -> Finding:
    """
    Return what is found of *files*, for a pipeline with *options*.
    """
    return sniffed(pipeline(folder, **options), put(folder / "in", *files))


def rows(
    folder: Path,
    found: Finding,
    *files: bytes,
    schema: dict[str, str] | None = None,
    csv: dict[str, Any] | None = None,
) -> list[tuple]:
    """
    Return the rows of *files* as the engine reads them with what was *found* beside
    *csv*; every one of them must fit.
    """
    columns = schema or dict(found.schema.columns)
    options = Csv(**{**Csv(**(csv or {})).model_dump(), **found.change})
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    plan = Plan(
        "b",
        pipeline(folder, csv=options, drift=Drift(bad_row="fail")),
        Schema(tuple(columns.items())),
        str(folder / "in"),
        str(staging),
        {},
    )
    members = put(folder / "in", *files)
    result = load("polars").read_and_aggregate(plan, Unit(0, members))
    assert [""] * len(files) == [m.reason and m.detail for m in result.members]
    parts = [pl.read_parquet(part.staged) for part in result.parts]
    return pl.concat(parts).rows() if parts else []
