"""
One member, opened once: checked against its fingerprint, made plain text, counted.

Every later step reads through the descriptor that is opened here, so that a file that
is replaced meanwhile cannot mix two versions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ingestd.errors import Reason
from ingestd.model import Member
from ingestd.run.content import Content, counted
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault, system_errors
from ingestd.run.header import UTF8_MARK, look
from ingestd.run.layout import layout
from ingestd.run.member_text import Text, check_same, opened, text_of
from ingestd.run.sift import sift
from ingestd.run.text.emit import plain_for
from ingestd.run.text.footer import without_footer


def open_content(plan: Plan, member: Member) -> Content | None:
    """
    Open, check and count *member*; None when the file is empty. Raises Fault.

    The caller closes what is returned.
    """
    with system_errors(), opened(plan.root, member) as fd:
        text = text_of(plan, member, fd)
        if text is None:
            return None
        with _closed_on_error(text):
            content = _arranged(plan, member, text)
        with _closed_on_error(content):
            if text.fd >= 0 and os.path.sameopenfile(text.fd, fd):
                content.watched = text.fd
            if not _as_it_is(content, plan):
                sift(plan, content)
            if text.data is not None:
                check_same(fd, member)
        return content


@contextmanager
def _closed_on_error(opened: Text | Content) -> Iterator[None]:
    try:
        yield
    except BaseException:
        opened.close()
        raise


def _arranged(plan: Plan, member: Member, text: Text) -> Content:
    options = plan.pipeline.csv
    header = look(text.source, text.stop, options)
    names = header.names if options.header else plan.schema.names
    arranged = layout(names, plan.schema.names, plan.pipeline.drift)
    text.stop = without_footer(text.source, header.end, text.stop, options.skip_footer)
    try:
        plain = plain_for(header.dialect, text.source, header.end, text.stop)
    except ValueError as error:
        raise Fault(Reason.UNREADABLE, f"csv.delimiter: {error}") from error
    return Content(member, text, header, arranged, plain)


def _as_it_is(content: Content, plan: Plan) -> bool:
    """
    Have *content* parsed as it is, if it may be; tell whether it is.
    """
    text, header, options = content.text, content.header, plan.pipeline.csv
    if not header.dialect.plain:
        return False
    if text.data is None:
        # The parser begins where the file begins, and takes the header's own names.
        mark = text.read(0, len(UTF8_MARK)) == UTF8_MARK
        named = not options.header or header.names == content.layout.names
        begin = len(UTF8_MARK) if mark else 0
        cut = text.stop < os.fstat(text.fd).st_size
        if header.first != begin or cut or not named:
            return False
    if options.final_newline == "require" and text.read(text.stop - 1, 1) != b"\n":
        return False
    found = counted(content)
    if not found.clean:
        return False
    content.rows, content.exact = found.records, found.exact
    if text.data is None:
        content.fd = text.fd
    else:
        content.data = memoryview(text.data)[header.end : text.stop]
    return True
