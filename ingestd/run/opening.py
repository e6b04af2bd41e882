"""
One member, opened once: checked against its fingerprint, made plain text, counted.

Every later step reads through the descriptor that is opened here, so that a file that
is replaced meanwhile cannot mix two versions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ingestd.errors import Reason
from ingestd.model import Member
from ingestd.run.content import Content, counted
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault, system_errors
from ingestd.run.header import UTF8_MARK, look
from ingestd.run.jsonl.opening import json_lines
from ingestd.run.layout import layout
from ingestd.run.member_text import (
    Text,
    copied,
    one_piece,
    slice_text,
    text_of,
)
from ingestd.run.opened import check_same, opened
from ingestd.run.sift import headed, sift
from ingestd.run.text.blocks import blocks, line_start
from ingestd.run.text.decode import is_utf8
from ingestd.run.text.emit import Plain, plain_for
from ingestd.run.text.footer import without_footer
from ingestd.run.text.sieve import HARD


def open_content(
    plan: Plan, member: Member, begin: int | None = None, *, later: bool = False
) -> Content | None:
    """
    Open, check and count *member*; None when the file is empty, or a slice of one that
    cannot be cut and is read whole with its first. Raises Fault.

    *begin* is where a slice's first record begins, if that is known; else the first
    line that begins in it is taken for a record. *later*: a large text that is plain is
    left uncounted, pending ``count_now``. The caller closes what is returned.
    """
    storage, folder = plan.pipeline.source.storage, plan.staging
    with system_errors(), opened(plan.root, member, storage, folder) as fd:
        if not member.whole and one_piece(plan, fd):
            if member.start:
                return None
            member = replace(member, end=member.file.fingerprint.size)
        text = _text(plan, member, fd, begin)
        if text is None:
            return None
        with _closed_on_error(text):
            content = _arranged(plan, member, text, begin)
        with _closed_on_error(content):
            if text.fd >= 0 and os.path.sameopenfile(text.fd, fd):
                content.watched = text.fd
            content.pending = later and _may_wait(content, plan)
            if not content.pending:
                count_now(plan, content)
            if content.watched < 0:
                check_same(fd, member)
        return content


def count_now(plan: Plan, content: Content) -> None:
    """
    Count *content*, and have it parsed as it is or read with care. Raises Fault.
    """
    content.pending = False
    if plan.pipeline.source.format == "jsonl":
        sift(plan, content)
    elif not _as_it_is(content, plan):
        content.plain = _made_plain(content)
        sift(plan, content)


def _may_wait(content: Content, plan: Plan) -> bool:
    """
    Tell whether *content* is a text that another reader may count: an open file, as the
    parsers have it, in which every line is a record's; of slices the file itself.
    """
    text, dialect = content.text, content.header.dialect
    if text.fd < 0 or not dialect.plain or dialect.comment:
        return False
    if not content.member.whole and content.watched < 0:
        return False
    return content.begin < content.until and not _cut_short(content, plan)


def _cut_short(content: Content, plan: Plan) -> bool:
    """
    Tell whether the text's last record lacks the line end that it must have.
    """
    text = content.text
    must_end = plan.pipeline.csv.final_newline == "require"
    some = must_end and text.stop > content.begin
    return some and text.read(text.stop - 1, 1) != b"\n"


def _text(plan: Plan, member: Member, fd: int, begin: int | None) -> Text | None:
    if member.whole or is_utf8(plan.pipeline.csv.encoding):
        return text_of(plan, member, fd)
    return slice_text(plan, member, fd, begin)


@contextmanager
def _closed_on_error(opened: Text | Content) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


def _arranged(plan: Plan, member: Member, text: Text, begin: int | None) -> Content:
    if plan.pipeline.source.format == "jsonl":
        return json_lines(plan, member, text, begin)
    options = plan.pipeline.csv
    header = look(text.source, text.stop, options)
    names = header.names if options.header else plan.of_files.original
    arranged = layout(names, plan.of_files.names, plan.pipeline.drift)
    text.stop = without_footer(
        text.source,
        header.end,
        text.stop,
        options.skip_footer,
        returns=header.dialect.returns,
    )
    first, until = header.end, text.stop
    if text.first is not None:
        first, until = text.first, text.until
    elif not member.whole:
        until = max(first, member.end)
        if member.start > first:
            first = line_start(text.source, member.start, text.stop)
        first = first if begin is None else begin
    own = Plain(header.dialect.delimiter, header.dialect.quote)
    return Content(member, text, header, arranged, own, first, until)


def _made_plain(content: Content) -> Plain:
    """
    Return the dialect in which the records of *content* can be written anew.
    """
    text, dialect = content.text, content.header.dialect
    end = min(text.stop, content.until + HARD * dialect.max_line_bytes)
    try:
        return plain_for(dialect, text.source, content.begin, end)
    except ValueError as error:
        raise Fault(Reason.UNREADABLE, f"csv.delimiter: {error}") from error


def _as_it_is(content: Content, plan: Plan) -> bool:
    """
    Have *content* parsed as it is, if it may be; tell whether it is.
    """
    text, header, whole = content.text, content.header, content.member.whole
    if not header.dialect.plain:
        return False
    if text.data is None and whole and not _parser_may_begin(content, plan):
        return False
    found = counted(content)
    if not found.clean:
        return False
    # A record may reach beyond the slice in which it begins, and end the text there.
    if found.stop == text.stop and _cut_short(content, plan):
        return False
    content.rows, content.exact = found.records, found.exact
    content.stop = found.stop
    content.lines = found.lines + content.lines_before
    if text.data is not None:
        content.data = memoryview(text.data)[header.end : text.stop]
    elif whole:
        content.fd = text.fd
    else:
        pieces = blocks(text.fd, content.begin, content.stop, 1 << 20)
        content.fd = copied(headed(plan, content, pieces))
    return True


def _parser_may_begin(content: Content, plan: Plan) -> bool:
    """
    Tell whether the file is what a parser expects: nothing in front of the header or
    behind the records, and the header's own names.
    """
    text, header = content.text, content.header
    mark = text.read(0, len(UTF8_MARK)) == UTF8_MARK
    named = not plan.pipeline.csv.header or header.names == content.layout.names
    cut = text.stop < os.fstat(text.fd).st_size
    return named and not cut and header.first == (len(UTF8_MARK) if mark else 0)
