"""
Reading a member's text with care: what is not sound becomes rejects, or a Fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingestd.errors import Reason
from ingestd.run.content import Content, header_line
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault
from ingestd.run.jsonl.opening import sieve_of
from ingestd.run.jsonl.sieve import LineSieve
from ingestd.run.member_text import spooled
from ingestd.run.rejects import Reject
from ingestd.run.text.sieve import Aside, Judge, Sieve, TooMany
from ingestd.run.text.unsound import Rules


def sift(plan: Plan, content: Content, judge: Judge | None = None) -> None:
    """
    Read *content*'s text with care, so that only sound records are left to be parsed;
    with *judge* only those whose values fit. Raises Fault.
    """
    text = content.text
    rules = _rules(plan, content)
    sieve = _sieve(plan, content, rules, judge)
    pieces = sieve.pieces(text.source, content.begin, text.stop, until=content.until)
    content.drop()
    try:
        if text.data is not None:
            content.data = b"".join(pieces)
        else:
            size = content.until - content.begin
            content.fd = spooled(plan, headed(plan, content, pieces), size)
    except TooMany as error:
        raise _too_many(error.last, sieve.aside, rules, content) from error
    content.unchanged()
    content.pending = False
    content.stop, content.lines = sieve.stop, sieve.lines
    content.rows, content.exact = sieve.rows, True
    content.partly = judge is not None and judge.partly
    content.careful = judge is not None and not judge.partly
    content.nulled = sieve.nulled
    content.note = sieve.note
    content.rejects = tuple(_reject(aside, content) for aside in sieve.aside)


def _sieve(
    plan: Plan, content: Content, rules: Rules, judge: Judge | None
) -> Sieve | LineSieve:
    if plan.pipeline.source.format == "jsonl":
        return sieve_of(plan, content, rules, judge)
    dialect, lines = content.header.dialect, content.lines_before
    return Sieve(dialect, content.plain, rules, judge, lines=lines)


def _rules(plan: Plan, content: Content) -> Rules:
    options, drift = plan.pipeline.csv, plan.pipeline.drift
    nulls = options.nulls
    return Rules(
        fields=len(content.layout.names),
        limit=0 if drift.bad_row == "fail" else drift.max_rejects,
        whole_end=options.final_newline == "require",
        nulls=drift.bad_row == "null",
        null_text=b"" if "" in nulls or not nulls else nulls[0].encode(),
    )


def headed(
    plan: Plan, content: Content, pieces: Iterable[bytes | bytearray]
) -> Iterator[bytes | bytearray]:
    """
    Yield *pieces* behind a header, if the files have one.
    """
    if plan.pipeline.csv.header:
        yield header_line(content)
    yield from pieces


def _too_many(last: Aside, aside: list[Aside], rules: Rules, content: Content) -> Fault:
    first = (aside or [last])[0]
    column = f", column {first.column!r}" if first.column else ""
    number = content.records_before + first.record
    place = f"record {number} in line {first.line}"
    if content.member.start:
        place = f"the record at offset {first.offset}"
    said = f"{place}{column}: {first.detail}"
    if not rules.limit:
        return Fault(first.reason, said)
    return Fault(
        Reason.TOO_MANY_REJECTS,
        f"more than {rules.limit} rows do not fit; the first: {first.reason}, {said}",
    )


def _reject(aside: Aside, content: Content) -> Reject:
    member = content.member
    return Reject(
        file_id=member.file.id,
        path=member.file.path,
        record=content.records_before + aside.record,
        line=aside.line,
        offset=content.offset(aside.offset),
        column=aside.column,
        reason=aside.reason,
        detail=aside.detail,
        header=content.header.raw,
        raw=aside.raw,
    )
