"""
Names of Parquet parts, and what makes a written file a part: durable, hashed, counted.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

import pyarrow.parquet as pq

from ingestd.errors import ComponentAway, Quarantine, Reason
from ingestd.model import Part, PartKind
from ingestd.run.engine import Plan

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
ROWS_IN = "rows_in"
UNKNOWN_ROWS = "0" * 19
"""Stands for the rows of a file until they are known; as wide as any int64."""

_MAX_NAME_BYTES = 255
_PARTS_PER_UNIT = 100_000
_FOOTER = 8


def staging_of(plan: Plan, kind: PartKind) -> str:
    """
    Return the attempt's folder for parts of *kind*.
    """
    return plan.staging if kind is PartKind.DATA else plan.rejects_staging


def check_staging(plan: Plan, kind: PartKind = PartKind.DATA) -> None:
    """
    Raise ComponentAway unless the attempt's folder, which the daemon made, is there.

    If it is gone, a mount is: parts that are written to the folder below would be
    hidden when the mount comes back, and their batch could never be published.
    """
    folder = staging_of(plan, kind)
    if not os.path.isdir(folder):  # noqa: PTH112 - a str
        message = f"the staging folder {folder} is gone"
        hint = "Mount its file system again"
        raise ComponentAway("sink", message, hint=hint)


def part_name(
    plan: Plan, unit: int, index: int, keys: list[tuple[str, str | None]]
) -> str:
    """
    Return the final name of a part, relative to the sink.

    *keys* are the partition's columns and values as text, None for null. Names sort by
    unit and index. Raises Quarantine where a folder's name would be too long.
    """
    folders = [partition_folder(key, value) for key, value in keys]
    number = unit * _PARTS_PER_UNIT + index
    return "/".join([*folders, numbered(plan, number)])


def numbered(plan: Plan, number: int) -> str:
    """
    Return the file name of part *number* of a batch.
    """
    return f"{plan.batch_id}-{number:010d}.parquet"


def partition_folder(key: str, value: str | None) -> str:
    """
    Return ``key=value``, percent-encoded, so that no value can leave the sink.
    """
    text = NULL_FOLDER if value is None else quote(value, safe="")
    folder = f"{quote(key, safe='')}={text}"
    if len(folder.encode()) > _MAX_NAME_BYTES:
        raise Quarantine(
            Reason.PARTITION_VALUE,
            f"a value of {key!r} makes a folder name of {len(folder)} bytes, "
            f"expected at most {_MAX_NAME_BYTES}: {folder[:60]}…",
        )
    return folder


def finish_part(
    plan: Plan,
    name: str,
    staged: Path,
    *,
    rows_in: int | None,
    kind: PartKind = PartKind.DATA,
) -> Part:
    """
    Make the written file *staged* durable and return it as the part *name*.

    *rows_in* None means one input row per row. The file's metadata gets the number in
    place, since a streaming writer learns it last.
    """
    try:
        rows = int(pq.read_metadata(staged).num_rows)
        behind = rows if rows_in is None else rows_in
        with staged.open("r+b", buffering=0) as file:
            _patch_rows(file.fileno(), behind)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        _sync_folders(staged.parent, Path(staging_of(plan, kind)))
    except OSError as error:
        raise ComponentAway("disk", f"write {staged}: {error}") from error
    return Part(name, str(staged), rows, behind, size, digest, kind)


def _patch_rows(fd: int, rows: int) -> None:
    end = os.fstat(fd).st_size
    length = int.from_bytes(os.pread(fd, 4, end - _FOOTER), "little")
    start = end - _FOOTER - length
    footer = os.pread(fd, length, start)
    key = footer.find(ROWS_IN.encode())
    at = footer.find(UNKNOWN_ROWS.encode(), key)
    if key >= 0 and at >= 0:
        os.pwrite(fd, f"{rows:0{len(UNKNOWN_ROWS)}d}".encode(), start + at)


def _sync_folders(folder: Path, top: Path) -> None:
    """
    Make the names durable, up to the attempt's own folder.
    """
    while True:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        if folder == top or top not in folder.parents:
            return
        folder = folder.parent
