"""
One unit: open and count every member, parse them in one pass, isolate what is at fault.

Strict first: all members of a unit with the same columns are parsed at once. Where that
fails, or its rows are not the records that we counted, the members are halved until
each one at fault stands alone; what the good halves gave is kept.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import polars as pl

from ingestd.errors import Quarantine
from ingestd.model import Member, MemberResult, Outcome, Unit
from ingestd.run.content import Content
from ingestd.run.engine import Piece, Plan
from ingestd.run.engines.polars.errors import raise_if_no_input_is_at_fault
from ingestd.run.engines.polars.judge import sift_values
from ingestd.run.engines.polars.passes import (
    Ahead,
    Doubt,
    Failed,
    Gone,
    Input,
    Pass,
    Scan,
    Work,
    groups,
    nothing,
    piece_of,
    result_of,
)
from ingestd.run.engines.polars.read import Sample, first_texts, sample, sources
from ingestd.run.engines.polars.shaping import Shaping
from ingestd.run.faults import Fault, system_errors
from ingestd.run.opening import count_now, open_content
from ingestd.run.rejects import Reject

T = TypeVar("T")

MAX_OPEN = 128
"""Descriptors that one pass holds; two passes fit a limit of 1,024 with ease."""

_COMMON = 16
"""So many files of a unit need care before it is given to whole groups."""


@dataclass(slots=True)
class Reading(Generic[T]):
    """
    The reading of one unit, by one thread; *columns* of files are used.

    *values* are what the passes gave, *set_aside* the rejects in the members' order,
    *piece* what was read of a slice.
    """

    plan: Plan
    work: Work[T]
    scan: Scan
    columns: tuple[str, ...]
    shaping: Shaping | None = None
    discard: Callable[[T], None] = lambda _: None
    ahead: Ahead[T] = nothing
    values: list[T] = field(default_factory=list)
    results: dict[int, MemberResult] = field(default_factory=dict)
    set_aside: tuple[Reject, ...] = ()
    piece: Piece | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    _begin: int | None = None
    _cared: int = 0
    _rejects: dict[int, tuple[Reject, ...]] = field(default_factory=dict)

    def run(self, unit: Unit, *, in_order: bool) -> tuple[MemberResult, ...]:
        """
        Read *unit*; return a result for each member. *in_order*: the values must follow
        (path, record).
        """
        waiting: list[Content] = []
        held = 0
        self._begin = unit.begin
        try:
            for member in unit.members:
                if content := self._open(member):
                    waiting.append(content)
                    held += content.text.fd >= 0
                if held >= MAX_OPEN:
                    self._passes(waiting, in_order)
                    held = 0
            self._passes(waiting, in_order)
        finally:
            for content in waiting:
                content.close()
        identities = [member.file.id for member in unit.members]
        self.set_aside = tuple(
            itertools.chain.from_iterable(
                self._rejects.get(identity, ()) for identity in identities
            )
        )
        return tuple(self.results[identity] for identity in identities)

    def _open(self, member: Member) -> Content | None:
        begun = time.perf_counter()
        content = None
        try:
            later = self.ahead is not nothing
            content = open_content(self.plan, member, self._begin, later=later)
            if self.shaping is not None and content is not None:
                self.shaping.locate(content)
        except Fault as fault:
            self._failed(member, fault)
            if content is not None:
                content.close()
            return None
        finally:
            self._took("read", begun)
        if content is None:
            detail = "empty file" if member.whole else ""
            result = MemberResult(member.file.id, Outcome.READ, detail=detail)
            self.results[member.file.id] = result
            if not member.whole:
                size = member.file.fingerprint.size
                self.piece = Piece(size, size, 0, 0)
        elif content.rows == 0 and not content.pending:
            self._read(content)
            content.close()
        else:
            return content
        return None

    def _passes(self, waiting: list[Content], in_order: bool) -> None:
        begun = time.perf_counter()
        for group in groups(waiting, in_order=in_order):
            self._try(group, self._sample(group[0]))
        for content in waiting:
            content.close()
        waiting.clear()
        self._took("parse", begun)

    def _sample(self, content: Content) -> Sample:
        texts = first_texts(content, self.plan)
        found = sample(content, self.plan, texts)
        if self.shaping is not None and texts is not None:
            self.shaping.measure(texts, content, found)
        return found

    def _try(self, contents: Sequence[Content], hints: Sample) -> None:
        try:
            value = self._pass(contents, hints)
        except (pl.exceptions.PolarsError, Doubt, Quarantine) as error:
            raise_if_no_input_is_at_fault(error)
            if hints.bold:
                self._try(contents, hints.cautious())
            elif len(contents) == 1 or self._care_is_common(contents):
                self._with_care(contents, error)
            else:
                half = len(contents) // 2
                self._try(contents[:half], hints)
                self._try(contents[half:], hints)
            return
        except Gone as gone:
            rest = [content for content in contents if content not in gone.contents]
            if rest:
                self._try(rest, hints)
            return
        self.values.append(value)
        for content in contents:
            self._read(content)

    def _care_is_common(self, contents: Sequence[Content]) -> bool:
        """
        Tell whether so many files needed care that it is cheaper to read all of a group
        with care, and then once, than to look on for those that need it.
        """
        return self._cared >= _COMMON and not any(
            content.data is None or content.partly or content.careful
            for content in contents
        )

    def _with_care(self, contents: Sequence[Content], error: Exception) -> None:
        """
        Read members again that failed: what is not sound is set aside.
        """
        self._cared += len(contents)
        left = [content for content in contents if self._sifted(content, error)]
        if left:
            self._try(left, self._sample(left[0]))

    def _sifted(self, content: Content, error: Exception) -> bool:
        """
        Set aside what is not sound of *content*; tell whether something is left.
        """
        sifted = functools.partial(
            sift_values, self.plan, content, self.columns, self.shaping, error
        )
        return self._left(content, sifted)

    def _left(self, content: Content, step: Callable[[], None]) -> bool:
        """
        Do *step* for *content*; tell whether it leaves something to parse. Else the
        member has its result.
        """
        try:
            with system_errors():
                step()
        except Fault as fault:
            self._failed(content.member, fault)
            return False
        if not content.rows:
            self._read(content)
        return content.rows > 0

    def _pass(self, contents: Sequence[Content], hints: Sample) -> T:
        given = self.ahead(contents, hints) or self._by_frame(contents, hints)
        try:
            self._confirm(contents, given)
        except BaseException:
            self.discard(given.value)
            raise
        if given.count is not None:
            counts = zip(given.count.filtered, given.count.failed, strict=True)
            for content, (filtered, failed) in zip(contents, counts, strict=True):
                content.filtered, content.failed = filtered, failed
        return given.value

    def _by_frame(self, contents: Sequence[Content], hints: Sample) -> Pass[T]:
        plan = self.plan
        pending = [
            (c, functools.partial(count_now, plan, c)) for c in contents if c.pending
        ]
        if done := [c for c, count in pending if not self._left(c, count)]:
            raise Gone(done)
        with ExitStack() as stack:
            paths = sources(contents, plan, stack)
            first = contents[0]
            # What nothing uses stays text, so that no value there can be a bad one.
            layout = first.layout.only(self.columns)
            frame = self.scan(paths, layout, first.plain, plan, unmarked=hints.unmarked)
            confirm = functools.partial(self._confirm, contents)
            try:
                return self.work(Input(frame, tuple(contents), hints, confirm))
            except Failed as failed:
                for place, fault in failed.faults.items():
                    self._failed(contents[place].member, fault)
                raise Gone([contents[place] for place in failed.faults]) from failed

    def _confirm(
        self, contents: Sequence[Content], given: Pass[T] | Pass[None]
    ) -> None:
        if gone := [c for c in contents if self._gone(c)]:
            raise Gone(gone)
        if given.suspect and not all(content.recount() for content in contents):
            raise Doubt("a record has another number of fields than there are columns")
        records = sum(content.rows for content in contents)
        if given.rows != records:
            message = f"the parser gave {given.rows} rows of {records} records"
            raise Doubt(message)
        may_fail = self.plan.pipeline.drift.bad_row == "null"
        if given.count is not None and any(given.count.failed) and not may_fail:
            raise Doubt("an expression has no value in some rows")

    def _gone(self, content: Content) -> bool:
        try:
            content.unchanged()
        except Fault as fault:
            self._failed(content.member, fault)
            return True
        return False

    def _failed(self, member: Member, fault: Fault) -> None:
        self.results[member.file.id] = fault.result(member)

    def _read(self, content: Content) -> None:
        identity = content.member.file.id
        self._rejects[identity] = content.rejects
        self.piece = piece_of(content)
        self.results[identity] = result_of(content)

    def _took(self, step: str, begun: float) -> None:
        passed = time.perf_counter() - begun
        self.seconds[step] = self.seconds.get(step, 0.0) + passed
