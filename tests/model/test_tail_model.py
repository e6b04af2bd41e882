"""
A growing file through every rotation: each record once, and in order.

The machine writes, rotates in every way, packs, restarts and looks at random; the model
is the list of what was written. Rotations happen between two records, as those of a
writer do, so that only our own losses count.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from ingestd.config import Csv, Source
from ingestd.discover.tail.tail import Tail
from ingestd.ledger.memory import MemoryLedger
from ingestd.model import Member
from ingestd.run.borders import CsvBorders
from ingestd.run.stretch import stretched
from ingestd.run.unpack.content import Unpacked

PIPELINE = "logs"
HEADER = "n,text\n"
TEXTS = st.sampled_from(["same", "same", '"a\nb"', '"say ""hi"""', "é", ""])


class Past:
    """The ledger's memory, of one pipeline."""

    def __init__(self, ledger):
        self.ledger = ledger

    def header_of(self, path):
        return self.ledger.header_of(PIPELINE, path)

    def taken(self, path, size, ends):
        return self.ledger.grown_before(PIPELINE, path, size, ends)


class Logs(RuleBasedStateMachine):
    """A writer, a rotator and a daemon."""

    @initialize(header=st.booleans(), repeats=st.booleans())
    def begin(self, header, repeats):
        self.folder = Path(tempfile.mkdtemp(prefix="tail-"))
        self.log = self.folder / "app.csv"
        self.header, self.repeats = header, repeats
        self.ledger = MemoryLedger()
        self.days = itertools.count()
        self.now, self.count, self.half = 0.0, 0, ""
        self.written, self.read = [], []
        self.log.write_text(HEADER if header else "")
        self.restart()
        # What was rotated before the ledger knew the name is not read.
        self.look()
        self.cut()

    def teardown(self):
        if hasattr(self, "folder"):
            self.finish()
            shutil.rmtree(self.folder)

    @rule(texts=st.lists(TEXTS, min_size=1, max_size=5))
    def write(self, texts):
        """Whole records, behind what is left of a half one."""
        self.append(self.half)
        self.half = ""
        for text in texts:
            self.append(self.record(text))

    @rule(text=TEXTS, at=st.integers(1, 3))
    def write_half(self, text, at):
        """A record whose end comes later, cut anywhere."""
        self.append(self.half)
        line = self.record(text)
        self.append(line[:at])
        self.half = line[at:]

    @precondition(lambda self: not self.half)
    @rule()
    def rename(self):
        """logrotate's create: app.csv becomes app.csv.1, and a new file is made."""
        self.shift()
        self.log.rename(self.folder / "app.csv.1")
        self.made_anew()

    @precondition(lambda self: not self.half)
    @rule(written=st.booleans())
    def copy_and_truncate(self, written):
        """The same file goes on; sometimes we look between the copy and the cut."""
        self.shift()
        shutil.copyfile(self.log, self.folder / "app.csv.1")
        if written:
            self.look()
        os.truncate(self.log, 0)
        self.made_anew()

    @precondition(lambda self: not self.half)
    @rule()
    def rename_by_date(self):
        """app.csv becomes app.csv-20261125, once a day."""
        self.log.rename(self.folder / f"app.csv-2026{1000 + next(self.days)}")
        self.made_anew()

    @rule()
    def pack(self):
        """The oldest rotated file is packed, as logrotate's compress does."""
        plain = [p for p in self.rotated() if p.suffix != ".gz"]
        if plain:
            content = plain[-1].read_bytes()
            packed = plain[-1].with_name(plain[-1].name + ".gz")
            packed.write_bytes(gzip.compress(content)[:-5])
            self.look()
            packed.write_bytes(gzip.compress(content))
            shutil.copystat(plain[-1], packed)
            plain[-1].unlink()

    @rule()
    def remove_oldest(self):
        """What was taken may go."""
        self.take()
        if found := self.rotated():
            found[-1].unlink()

    @rule()
    def look(self):
        """The daemon lists the folder."""
        self.now += 1.0
        self.tail.compare(self.now)

    @rule()
    def glance(self):
        """The daemon looks at what is written to."""
        self.now += 0.1
        self.tail.look(self.now)

    @rule()
    def cut(self):
        """The daemon takes what is there, and a worker reads it later."""
        grown = self.tail.cut(self.now, 1 << 20)
        self.tail.told([one for one, _ in self.ledger.grow(grown, self.now)])

    @rule()
    def run(self):
        """A worker reads what was taken."""
        while batch := self.ledger.seal(
            PIPELINE, max_files=99, max_bytes=1 << 30, now=self.now
        ):
            self.ledger.claim(batch.id, self.now)
            self.ledger.release(batch.id, self.now)
            for member in batch.members:
                self.read += rows(self.folder, member)

    @rule()
    def restart(self):
        """The daemon was killed; it has what the ledger has."""
        source = Source(url=str(self.folder), mode="tail", settle_unseen_seconds=5.0)
        borders = CsvBorders(Csv(header=self.header))
        unpack = Unpacked(tempfile.gettempdir(), 200)
        self.tail = Tail(PIPELINE, source, Past(self.ledger), borders, unpack)
        self.tail.load(self.ledger.growing(PIPELINE))

    @invariant()
    def in_order(self):
        """What was read so far is what was written first."""
        if hasattr(self, "read"):
            assert self.written[: len(self.read)] == self.read

    def finish(self):
        """Everything is read in the end."""
        self.append(self.half)
        self.take()
        assert self.written == self.read
        assert 0 == self.tail.behind
        assert [] == self.tail.lost()

    def take(self):
        for _ in range(3):
            self.look()
            self.cut()
        self.run()

    def rotated(self):
        return sorted(
            self.folder.glob("app.csv[.-]*"), key=lambda p: p.stat().st_mtime_ns
        )[::-1]

    def shift(self):
        numbered = list(self.folder.glob("app.csv.[0-9]*"))
        for path in sorted(numbered, key=number, reverse=True):
            suffix = ".gz" if path.suffix == ".gz" else ""
            path.rename(self.folder / f"app.csv.{number(path) + 1}{suffix}")

    def made_anew(self):
        self.append(HEADER if self.header and self.repeats else "")

    def record(self, text):
        self.count += 1
        value = text[1:-1].replace('""', '"') if text.startswith('"') else text
        self.written.append((self.count, value))
        return f"{self.count},{text}\n"

    def append(self, text):
        with self.log.open("a", encoding="utf-8") as file:
            file.write(text)


def number(path):
    """The number that a rotation gave to *path*."""
    return int(path.name.removesuffix(".gz").rpartition(".")[2])


def rows(folder: Path, member: Member):
    """The records of *member*, as Python's csv module reads its copy."""
    fd = stretched(str(folder), member, member.file.stretch, "")
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(fd, encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    if member.file.stretch.header:
        assert ["n", "text"] == found.pop(0)
    return [(int(one), text) for one, text in found]


TestLogs = Logs.TestCase
TestLogs.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
