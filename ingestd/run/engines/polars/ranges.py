"""
More groups than can be sorted in memory: cut by ranges of keys, each sorted alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import polars as pl

RANGE_BYTES = 256 << 20
"""About what is sorted at once, in memory."""

_SAMPLES = 64
"""Keys that a bucket brings, of which the borders are chosen."""

_BORDER = "ingestd:border"
_RANGE = "ingestd:range"


def in_order(buckets: list[Path], keys: list[str]) -> Iterator[pl.LazyFrame]:
    """
    Yield the rows of *buckets*, Arrow files with each group once, in order of *keys*:
    frames that follow each other, of about RANGE_BYTES. The files are used up.

    Null keys are last, as pandas has it.
    """
    size = sum(path.stat().st_size for path in buckets)
    count = math.ceil(size / RANGE_BYTES)
    if count <= 1 or not keys:
        whole = pl.scan_ipc(buckets, glob=False)
        yield whole.sort(keys, nulls_last=True) if keys else whole
        return
    borders = _borders(buckets, keys, count)
    cut: dict[int, list[Path]] = {}
    for path in buckets:
        for number, rows in _by_range(pl.read_ipc(path), borders, keys):
            target = path.with_name(f"{path.stem}-{number:04d}.arrow")
            rows.write_ipc(target)
            cut.setdefault(number, []).append(target)
        path.unlink()
    for _, pieces in sorted(cut.items()):
        yield pl.scan_ipc(pieces, glob=False).sort(keys, nulls_last=True)
        for piece in pieces:
            piece.unlink()


def _borders(buckets: list[Path], keys: list[str], count: int) -> pl.DataFrame:
    """
    Return the first keys of all ranges but the first, by a sample: hashes have dealt
    the groups to the buckets, so each one is a fair sample of all.
    """
    samples = []
    for path in buckets:
        found = pl.read_ipc(path, columns=keys)
        samples.append(found.gather_every(max(1, found.height // _SAMPLES)))
    ordered = pl.concat(samples).sort(keys, nulls_last=True)
    places = [ordered.height * n // count for n in range(1, count)]
    return ordered[places].unique(maintain_order=True)


def _by_range(
    rows: pl.DataFrame, borders: pl.DataFrame, keys: list[str]
) -> Iterator[tuple[int, pl.DataFrame]]:
    """
    Yield the rows of each range that has some, with its number.
    """
    # Sorted among the rows, so that keys compare here as they do in the end.
    marked = pl.concat(
        [
            rows.with_columns(pl.lit(value=False).alias(_BORDER)),
            borders.with_columns(pl.lit(value=True).alias(_BORDER)),
        ],
        how="diagonal",
    )
    downwards = [False] * len(keys) + [True]
    ordered = marked.sort([*keys, _BORDER], descending=downwards, nulls_last=True)
    numbered = ordered.with_columns(pl.col(_BORDER).cum_sum().alias(_RANGE))
    groups = numbered.filter(~pl.col(_BORDER)).drop(_BORDER)
    pieces = groups.partition_by(
        _RANGE, as_dict=True, include_key=False, maintain_order=True
    )
    for key, piece in pieces.items():
        yield int(key[0]), piece
