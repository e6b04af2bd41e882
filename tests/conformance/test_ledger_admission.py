"""
Every ledger: what is known, and what becomes of a candidate.
"""

# ruff: noqa: F401, F811 - fixtures are imported, and named again as arguments

from __future__ import annotations

from dataclasses import replace

import pytest

from ingestd.errors import IllegalTransition, LedgerError
from ingestd.ledger.ledger import Backlog, Entry
from ingestd.model import FileState, Fingerprint, MemberResult, Outcome
from tests.conformance.ledger_kit import (
    PIPELINE,
    admit,
    committable,
    entry,
    finish,
    ledger,
    opened,
    seal,
    states,
    touched,
)

F = FileState


def unknown(ledger, *entries):
    return list(ledger.unknown(PIPELINE, iter(entries)))


def test_unknown_until_admitted(ledger):
    """A path is unknown until it is admitted, and its digests are not looked at."""
    one = entry()
    assert [one] == unknown(ledger, one)
    admit(ledger, one)
    listed = entry(head=b"", tail=b"")
    assert [] == unknown(ledger, listed)


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "inode", "etag"])
def test_each_part_of_the_stat_counts(ledger, field):
    """A version that differs in one part of the stat is unknown."""
    admit(ledger, entry())
    other = entry(**{field: "x" if field == "etag" else 999})
    assert [other] == unknown(ledger, other)


def test_unknown_streams_in_order(ledger):
    """Order is kept across chunks, and entries are asked for as they are needed."""
    known = [entry(b"%06d" % n) for n in range(0, 12_000, 2)]
    admit(ledger, *known)
    listing = [entry(b"%06d" % n) for n in range(12_000)]
    assert listing[1::2] == unknown(ledger, *listing)
    drawn = []
    found = ledger.unknown(PIPELINE, (drawn.append(e) or e for e in listing))
    next(found)
    assert len(drawn) < len(listing)


def test_unknown_is_per_pipeline(ledger):
    """What one pipeline knows, another does not."""
    admit(ledger, entry())
    assert [entry()] == list(ledger.unknown("other", [entry()]))


def test_only_the_newest_version_is_known(ledger):
    """A file that goes back to an older stat is unknown again."""
    admit(ledger, entry())
    admit(ledger, entry(version=2))
    assert [entry()] == unknown(ledger, entry())


def test_admit_new_paths(ledger):
    """A new path is READY, in the order given, with a reference to itself."""
    results = admit(ledger, entry(b"b"), entry(b"a"))
    assert [(b"b", F.READY, False), (b"a", F.READY, False)] == [
        (r.path, r.state, r.held) for r in results
    ]
    assert results[0].ref.id < results[1].ref.id
    assert entry(b"b").fingerprint == results[0].ref.fingerprint
    assert Backlog(2, 200, 10.0) == ledger.backlog(PIPELINE)


def test_admit_twice_is_once(ledger):
    """A known version comes back with its state, and nothing is written."""
    first = admit(ledger, entry())
    assert first == admit(ledger, entry())
    assert [F.READY] == states(ledger)
    finish(ledger)
    (again,) = admit(ledger, entry())
    assert (F.COMMITTED, first[0].ref) == (again.state, again.ref)
    assert [F.COMMITTED] == states(ledger)


def test_the_same_path_twice_in_one_call(ledger):
    """Entries are taken in order: the second version replaces the first."""
    admit(ledger, entry(), entry(version=2))
    assert [F.CHANGED, F.READY] == states(ledger)


@pytest.mark.parametrize(
    "path", [b"\xff\xfe.csv", b"new\nline.csv", b"nul-free \x01\x1b[2J", "ä".encode()]
)
def test_names_are_bytes(ledger, path):
    """Any name survives, through a batch and every answer."""
    admit(ledger, entry(path))
    batch = finish(ledger)
    assert path == batch.members[0].file.path
    assert [path] == [row.path for row in ledger.files(path=path)]
    assert [] == unknown(ledger, entry(path))


def test_the_largest_numbers(ledger):
    """Inodes have 64 bits without a sign; objects have an etag and no inode."""
    big = entry(b"big", inode=2**64 - 1, size=2**62)
    thing = entry(b"object", inode=0, etag='"0-1"')
    results = admit(ledger, big, thing)
    assert [big.fingerprint, thing.fingerprint] == [r.ref.fingerprint for r in results]
    assert [] == unknown(ledger, big, thing)
    assert big.fingerprint == ledger.latest(PIPELINE, b"big").fingerprint


@pytest.mark.parametrize(
    ("on_change", "state", "reason"),
    [
        ("new", F.READY, ""),
        ("ignore", F.IGNORED, ""),
        ("fail", F.QUARANTINED, "changed_after_commit"),
    ],
)
def test_on_change(ledger, on_change, state, reason):
    """Other content of a committed path follows the policy."""
    admit(ledger, entry())
    finish(ledger)
    (result,) = admit(ledger, entry(version=2), on_change=on_change)
    assert state == result.state
    assert [F.COMMITTED, state] == states(ledger)
    assert reason == list(ledger.files(path=b"a.csv"))[1].reason
    assert [] == unknown(ledger, entry(version=2))


@pytest.mark.parametrize("policy", ["replace", ""])
def test_another_policy_is_refused_and_leaves_no_trace(ledger, policy):
    """An unknown on_change writes nothing, not even the entries before."""
    admit(ledger, entry())
    with pytest.raises(LedgerError, match="on_change"):
        admit(ledger, entry(b"b"), entry(version=2), on_change=policy)
    assert [F.READY] == states(ledger)


def test_equal_content_is_unchanged(ledger):
    """A touch is UNCHANGED; the next one updates the same row; neither is ready."""
    admit(ledger, entry())
    finish(ledger)
    (first,) = admit(ledger, touched(entry()))
    (second,) = admit(ledger, touched(entry(), by=2), on_change="fail")
    assert (F.UNCHANGED, F.UNCHANGED) == (first.state, second.state)
    assert first.ref.id == second.ref.id
    assert [F.COMMITTED, F.UNCHANGED] == states(ledger)
    assert [] == unknown(ledger, touched(entry(), by=2))
    assert Backlog() == ledger.backlog(PIPELINE)


def test_changed_after_a_touch(ledger):
    """Other content on top of UNCHANGED follows the policy."""
    admit(ledger, entry())
    finish(ledger)
    admit(ledger, touched(entry()))
    (result,) = admit(ledger, entry(version=2))
    assert F.READY == result.state


def test_ignored_is_updated_in_place(ledger):
    """A file that keeps changing under on_change = ignore adds one row only."""
    admit(ledger, entry())
    finish(ledger)
    admit(ledger, entry(version=2), on_change="ignore")
    admit(ledger, entry(version=3), on_change="ignore")
    assert [F.COMMITTED, F.IGNORED] == states(ledger)
    assert entry(version=3).fingerprint == ledger.latest(PIPELINE, b"a.csv").fingerprint


@pytest.mark.parametrize("other", [touched(entry()), entry(version=2)])
def test_a_ready_version_is_replaced(ledger, other):
    """Whatever the policy: the old version is CHANGED, the new one READY."""
    admit(ledger, entry())
    (result,) = admit(ledger, other, on_change="fail")
    assert F.READY == result.state
    assert [F.CHANGED, F.READY] == states(ledger)
    assert [other.fingerprint] == [m.file.fingerprint for m in seal(ledger).members]


@pytest.mark.parametrize("other", [touched(entry()), entry(version=2)])
def test_held_while_in_a_batch(ledger, other):
    """A candidate whose path is in a running batch writes nothing, and is unknown."""
    admit(ledger, entry())
    batch = ledger.claim(seal(ledger).id, 30.0)
    (result,) = admit(ledger, other)
    assert (None, None, True) == (result.state, result.ref, result.held)
    assert ([F.CLAIMED], [other]) == (states(ledger), unknown(ledger, other))
    ledger.stage(committable(batch), 40.0)
    assert admit(ledger, other)[0].held
    ledger.commit(batch.id, 50.0)
    assert not admit(ledger, other)[0].held


@pytest.mark.parametrize("outcome", [Outcome.VANISHED, Outcome.CHANGED])
@pytest.mark.parametrize("other", [entry(), touched(entry()), entry(version=2)])
def test_not_read_is_admitted_again(ledger, outcome, other):
    """A version that vanished or changed before it was read is never taken as known."""
    admit(ledger, entry())
    finish(ledger, outcome)
    assert [other] == unknown(ledger, other)
    (result,) = admit(ledger, other, on_change="fail")
    assert F.READY == result.state
    assert [] == unknown(ledger, other)
    finish(ledger)
    assert [F(outcome), F.COMMITTED] == states(ledger)


@pytest.mark.parametrize("disposal", [F.MOVED, F.DELETED])
def test_after_disposal(ledger, disposal):
    """A path whose file was moved away follows the same rules as a committed one."""
    (result,) = admit(ledger, entry())
    finish(ledger)
    ledger.disposed(result.ref.id, disposal, 60.0)
    assert F.UNCHANGED == admit(ledger, touched(entry()))[0].state
    assert F.READY == admit(ledger, entry(version=2))[0].state


def test_latest(ledger):
    """The newest version with content of its own, with its digests."""
    assert ledger.latest(PIPELINE, b"a.csv") is None
    (first,) = admit(ledger, entry())
    finish(ledger)
    admit(ledger, touched(entry()))
    assert first.ref == ledger.latest(PIPELINE, b"a.csv")
    (second,) = admit(ledger, entry(version=2))
    assert second.ref == ledger.latest(PIPELINE, b"a.csv")


def test_latest_after_a_rename_over_a_path(ledger):
    """A rename brings content: the version before is not what the path holds."""
    admit(ledger, entry(), entry(b"b.csv", version=2))
    finish(ledger)
    moved = entry(b"b.csv")
    ledger.renamed(PIPELINE, moved, 60.0)
    assert moved.fingerprint == ledger.latest(PIPELINE, b"b.csv").fingerprint
    assert F.UNCHANGED == admit(ledger, touched(moved))[0].state


def grown(ledger, size, version):
    return ledger.grown(PIPELINE, entry(version=version, size=size), 60.0)


def test_grown(ledger):
    """Growth is recorded once, then in place; the version is known."""
    admit(ledger, entry())
    finish(ledger)
    first, second = grown(ledger, 150, 2), grown(ledger, 200, 3)
    assert (F.GREW_AFTER_COMMIT, F.GREW_AFTER_COMMIT) == (first.state, second.state)
    assert first.ref.id == second.ref.id
    assert [F.COMMITTED, F.GREW_AFTER_COMMIT] == states(ledger)
    assert 200 == ledger.latest(PIPELINE, b"a.csv").fingerprint.size
    assert [] == unknown(ledger, entry(version=3, size=200))


def test_grown_before_the_commit(ledger):
    """Growth of what is not committed is a change like any other."""
    admit(ledger, entry())
    assert F.READY == grown(ledger, 150, 2).state
    seal(ledger)
    assert grown(ledger, 200, 3).held
    assert [F.CHANGED, F.CLAIMED] == states(ledger)


def test_growth_of_a_quarantined_file_is_refused(ledger):
    """Its rows are not in the output: the policy decides, not growth."""
    admit(ledger, entry())
    finish(ledger, Outcome.QUARANTINED)
    with pytest.raises(IllegalTransition):
        grown(ledger, 150, 2)


def test_renamed_from(ledger):
    """A version in a batch with the same inode, size, mtime and digests is found."""
    admit(ledger, entry(b"old"))
    moved = Entry(b"new", touched(entry()).fingerprint)
    assert ledger.renamed_from(PIPELINE, moved) is None
    batch = ledger.claim(seal(ledger).id, 30.0)
    assert (b"old", F.CLAIMED) == ledger.renamed_from(PIPELINE, moved)
    ledger.stage(committable(batch), 40.0)
    ledger.commit(batch.id, 50.0)
    assert (b"old", F.COMMITTED) == ledger.renamed_from(PIPELINE, moved)
    assert ledger.renamed_from("other", moved) is None
    assert ledger.renamed_from(PIPELINE, entry(b"old")) is None


@pytest.mark.parametrize(
    "change", [{"inode": 1}, {"size": 1}, {"mtime_ns": 1}, {"head": b""}, {"tail": b""}]
)
def test_not_renamed(ledger, change):
    """Any difference, but the ctime, makes it another file."""
    admit(ledger, entry(b"old"))
    finish(ledger)
    assert ledger.renamed_from(PIPELINE, entry(b"new", **change)) is None


def test_a_file_without_rows_is_not_renamed(ledger):
    """It brought nothing that could be there twice, so it is read again."""
    admit(ledger, entry(b"old"))
    batch = ledger.claim(seal(ledger).id, 30.0)
    empty = MemberResult(batch.members[0].file.id, Outcome.READ)
    ledger.stage(replace(committable(batch), members=(empty,)), 40.0)
    ledger.commit(batch.id, 50.0)
    assert ledger.renamed_from(PIPELINE, entry(b"new")) is None


def test_an_object_is_not_renamed(ledger):
    """Without an inode there is nothing to tell a rename from a copy by."""
    admit(ledger, entry(b"old", inode=0))
    finish(ledger)
    assert ledger.renamed_from(PIPELINE, entry(b"new", inode=0)) is None


def test_renamed(ledger):
    """A rename is UNCHANGED, known, and never ready."""
    admit(ledger, entry(b"old"))
    finish(ledger)
    moved = entry(b"new")
    assert F.UNCHANGED == ledger.renamed(PIPELINE, moved, 60.0).state
    assert [] == unknown(ledger, moved)
    assert ledger.seal(PIPELINE, max_files=9, max_bytes=9, now=70.0) is None


@pytest.mark.parametrize("outcome", [Outcome.QUARANTINED, Outcome.VANISHED])
def test_retry(ledger, outcome):
    """The newest version is READY, as if it had never been in a batch."""
    admit(ledger, entry())
    finish(ledger, outcome)
    assert ledger.retry(PIPELINE, b"a.csv", 60.0)
    (row,) = ledger.files(path=b"a.csv")
    assert (F.READY, None, "", "") == (row.state, row.batch_id, row.reason, row.detail)
    assert Backlog(1, 100, 60.0) == ledger.backlog(PIPELINE)
    assert [] == unknown(ledger, entry())
    second = finish(ledger)
    assert [second.id] == [row.batch_id for row in ledger.files(path=b"a.csv")]


def test_retry_of_what_was_not_read_again(ledger):
    """UNCHANGED, IGNORED and grown files can be forced."""
    admit(ledger, entry(b"u"), entry(b"i"), entry(b"g"))
    finish(ledger)
    admit(ledger, touched(entry(b"u")))
    admit(ledger, entry(b"i", version=2), on_change="ignore")
    ledger.grown(PIPELINE, entry(b"g", version=2), 60.0)
    assert [True] * 3 == [ledger.retry(PIPELINE, p, 70.0) for p in (b"u", b"i", b"g")]
    assert 3 == ledger.backlog(PIPELINE).files


def test_retry_is_refused(ledger):
    """Nothing happens to what is unknown, ready, in a batch, committed or changed."""
    assert not ledger.retry(PIPELINE, b"a.csv", 60.0)
    admit(ledger, entry())
    assert not ledger.retry(PIPELINE, b"a.csv", 60.0)
    batch = ledger.claim(seal(ledger).id, 30.0)
    assert not ledger.retry(PIPELINE, b"a.csv", 60.0)
    ledger.stage(committable(batch), 40.0)
    ledger.commit(batch.id, 50.0)
    assert not ledger.retry(PIPELINE, b"a.csv", 60.0)
    assert [F.COMMITTED] == states(ledger)


def test_disposed(ledger):
    """Only a committed file is moved or deleted, and only once."""
    (result,) = admit(ledger, entry())
    with pytest.raises(IllegalTransition):
        ledger.disposed(result.ref.id, F.MOVED, 60.0)
    finish(ledger)
    assert [result.ref] == list(ledger.undisposed(PIPELINE))
    with pytest.raises(LedgerError):
        ledger.disposed(result.ref.id, F.READY, 60.0)
    with pytest.raises(LedgerError):
        ledger.disposed(999, F.MOVED, 60.0)
    ledger.disposed(result.ref.id, F.MOVED, 60.0)
    assert ([F.MOVED], []) == (states(ledger), list(ledger.undisposed(PIPELINE)))
    with pytest.raises(IllegalTransition):
        ledger.disposed(result.ref.id, F.DELETED, 60.0)


def test_fingerprint_without_digests(ledger):
    """An empty file has a fingerprint like any other."""
    empty = Entry(b"empty", Fingerprint(0, 1, 2, 3))
    assert F.READY == admit(ledger, empty)[0].state
    assert Backlog(1, 0, 10.0) == ledger.backlog(PIPELINE)
