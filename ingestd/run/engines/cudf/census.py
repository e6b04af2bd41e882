"""
How many records each member has, by a count that is not the parser's.

Line ends and delimiters are counted over the bytes; rows are what the groups add up to.
A member that was counted before must have as many here; one that was left uncounted
gets its number, once all of its unit's pass has come out right.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestd.run.content import Content
from ingestd.run.engines.cudf.cut import Records, ends, newlines
from ingestd.run.engines.cudf.device import Device, Unfit, Why
from ingestd.run.engines.cudf.feed import Body, Chunk


class Census:
    """
    The count of one pass; fed with its chunks in order.
    """

    def __init__(self, device: Device, bodies: Sequence[Body]) -> None:
        """
        Begin with no record of any of *bodies*.
        """
        self._device = device
        self.bodies = bodies
        self._records = [0] * len(bodies)
        self._open = 0  # the member that the next record belongs to
        self._used = 0
        self._lines = 0
        self._one = len(bodies) == 1

    def take(self, chunk: Chunk, records: Records) -> None:
        """
        Count *records* of *chunk*. Raises Unfit where one reaches over a member's end.
        """
        counted = 0
        if not self._one:
            for member, before in ends(self._device, chunk, records).items():
                self._records[member] += before - counted
                self._open, counted = member + 1, before
        if counted < records.count:
            self._records[self._open] += records.count - counted
        self._used += chunk.used - chunk.begin
        if self._one:
            of_lines = newlines(self._device, chunk) if records.quoted else None
            self._lines += records.count if of_lines is None else of_lines

    @property
    def total(self) -> int:
        """
        The records of all members.
        """
        return sum(self._records)

    def settle(self, contents: Sequence[Content]) -> None:
        """
        Compare with what was counted before, and fill in what was not. Raises Unfit.
        """
        for content, records in zip(contents, self._records, strict=True):
            if not content.pending and content.rows != records:
                said = f"{records} records where {content.rows} were counted"
                raise Unfit(Why.COUNT, said)
        for content, records in zip(contents, self._records, strict=True):
            if content.pending:
                # It stays pending: no frame can be made of it as it is.
                content.rows = records
                self._place(content)

    def _place(self, content: Content) -> None:
        """
        Say where a slice ends; nobody asks that of one whole file among others.
        """
        if not self._one:
            return
        (body,) = self.bodies
        content.stop = min(body.start + self._used, body.stop)
        added = body.until == body.stop and not body.ends_line
        content.lines = content.lines_before + self._lines - added
