"""
Configurations, readers and small helpers of the tests on object stores.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ingestd.model import FileState
from tests.fault.rig import Rig
from tests.stores import Bucket


def config(
    source: str = "inbox",
    sink: str = "outbox",
    *,
    options: str = "",
    rest: str = "",
) -> str:
    """
    Return a configuration; *source* and *sink* are folders or ``of`` a bucket.
    """
    if source.startswith('"sftp:') and "settle_unseen_seconds" not in options:
        options += "\nsettle_unseen_seconds = 1"
    return f"""
state_dir = "var"
[limits]
min_free = 0
[[pipelines]]
name = "rows"
[pipelines.source]
url = {source}
{options}
[pipelines.sink]
url = {sink}
{rest}
"""


KINDS = ("moto", "swift", "azurite", "sftp", "gcs")
EVERY_STORE = pytest.mark.parametrize(
    "bucket",
    # One process for each kind, where there are several: a server is started once.
    [pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS],
    indirect=True,
)

ONLY_SFTP = pytest.mark.parametrize(
    "bucket",
    [pytest.param("sftp", marks=pytest.mark.xdist_group("sftp"))],
    indirect=True,
)

FOLDER_IN, FOLDER_OUT = '"inbox"\nsettle_unseen_seconds = 1', '"outbox"'


def of(bucket: Bucket, prefix: str, endpoint: str = "") -> str:
    """
    Return a bucket's *prefix* as the url of a source or a sink, with its storage.
    """
    table = bucket.storage(endpoint).items()
    options = "".join(f'\nstorage.{name} = "{value}"' for name, value in table)
    return f'"{url_of(bucket, prefix)}"{options}'


def url_of(bucket: Bucket, prefix: str) -> str:
    """
    Return the URL of *prefix*.
    """
    return f"{bucket.scheme}://{bucket.name}/{prefix}"


def rows_in(folder: Path) -> list[tuple[Any, ...]]:
    """
    Return all rows that a reader finds below *folder*, in order.
    """
    files = sorted(folder.rglob("*.parquet"))
    return sorted(row for file in files for row in pl.read_parquet(file).rows())


def rows_at(bucket: Bucket, prefix: str = "out/") -> list[tuple[Any, ...]]:
    """
    Return all rows that a reader finds below *prefix*, in order.
    """
    found = [k for k in bucket.keys(prefix) if k.endswith(".parquet")]
    frames = [pl.read_parquet(io.BytesIO(bucket.get(key))) for key in found]
    return sorted(row for frame in frames for row in frame.rows())


def states(rig: Rig) -> dict[bytes, FileState]:
    """
    Return the state of each path's newest version.
    """
    return {row.path: row.state for row in rig.ledger.files(pipeline="rows")}
