"""
Growing files one step at a time: what is taken, given up, and not read at all.

Every rotation at random is tests/model/test_tail_model.py; here is what has one story.
"""

from __future__ import annotations

import os
import tempfile

import pytest

from ingestd.clock import Waker
from ingestd.config import Csv, Source
from ingestd.discover.tail.source import TailSource
from ingestd.discover.tail.tail import Tail
from ingestd.errors import Unreachable
from ingestd.ledger.memory import MemoryLedger
from ingestd.observe.events import TailGivenUp
from ingestd.pipeline.tailing import LedgerPast
from ingestd.run.borders import CsvBorders
from ingestd.run.unpack.content import Unpacked

RESTED = 5.0
MOST = 1 << 20
WAITS = 600
"""Of a tenth of a second at most, before a test gives up."""


class Logs:
    """A folder of logs with the header ``n``, and what follows it."""

    def __init__(self, folder):
        self.folder = folder
        self.ledger = MemoryLedger()
        self.now = 0.0
        self.broken = set()
        source = Source(url=str(folder), mode="tail", settle_unseen_seconds=RESTED)
        self.plain = Unpacked(tempfile.gettempdir(), 200)
        past, borders = LedgerPast("logs", self.ledger), CsvBorders(Csv())
        self.tail = Tail("logs", source, past, borders, self.unpack)

    def unpack(self, fd):
        if os.path.basename(os.readlink(f"/proc/self/fd/{fd}")) in self.broken:
            raise OSError(5, "Input/output error")
        return self.plain(fd)

    def write(self, name, text):
        with (self.folder / name).open("a") as file:
            file.write(text)

    def take(self, *, after=1.0):
        """List, cut, record; return what was taken, as text."""
        self.now += after
        self.tail.compare(self.now)
        grown = self.tail.cut(self.now, MOST)
        texts = []
        for each in grown:
            path = self.folder / os.fsdecode(each.one.place)
            for piece in each.pieces:
                data = path.read_bytes()[piece.start :]
                texts.append(data[: piece.size].decode())
        self.tail.told([one for one, _ in self.ledger.grow(grown, self.now)])
        return texts


@pytest.fixture
def logs(tmp_path):
    return Logs(tmp_path)


def test_what_was_cut_before_another_file_failed_is_not_lost(logs):
    """A disk that fails on one log leaves what was taken of another to be taken."""
    logs.write("a.csv", "n\n1\n")
    logs.write("b.csv", "n\n2\n")
    os.utime(logs.folder / "a.csv", (1, 1))
    logs.tail.compare(1.0)
    logs.broken.add("b.csv")
    with pytest.raises(Unreachable, match=r"b\.csv"):
        logs.tail.cut(1.0, MOST)
    logs.broken.clear()
    assert ["1\n", "2\n"] == logs.take()


def test_what_nobody_reported_to_the_ledger_is_taken_again(logs):
    """Only what the ledger has counts as taken."""
    logs.write("a.csv", "n\n1\n")
    logs.tail.compare(1.0)
    assert [4] == [each.one.end for each in logs.tail.cut(1.0, MOST)]
    assert ["1\n"] == logs.take()


@pytest.mark.parametrize("truncated", [False, True])
def test_bytes_that_no_file_has_any_more_are_given_up(logs, truncated):
    """Removed, or truncated without a copy, before they were taken: told once."""
    logs.write("a.csv", "n\n1\n")
    logs.take()
    logs.write("a.csv", "22\n")
    logs.tail.compare(logs.now)
    if truncated:
        os.truncate(logs.folder / "a.csv", 0)
        logs.write("a.csv", "n\n3\n")
    else:
        (logs.folder / "a.csv").unlink()
    assert (["3\n"] if truncated else []) == [*logs.take(), *logs.take()]
    assert [(b"a.csv", 3)] == [(one.place, one.behind) for one in logs.tail.lost()]
    assert [] == logs.tail.lost()
    logs.take()
    assert [] == logs.tail.lost()


def test_the_source_tells_what_is_given_up(tmp_path):
    """The event has the file and its bytes."""
    log, ledger = tmp_path / "a.csv", MemoryLedger()
    log.write_text("n\n1\n")
    source, waker = Source(url=str(tmp_path), mode="tail"), Waker()
    past, plain = LedgerPast("logs", ledger), Unpacked(tempfile.gettempdir(), 200)
    borders = CsvBorders(Csv())
    tail = TailSource("logs", source, past, borders, plain, waker, most=MOST)
    tail.start()
    events = []
    try:
        for _ in range(WAITS):
            waker.wait(0.1)
            events += [e for e in tail.news() if isinstance(e, TailGivenUp)]
            if events:
                break
            if tail.taken():  # where the file is, which is told unasked
                tail.told([one for one, _ in ledger.grow(tail.taken(), 0.0)])
                log.unlink(missing_ok=True)
    finally:
        tail.stop()
    assert [("logs", b"a.csv", 4)] == [(e.pipeline, e.path, e.bytes) for e in events]


def test_a_last_record_without_a_line_end_is_taken_when_a_rotated_file_rests(logs):
    """Not while it is written to, and not before it has rested."""
    logs.write("a.csv", "n\n1\n22")
    assert ["1\n"] == logs.take()
    assert [] == logs.take(after=10 * RESTED)
    (logs.folder / "a.csv").rename(logs.folder / "a.csv.1")
    assert [] == logs.take()
    assert [] == logs.take(after=RESTED - 1)
    assert ["22"] == logs.take(after=1.0)


def test_what_was_rotated_before_its_name_was_followed_is_not_read(logs):
    """That of a later rotation is, though nobody saw it under its first name."""
    logs.write("a.csv.1", "n\n1\n")
    logs.write("a.csv", "n\n2\n")
    assert ["2\n"] == logs.take()
    logs.write("b.csv", "n\n4\n")
    logs.write("a.csv.0", "n\n3\n")
    assert ["3\n", "4\n"] == sorted(logs.take())


def test_between_two_questions_is_the_time_to_gather(tmp_path):
    """What comes meanwhile is one batch; and somebody wakes up when it is over."""
    source = Source(url=str(tmp_path), mode="tail", gather_seconds=7.0)
    past = LedgerPast("logs", MemoryLedger())
    plain, borders = Unpacked(tempfile.gettempdir(), 200), CsvBorders(Csv())
    tail = TailSource("logs", source, past, borders, plain, Waker(), most=MOST)
    asked = tail._asked
    tail.ask(10.0)
    assert asked.is_set()
    asked.clear()
    tail.settle.files = 1
    assert 17.0 == tail.next_due(12.0)
    tail.ask(16.9)
    assert not asked.is_set()
    tail.ask(17.0)
    assert asked.is_set()
    tail.settle.files = 0
    assert float("inf") == tail.next_due(18.0)
