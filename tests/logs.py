"""
Logs that grow, for tests: written to, and rotated in three ways; and what became of
their records.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from ingestd.ledger.sqlite import SqliteReader
from ingestd.model import BatchState, PartKind

HEADER = {"csv": "log,n,text\n", "jsonl": ""}
WAYS = ("renamed", "copied", "dated")
FORMS = tuple(HEADER)
NAMES = tuple(f"{way}.{form}" for form in FORMS for way in WAYS)

TAILED = """
state_dir = "var"
drain_seconds = 20
[http]
listen = ""
"""
_PIPELINE = """
[[pipelines]]
name = "{form}"

[pipelines.source]
url = "logs"
mode = "tail"
format = "{form}"
include = ["*.{form}"]
gather_seconds = {gather}
settle_unseen_seconds = 2

[pipelines.schema]
log = "string"
n = "int64"
text = "string"

[pipelines.sink]
url = "outbox/{form}"
"""


def tailed(gather: float = 0.0) -> str:
    """
    Return the configuration of a daemon that follows logs of each form.
    """
    made = (_PIPELINE.format(form=form, gather=gather) for form in FORMS)
    return TAILED + "".join(made)


@dataclass(slots=True)
class Log:
    """
    One log, rotated in one way; *count* records were written whole.

    After a rotation by renaming the header is written again; the copied log goes on
    without one, as a shell's appending does.
    """

    folder: Path
    way: str
    form: str
    chance: random.Random
    count: int = 0
    rotations: int = 0
    half: bytes = b""

    def __post_init__(self) -> None:
        """
        Begin with a header.
        """
        self.path.write_text(HEADER[self.form])

    @property
    def name(self) -> str:
        """
        What its records say that it is called.
        """
        return f"{self.way}.{self.form}"

    @property
    def path(self) -> Path:
        """
        The file that is written to.
        """
        number = f"-{self.rotations:06}" if self.way == "dated" else ""
        return self.folder / f"{self.way}{number}.{self.form}"

    def write(self, records: int) -> None:
        """
        Write some records, the last of them perhaps not to its end.
        """
        lines = [self.half]
        for _ in range(records):
            self.count += 1
            lines.append(self._record().encode())
        data = b"".join(lines)
        keep = self.chance.choice([0, 0, self.chance.randrange(1, 9)])
        keep = min(keep, len(data))
        self.half = data[len(data) - keep :]
        self._append(data[: len(data) - keep])

    def _record(self) -> str:
        text = f'say "{self.count}",\nthen more' if self.count % 7 == 0 else "x"
        if self.form == "jsonl":
            record = {"log": self.name, "n": self.count, "text": text}
            return json.dumps(record) + "\n"
        quoted = '"' + text.replace('"', '""') + '"' if "\n" in text else text
        return f"{self.name},{self.count},{quoted}\n"

    def rotate(self) -> None:
        """
        Rotate between two records; all but the newest rotated file are packed.
        """
        self._append(self.half)
        self.half = b""
        self.rotations += 1
        if self.way == "dated":
            self.path.write_text(HEADER[self.form])
            return
        self._shift()
        first = self.folder / f"{self.path.name}.1"
        if self.way == "renamed":
            self.path.rename(first)
            self.path.write_text(HEADER[self.form])
        else:
            shutil.copyfile(self.path, first)
            os.truncate(self.path, 0)

    def _shift(self) -> None:
        numbers = {_number(p): p for p in self.folder.glob(f"{self.path.name}.[0-9]*")}
        for number in sorted(numbers, reverse=True):
            old = numbers[number]
            packed = old.suffix == ".gz"
            name = f"{self.path.name}.{number + 1}{'.gz' if packed else ''}"
            old.rename(self.folder / name)
            if not packed and number > 1:
                _pack(self.folder / name)

    def _append(self, data: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            file.write(data)


def _number(path: Path) -> int:
    return int(path.name.removesuffix(".gz").rpartition(".")[2])


def _pack(path: Path) -> None:
    packed = path.with_name(f"{path.name}.gz")
    with gzip.open(packed, "wb") as file:
        file.write(path.read_bytes())
    shutil.copystat(path, packed)
    path.unlink()


@dataclass(slots=True)
class Logs:
    """
    A log of each way and each form, in *folder*.
    """

    folder: Path
    seed: int
    logs: list[Log] = field(default_factory=list)

    def __post_init__(self) -> None:
        """
        Make the folder and the logs.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(self.seed)
        self.logs = [
            Log(self.folder, way, form, chance) for form in FORMS for way in WAYS
        ]

    def write(self, records: int) -> None:
        """
        Write *records* into each.
        """
        for log in self.logs:
            log.write(records)

    def rotate(self) -> None:
        """
        Rotate each.
        """
        for log in self.logs:
            log.rotate()

    @property
    def written(self) -> dict[str, list[int]]:
        """
        The numbers of all records, by log.
        """
        return {log.name: list(range(1, log.count + 1)) for log in self.logs}


def numbers_read(folder: Path) -> dict[str, list[int]]:
    """
    Return the numbers of the records in the output of *folder*, by log, in the order in
    which they were committed.
    """
    found: dict[str, list[int]] = {name: [] for name in NAMES}
    for form in FORMS:
        for part in _parts(folder, form):
            frame = pl.read_parquet(folder / "outbox" / form / part, glob=False)
            for log, numbers in frame.group_by("log", maintain_order=True):
                found[str(log[0])] += numbers["n"].to_list()
    return found


def _parts(folder: Path, pipeline: str) -> Iterator[str]:
    reader = SqliteReader.open(folder / "var")
    try:
        for batch in reader.batches(pipeline=pipeline, state=BatchState.COMMITTED):
            parts = reader.parts(batch.id)
            yield from (p.name for p in parts if p.kind is PartKind.DATA)
    finally:
        reader.close()
