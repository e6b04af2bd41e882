"""
What is to be parsed of one member.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from ingestd.model import Member
from ingestd.run.header import Header
from ingestd.run.layout import Layout
from ingestd.run.member_text import Text
from ingestd.run.opened import check_same
from ingestd.run.rejects import Reject
from ingestd.run.text.count import Count, count
from ingestd.run.text.emit import Plain
from ingestd.run.text.tokens import rewritten


@dataclass(slots=True)
class Content:
    """
    What is to be parsed of one member, in the dialect *plain*: the records *data* in
    memory, or the open file *fd* with a header in front if the files have one.

    *rows* counts its records, *rejects* are those that were set aside before. *watched*
    is the source's own descriptor while it must still be compared with the fingerprint
    after parsing, else -1. *careful*: each value was
    looked at; *partly*: those of some columns.

    *note* says in words what of its records differs from the schema; of a header the
    layout says it. *path* are the texts of the columns that come from its path. Of
    *rows* the transform left out *filtered*; in *failed* an expression had no value,
    and gave null.

    Of a slice the records are those that begin at *begin* or behind it, and before
    *until*; *stop* is where the next one begins, *lines* how many end before that.

    *pending*: it is only open; nobody has counted it for a parser, *data* and *fd* are
    not there yet, and *rows*, *stop* and *lines* are those of a pass that did without.
    """

    member: Member
    text: Text
    header: Header
    layout: Layout
    plain: Plain
    begin: int
    until: int
    stop: int = 0
    lines: int = 0
    rows: int = 0
    exact: bool = False
    careful: bool = False
    partly: bool = False
    pending: bool = False
    data: bytes | memoryview | None = None
    fd: int = -1
    watched: int = -1
    rejects: tuple[Reject, ...] = ()
    nulled: int = 0
    note: str = ""
    path: tuple[str | None, ...] = ()
    filtered: int = 0
    failed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """
        The columns, in the file's order.
        """
        return self.layout.names

    @property
    def records_before(self) -> int:
        """
        The records of the file in front of these, where it is read in stretches.
        """
        stretch = self.member.file.stretch
        return stretch.records if stretch else 0

    def offset(self, at: int) -> int:
        """
        Return the offset in the file of the text's byte *at*.
        """
        found, stretch = self.text.offset(at), self.member.file.stretch
        return found - len(stretch.header) + stretch.start if stretch else found

    @property
    def lines_before(self) -> int:
        """
        The lines in front of the records; of a slice that is not the first nobody knows
        them.
        """
        if (stretch := self.member.file.stretch) is not None:
            return stretch.lines
        return 0 if self.member.start else self.header.lines

    def unchanged(self) -> None:
        """
        Raise Fault if the source is another version than when it was opened.
        """
        if self.watched >= 0:
            check_same(self.watched, self.member)

    def recount(self) -> bool:
        """
        Look at every record, where only sums were compared; return whether all are
        sound.
        """
        if not self.exact:
            found = counted(self, exact=True)
            self.exact = found.clean and found.records == self.rows
        return self.exact

    def drop(self) -> None:
        """
        Forget what was to be parsed; the text stays open.
        """
        if self.fd not in (-1, self.text.fd):
            os.close(self.fd)
        self.data, self.fd = None, -1

    def close(self) -> None:
        """
        Close what is open; harmless twice.
        """
        self.drop()
        self.text.close()
        self.watched = -1


def header_line(content: Content) -> bytes:
    """
    Return the header that a parser of *content* is given.
    """
    names = [name.encode() for name in content.layout.names]
    return rewritten(names, content.plain.delimiter, content.plain.quote)


def counted(content: Content, *, exact: bool = False) -> Count:
    """
    Return our own count of *content*'s text.
    """
    text = content.text
    return count(
        text.source,
        content.begin,
        text.stop,
        content.header.dialect,
        len(content.layout.names),
        exact=exact,
        until=content.until,
    )
