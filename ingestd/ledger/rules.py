"""
The decisions that every ledger shares: legal steps, admission, the batch's id. No I/O.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from ingestd.errors import IllegalTransition, LedgerError, Reason
from ingestd.growing import Growing, Piece
from ingestd.ledger.ledger import LEGAL_BATCH, LEGAL_FILE, Entry
from ingestd.model import (
    BatchState,
    Committable,
    FileState,
    Fingerprint,
    Member,
    MemberResult,
    Outcome,
    Schema,
)

F = FileState

AFTER_OUTCOME: dict[Outcome, FileState] = {
    Outcome.READ: F.COMMITTED,
    Outcome.QUARANTINED: F.QUARANTINED,
    Outcome.VANISHED: F.VANISHED,
    Outcome.CHANGED: F.CHANGED,
}
"""The state that a member's file gets when its batch is committed."""

UNREAD = frozenset({F.VANISHED, F.CHANGED})
"""States whose file was not there to be read: an equal stat is not known again."""

RETRIABLE = frozenset(
    {F.QUARANTINED, F.VANISHED, F.UNCHANGED, F.GREW_AFTER_COMMIT, F.IGNORED}
)
"""States that an operator's ``retry`` starts from."""

DISPOSED = frozenset({F.MOVED, F.DELETED})

_ON_CHANGE = {"new": F.READY, "ignore": F.IGNORED, "fail": F.QUARANTINED}
_IN_PLACE = frozenset({F.UNCHANGED, F.IGNORED, F.GREW_AFTER_COMMIT})
_GROWS = frozenset({F.COMMITTED, F.MOVED, F.DELETED, F.UNCHANGED, F.GREW_AFTER_COMMIT})


@dataclass(frozen=True, slots=True)
class Version:
    """
    A file version as a decision sees it.
    """

    id: int
    state: FileState
    fingerprint: Fingerprint
    previous: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    What is to be written for a candidate.

    *state* is None when nothing is. *in_place* updates the newest version of the path;
    *replaced* makes the newest one CHANGED first.
    """

    state: FileState | None
    held: bool = False
    in_place: bool = False
    replaced: bool = False
    reason: str = ""
    detail: str = ""


def step_file(before: FileState, after: FileState, what: str) -> None:
    """
    Raise IllegalTransition unless a file version may go from *before* to *after*.
    """
    if after not in LEGAL_FILE[before]:
        raise IllegalTransition(f"{what}: a file cannot go from {before} to {after}")


def step_batch(before: BatchState, after: BatchState, batch_id: str) -> None:
    """
    Raise IllegalTransition unless a batch may go from *before* to *after*.
    """
    if after not in LEGAL_BATCH[before]:
        raise IllegalTransition(
            f"batch {batch_id}: a batch cannot go from {before} to {after}"
        )


def same_content(one: Fingerprint, other: Fingerprint) -> bool:
    """
    Tell whether size and digests are equal; of objects, the etags that stand for them.
    """
    return (one.size, one.head, one.tail, one.etag) == (
        other.size,
        other.head,
        other.tail,
        other.etag,
    )


def is_known(newest: Version, candidate: Fingerprint) -> bool:
    """
    Tell whether *candidate* is the newest version of its path, unchanged.
    """
    return newest.state not in UNREAD and newest.fingerprint.stat == candidate.stat


def admission(
    newest: Version | None, owner: Version | None, candidate: Fingerprint, policy: str
) -> Verdict:
    """
    Decide on *candidate*, whose stat is not that of the *newest* version of its path.

    *owner* is the version that brought the path its present content: *newest*, or
    the one behind it when *newest* is UNCHANGED. *policy* is ``on_change``.
    """
    if policy not in _ON_CHANGE:
        expected = ", ".join(_ON_CHANGE)
        raise LedgerError(f"on_change {policy!r} is none of {expected}")
    before = _before_commit(newest, owner)
    if before is not None:
        return before
    assert newest is not None  # noqa: S101 - _before_commit has taken None
    if same_content(newest.fingerprint, candidate):
        return Verdict(F.UNCHANGED, in_place=newest.state is F.UNCHANGED)
    state = _ON_CHANGE[policy]
    if state is F.QUARANTINED:
        detail = "The file changed after it was taken, and on_change is fail"
        return Verdict(state, reason=Reason.CHANGED_AFTER_COMMIT, detail=detail)
    return Verdict(state, in_place=newest.state is state and state in _IN_PLACE)


def growth(newest: Version | None, owner: Version | None) -> Verdict:
    """
    Decide on a candidate that holds the content of *newest* and more.
    """
    before = _before_commit(newest, owner)
    if before is not None:
        return before
    assert newest is not None and owner is not None  # noqa: S101, PT018 - as above
    if owner.state not in _GROWS:
        # Its rows are not in the output, so "grew after commit" would be untrue.
        raise IllegalTransition(
            f"version {owner.id} is {owner.state}: only a committed file grows",
            hint="Offer the file to admit instead",
        )
    return Verdict(F.GREW_AFTER_COMMIT, in_place=newest.state is F.GREW_AFTER_COMMIT)


def rename(newest: Version | None, owner: Version | None) -> Verdict:
    """
    Decide on a candidate whose content was committed under another path.
    """
    if newest is None or newest.state in UNREAD:
        return Verdict(F.UNCHANGED)
    before = _before_commit(newest, owner)
    if before is not None and before.held:
        return before
    if before is not None:
        return Verdict(F.UNCHANGED, replaced=before.replaced)
    return Verdict(F.UNCHANGED, in_place=newest.state is F.UNCHANGED)


def _before_commit(newest: Version | None, owner: Version | None) -> Verdict | None:
    if newest is None or owner is None:
        return Verdict(F.READY)
    if owner.state is F.CLAIMED:
        return Verdict(None, held=True)
    if owner.state is F.READY:
        return Verdict(F.READY, replaced=True)
    if owner.state in UNREAD:
        return Verdict(F.READY)
    return None


def batch_id(
    pipeline: str, members: Sequence[Member], sealed_at: float, salt: int | None = None
) -> str:
    """
    Return the id of a batch; *salt* tells apart two batches of the same second.
    """
    digest = blake2b(digest_size=6)
    # repr of a tuple is unambiguous: no two lists of members give the same bytes.
    digest.update(repr((pipeline, salt)).encode())
    for member in members:
        mark, stretch = member.file.fingerprint, member.file.stretch
        digest.update(
            repr(
                (
                    member.file.path,
                    mark.stat,
                    mark.head,
                    mark.tail,
                    member.start,
                    member.end,
                    *((stretch.growing, stretch.start) if stretch else ()),
                )
            ).encode()
        )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(sealed_at))
    return f"{stamp}-{digest.hexdigest()}"


def order(member: Member) -> tuple[bytes, int]:
    """
    Return what members are ordered by: the path, and for stretches of one file the
    admission.
    """
    return (member.file.path, member.file.id)


def entry_of(one: Growing, piece: Piece) -> Entry:
    """
    Return *piece* as the version of a file that it stands for.

    Without an inode: by that a file would be known again under another name, and a
    piece never is.
    """
    mark = Fingerprint(piece.size, piece.mtime_ns, 0, 0, "", piece.head, piece.tail)
    return Entry(one.path, mark)


def check_growth(
    before: Growing | None, after: Growing, pieces: Sequence[Piece]
) -> None:
    """
    Raise LedgerError unless *pieces* are all that was taken between *before* and
    *after*, one behind the other: no byte is taken twice, and none is left out.
    """
    first = pieces[0].start if pieces else after.end
    # Of what is in front of the first record nothing is taken: it is in no piece.
    at = before.end if before is not None and before.records else first
    for piece in pieces:
        if piece.start != at:
            raise LedgerError(
                f"{after.path!r}: a piece begins at byte {piece.start}, and all before "
                f"byte {at} was taken"
            )
        at = piece.start + piece.size
    if at != after.end:
        raise LedgerError(
            f"{after.path!r}: taken up to byte {at}, and not to byte {after.end}"
        )


def results_of(
    members: Sequence[Member], committable: Committable
) -> list[MemberResult]:
    """
    Return the results in the members' order; LedgerError unless there is one for each,
    and the rows of each add up.
    """
    found = {result.file_id: result for result in committable.members}
    wanted = [member.file.id for member in members]
    if sorted(found) != sorted(wanted) or len(committable.members) != len(wanted):
        raise LedgerError(
            f"batch {committable.batch.id}: {len(wanted)} members, but results for "
            f"{len(committable.members)}, {len(set(wanted) & set(found))} of them its"
        )
    for result in found.values():
        left_out = result.rows_rejected + result.rows_filtered
        if result.rows_in != result.rows_out + left_out:
            raise LedgerError(
                f"file version {result.file_id}: {result.rows_in} rows in are not "
                f"{result.rows_out} out, {result.rows_rejected} rejected and "
                f"{result.rows_filtered} filtered"
            )
    return [found[file_id] for file_id in wanted]


def check_schema(pipeline: str, schema: Schema, recorded: Schema | None) -> None:
    """
    Raise LedgerError unless *schema* is the *recorded* one of its version.
    """
    if recorded != schema:
        raise LedgerError(
            f"schema version {schema.version} of {pipeline} is not the ledger's",
            hint="Pin a schema before a batch is read with it",
        )
