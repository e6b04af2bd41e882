"""
Measurements of stations: one line each, semicolon, no header; and what they add up to.

The file format of the one billion row challenge: a name, a temperature with one digit
behind the point. Rows are made by all cores, and counted while they are made, in whole
tenths, so that the result can be checked exactly.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingestd.config import Pipeline
from ingestd.model import FileRef, Fingerprint, Member, Schema, Unit
from ingestd.run.engine import Plan

STATIONS = 413
SCHEMA = {"station": "string", "temp": "float64"}
METRICS = {"lo": ["temp", "min"], "mean": ["temp", "mean"], "hi": ["temp", "max"]}
_MOST_TENTHS = 999
_STEPS = 2 * _MOST_TENTHS + 1
_BLOCK_ROWS = 1 << 20

Tenths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Truth:
    """
    Counts, sums, least and greatest by station, in tenths.
    """

    count: Tenths
    total: Tenths
    least: Tenths
    greatest: Tenths

    @classmethod
    def of(cls, seen: Tenths) -> Truth:
        """
        Return the truth of *seen*, how often each station had each temperature.
        """
        tenths = np.arange(_STEPS) - _MOST_TENTHS
        some = seen > 0
        return cls(
            seen.sum(1),
            (seen * tenths).sum(1),
            np.where(some, tenths, _MOST_TENTHS).min(1),
            np.where(some, tenths, -_MOST_TENTHS).max(1),
        )


@cache
def names() -> tuple[str, ...]:
    """
    Return the stations' names, as long as towns' are.
    """
    draw = np.random.default_rng(1)
    found = []
    for number in range(STATIONS):
        letters = draw.integers(ord("a"), ord("z") + 1, draw.integers(2, 8))
        stem = "".join(map(chr, letters)).capitalize()
        mark = "é" if number % 10 == 0 else ""
        end = chr(ord("a") + number // 26) + chr(ord("a") + number % 26)
        found.append(stem + mark + end)
    return tuple(found)


@cache
def _lines() -> tuple[bytes, ...]:
    tenths = range(-_MOST_TENTHS, _MOST_TENTHS + 1)
    texts = [f"{t / 10:.1f}" for t in tenths]
    return tuple(f"{name};{text}\n".encode() for name in names() for text in texts)


def write(path: str, rows: int, seed: int) -> Tenths:
    """
    Write *rows* rows to *path*; return how often each station had each temperature.
    """
    draw = np.random.default_rng(seed)
    middles = np.random.default_rng(2).uniform(-100, 350, STATIONS)
    lines, seen = _lines(), np.zeros(STATIONS * _STEPS, np.int64)
    with Path(path).open("wb", buffering=1 << 24) as file:
        for first in range(0, rows, _BLOCK_ROWS):
            count = min(_BLOCK_ROWS, rows - first)
            station = draw.integers(0, STATIONS, count)
            drawn = np.rint(draw.normal(middles[station], 100)).astype(int)
            tenths = np.clip(drawn, -_MOST_TENTHS, _MOST_TENTHS)
            places = station * _STEPS + tenths + _MOST_TENTHS
            seen += np.bincount(places, minlength=len(seen))
            file.write(b"".join(map(lines.__getitem__, places.tolist())))
    return seen.reshape(STATIONS, _STEPS)


def make(folder: Path, rows: int, files: int) -> tuple[list[Path], Truth]:
    """
    Make *files* files of *rows* rows in all; return them and what is in them.
    """
    share = -(-rows // files)
    paths = [folder / f"stations-{number:04}.csv" for number in range(files)]
    sizes = [min(share, rows - share * number) for number in range(files)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        seen = sum(pool.map(write, map(str, paths), sizes, range(files)))
    return paths, Truth.of(np.asarray(seen))


def plan(folder: Path, *, aggregate: bool) -> Plan:
    """
    Return the plan of an attempt on stations in *folder*.
    """
    groups = {"group_by": ["station"], "metrics": METRICS}
    pipeline = Pipeline(
        name="bench",
        csv={"delimiter": ";", "header": False},
        schema=SCHEMA,
        sink={"url": str(folder / "out")},
        **({"aggregate": groups} if aggregate else {}),
    )
    staging = folder / "staging"
    staging.mkdir(exist_ok=True)
    schema = Schema(tuple(SCHEMA.items()), 1)
    return Plan("bench", pipeline, schema, str(folder), str(staging), {})


def unit(paths: list[Path]) -> Unit:
    """
    Return *paths*, files in the plan's folder, as one read unit.
    """
    return Unit(0, tuple(_member(number, path) for number, path in enumerate(paths)))


def _member(number: int, path: Path) -> Member:
    status = path.stat()
    name = os.fsencode(path.name)
    ref = FileRef(number, "bench", name, Fingerprint.of(status))
    return Member(ref, 0, status.st_size)
