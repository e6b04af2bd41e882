"""
What one pass over some members takes and gives, and which members can share one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import polars as pl

from ingestd.model import MemberResult, Outcome
from ingestd.run.content import Content
from ingestd.run.engine import Piece, Plan
from ingestd.run.engines.polars.headcount import Headcount
from ingestd.run.engines.polars.read import Sample
from ingestd.run.faults import Fault
from ingestd.run.layout import Layout
from ingestd.run.text.emit import Plain

T = TypeVar("T")


class Doubt(Exception):
    """
    A pass gave something that our count does not confirm.
    """


class Gone(Exception):
    """
    These members have their results; the pass must be done again without them.
    """

    def __init__(self, contents: list[Content]) -> None:
        super().__init__()
        self.contents = contents


class Failed(Exception):
    """
    The user's function failed for files; *faults* by their place in the pass, which
    must be done again without them.
    """

    def __init__(self, faults: dict[int, Fault]) -> None:
        super().__init__()
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Pass(Generic[T]):
    """
    What one pass over some members gave: *rows* that the parser saw, and a *value*.

    *suspect*: the parser may have padded short rows and cut long ones. *count* knows
    which rows the transform left out, None where it cannot.
    """

    rows: int
    value: T
    suspect: bool = False
    count: Headcount | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """
    What a pass gets: the frame as the reader gives it, members, their records.

    *confirm* raises where what was read is not what was counted; must be called before
    foreign code sees the rows.
    """

    frame: pl.LazyFrame
    contents: tuple[Content, ...]
    sample: Sample
    confirm: Callable[[Pass[None]], None]


Work = Callable[[Input], Pass[T]]

Ahead = Callable[[Sequence[Content], Sample], Pass[T] | None]
"""
What may make a pass by other means, before members are counted and made into a frame;
then it counts those that are pending. None: it cannot.
"""


def nothing(contents: Sequence[Content], hints: Sample) -> None:
    """
    Do no pass ahead of the frame.
    """
    del contents, hints


class Scan(Protocol):
    """
    Makes a frame of what the CSV reader gives; see ``read.scan``.
    """

    def __call__(
        self,
        paths: list[str],
        layout: Layout,
        plain: Plain,
        plan: Plan,
        *,
        unmarked: bool = False,
    ) -> pl.LazyFrame:
        """
        Return the frame of *paths*, which all have the columns of *layout*.
        """
        ...


def groups(contents: Sequence[Content], *, in_order: bool) -> list[list[Content]]:
    """
    Return the members that can be parsed together: those with the same columns.

    *in_order*: only neighbours, so that the groups one after the other are in order.
    """
    groups: dict[tuple[object, ...], list[Content]] = {}
    run = 0
    for before, content in zip([None, *contents], contents, strict=False):
        run += in_order and before is not None and _kind(before) != _kind(content)
        groups.setdefault((run, _kind(content)), []).append(content)
    return list(groups.values())


def piece_of(content: Content) -> Piece | None:
    """
    Return what was read of the last member, for the case that it is a slice.
    """
    records, member = content.rows + len(content.rejects), content.member
    if member.whole:
        # Of a file that cannot be cut the first slice reads all.
        return Piece(0, member.end, records, content.lines)
    begin, stop = map(content.text.offset, (content.begin, content.stop))
    return Piece(begin, stop, records, content.lines)


def result_of(content: Content) -> MemberResult:
    """
    Return what became of a member that was read.
    """
    rejected = len(content.rejects)
    notes = [content.layout.note, content.note]
    if not content.rows and not rejected:
        notes.append("no records")
    if content.nulled:
        notes.append(f"{content.nulled} values made null")
    if content.failed:
        notes.append(f"no value of an expression in {content.failed} rows")
    return MemberResult(
        content.member.file.id,
        Outcome.READ,
        rows_in=content.rows + rejected,
        rows_out=content.rows - content.filtered,
        rows_rejected=rejected,
        rows_filtered=content.filtered,
        detail="; ".join(filter(None, notes)),
    )


def _kind(content: Content) -> tuple[Layout, Plain]:
    return content.layout, content.plain
