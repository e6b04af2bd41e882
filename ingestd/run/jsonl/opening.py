"""
A member of JSON lines, arranged for its sieve: its columns are those of the schema.
"""

from __future__ import annotations

from ingestd.errors import Reason
from ingestd.model import Member
from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.faults import Fault
from ingestd.run.header import HEAD_BYTES, UTF8_MARK, Header
from ingestd.run.jsonl.columns import Columns
from ingestd.run.jsonl.rows import Rows
from ingestd.run.jsonl.sieve import PLAIN, LineSieve
from ingestd.run.layout import Layout
from ingestd.run.member_text import Text
from ingestd.run.text.blocks import line_start
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.sieve import Judge
from ingestd.run.text.unsound import Rules

_UTF16 = (b"{\0", b"\0{")


def columns_of(plan: Plan) -> Columns:
    """
    Return what the keys of a member's records are to *plan*.
    """
    paths = plan.pipeline.source.path_names
    forbidden = (*paths, *plan.pipeline.reserved)
    return Columns(plan.of_files.names, plan.pipeline.drift, forbidden)


def json_lines(plan: Plan, member: Member, text: Text, begin: int | None) -> Content:
    """
    Return *member*'s content, of which nothing is read yet; *begin* as for
    ``open_content``. Raises Fault.
    """
    head = text.read(0, HEAD_BYTES)
    if head[:2] in _UTF16:
        detail = "every second byte is NUL: expected csv.encoding = utf-16-le or -be"
        raise Fault(Reason.NUL_BYTE, detail)
    first = len(UTF8_MARK) if head.startswith(UTF8_MARK) else 0
    until = text.stop
    start = first
    if not member.whole:
        until = max(first, member.end)
        if member.start > first:
            start = line_start(text.source, member.start, text.stop)
        start = start if begin is None else begin
    columns = columns_of(plan)
    sources = tuple((name, name) for name in columns.names)
    dialect = Dialect(b"", max_line_bytes=plan.pipeline.csv.max_line_bytes)
    header = Header(columns.fields, first, first, 0, b"", dialect)
    layout = Layout(columns.fields, sources)
    return Content(member, text, header, layout, PLAIN, start, until)


def sieve_of(
    plan: Plan, content: Content, rules: Rules, judge: Judge | None
) -> LineSieve:
    """
    Return the sieve of *content*'s text.
    """
    # A stretch is any lines of a file, and says nothing of what else it has.
    grows = content.member.file.stretch is not None
    return LineSieve(
        Rows(columns_of(plan)),
        rules,
        plan.pipeline.csv.max_line_bytes,
        judge,
        first=content.member.start == 0 and not grows,
        whole=content.member.whole and not grows,
        lines=content.lines_before,
    )
