"""
Files that grow in the ledger: every byte is taken once, whatever is asked.
"""

# ruff: noqa: F401, F811 - fixtures are imported, and named again as arguments

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestd.errors import LedgerError
from ingestd.growing import Growing, Grown, Piece, Stretch
from ingestd.model import FileState, Outcome
from tests.conformance.ledger_kit import (
    PIPELINE,
    SCHEMA,
    committable,
    ledger,
    opened,
)

NEW = Growing(0, PIPELINE, b"app.log", b"app.log", 5, 77, size=100, header=b"a,b\n")


def piece(start, size=10, *, records=0, lines=1):
    """A stretch of *size* bytes."""
    name = b"%d" % start
    return Piece(start, size, 1_000, b"h" + name, b"t" + name, records, lines)


def taken(ledger, one, *pieces):
    """Take *pieces* of *one*, up to the end of the last."""
    end = pieces[-1].start + pieces[-1].size
    return grow(ledger, replace(one, end=end, records=len(pieces)), *pieces)


def grow(ledger, one, *pieces):
    """Record *one* as it is now."""
    (found,) = ledger.grow([Grown(one, pieces)], 20.0)
    return found


def test_a_stretch_is_a_file_version_of_its_own(ledger):
    """Its size is its length, and where it lies goes with it into the batch."""
    one, refs = taken(ledger, NEW, piece(4), piece(14, 6, records=2, lines=3))
    batch = ledger.seal(PIPELINE, max_files=10, max_bytes=1_000, now=21.0)
    assert [10, 6] == [member.size for member in batch.members]
    where = Stretch(one.id, 4, b"app.log", b"a,b\n", 0, 1)
    assert [where, Stretch(one.id, 14, b"app.log", b"a,b\n", 2, 3)] == [
        member.file.stretch for member in batch.members
    ]
    assert refs == [member.file for member in batch.members]
    assert batch == ledger.claim(batch.id, 22.0)
    assert all(member.whole for member in batch.members)


def test_stretches_of_one_file_keep_their_order(ledger):
    """Within a path members are in the order in which they were taken."""
    one, _ = taken(ledger, NEW, *(piece(4 + 10 * n) for n in range(12)))
    other = replace(NEW, path=b"a.log", inode=6)
    taken(ledger, other, piece(4))
    taken(ledger, one, piece(124))
    batch = ledger.seal(PIPELINE, max_files=99, max_bytes=9_999, now=21.0)
    starts = [(m.file.path, m.file.stretch.start) for m in batch.members]
    assert sorted(starts) == starts
    assert 14 == len(starts)


def test_how_far_a_file_was_taken_survives_a_restart(opened):
    """The offset is durable with its stretches, in one step."""
    before = opened()
    one, _ = taken(before, NEW, piece(4))
    before.close()
    after = opened()
    assert [one] == after.growing(PIPELINE)
    assert (14, b"app.log") == (one.end, one.place)
    assert b"a,b\n" == after.header_of(PIPELINE, b"app.log")


@pytest.mark.parametrize("start", [3, 13, 15])
def test_no_byte_is_taken_twice_or_left_out(ledger, start):
    """A piece that does not begin where the one before ended is refused, whole."""
    one, _ = taken(ledger, NEW, piece(4))
    with pytest.raises(LedgerError, match="begins at byte"):
        taken(ledger, one, piece(start))
    with pytest.raises(LedgerError, match="taken up to"):
        grow(ledger, replace(one, end=15))
    assert [one] == ledger.growing(PIPELINE)
    assert 1 == ledger.backlog(PIPELINE).files


def test_a_file_that_ended_is_not_followed_any_more(ledger):
    """Its header is remembered for what is written next under its name."""
    one, _ = taken(ledger, NEW, piece(4))
    grow(ledger, replace(one, ended=True))
    assert [] == ledger.growing(PIPELINE)
    assert b"a,b\n" == ledger.header_of(PIPELINE, b"app.log")
    assert ledger.header_of(PIPELINE, b"other.log") is None


def test_a_file_is_followed_to_its_new_place(ledger):
    """A rotation changes where it is, and nothing of what was taken."""
    one, _ = taken(ledger, NEW, piece(4))
    moved, _ = grow(ledger, replace(one, place=b"app.log.1"))
    batch = ledger.seal(PIPELINE, max_files=9, max_bytes=999, now=22.0)
    found = ledger.claim(batch.id, 23.0).members[0].file
    assert (b"app.log", 14) == (found.path, moved.end)
    assert [moved] == ledger.growing(PIPELINE)


def test_every_stretch_that_was_set_aside_is_retried(ledger):
    """Also those that are not the newest of their file; what was read is not."""
    taken(ledger, NEW, piece(4), piece(14), piece(24))
    batch = ledger.seal(PIPELINE, max_files=9, max_bytes=999, now=22.0)
    batch = ledger.claim(batch.id, 23.0)
    done = committable(batch, schema=SCHEMA)
    first, second, third = done.members
    bad = {
        "outcome": Outcome.QUARANTINED,
        "rows_in": 0,
        "rows_out": 0,
        "rows_filtered": 0,
    }
    results = (
        replace(first, **bad, rows_rejected=0, rejected=(), reason="unreadable"),
        second,
        third,
    )
    ledger.stage(replace(done, members=results), 24.0)
    ledger.commit(batch.id, 25.0)
    assert ledger.retry(PIPELINE, b"app.log", 26.0)
    assert not ledger.retry(PIPELINE, b"app.log", 26.0)
    assert 1 == ledger.counts(PIPELINE)[FileState.READY]
    again = ledger.seal(PIPELINE, max_files=9, max_bytes=999, now=27.0)
    assert [4] == [m.file.stretch.start for m in again.members]


def test_a_file_of_which_no_record_was_taken_may_begin_anywhere(ledger):
    """Its header is in no piece, and is known only with its first record."""
    empty, _ = grow(ledger, replace(NEW, header=b"", end=0))
    assert [empty] == ledger.growing(PIPELINE)
    one, _ = taken(ledger, replace(empty, header=b"a,b\n"), piece(4))
    assert (14, b"a,b\n") == (one.end, one.header)


def test_all_files_are_recorded_or_none(ledger):
    """One step for all that is taken at once."""
    one, _ = taken(ledger, NEW, piece(4))
    wrong = Grown(replace(one, end=30), (piece(20),))
    right = Grown(replace(NEW, path=b"b.log", end=14), (piece(4),))
    with pytest.raises(LedgerError):
        ledger.grow([right, wrong], 21.0)
    assert [one] == ledger.growing(PIPELINE)


def test_what_was_taken_is_known_by_its_content(ledger):
    """A copy that turns up later is told from a generation that was missed."""
    one, _ = grow(ledger, replace(NEW, end=14, head=b"h", tail=b"t", ended=True))
    assert ledger.grown_before(PIPELINE, one.path, 14, (b"h", b"t"))
    assert not ledger.grown_before(PIPELINE, one.path, 15, (b"h", b"t"))
    assert not ledger.grown_before(PIPELINE, b"other", 14, (b"h", b"t"))
