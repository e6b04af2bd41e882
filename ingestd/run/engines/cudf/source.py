"""
What the rest of ``run`` calls a member's content, as the device wants it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ingestd.run.content import Content, header_line
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.cut import NOTHING, Shape
from ingestd.run.engines.cudf.device import Unfit, Why
from ingestd.run.engines.cudf.feed import Body

_ASCII = 0x80


def body(plan: Plan, content: Content) -> Body:
    """
    Return where the records of *content* are.
    """
    if content.pending:
        text = content.text
        return Body(text.fd, content.begin, text.stop, content.until)
    if content.data is not None:
        size = len(content.data)
        return Body(content.data, 0, size, size)
    size = os.fstat(content.fd).st_size
    if content.fd == content.text.fd:
        return Body(content.fd, content.header.end, size, size)
    first = len(header_line(content)) if plan.pipeline.csv.header else 0
    return Body(content.fd, first, size, size)


def shape(plan: Plan, contents: Sequence[Content]) -> Shape:
    """
    Return the marks of *contents*, which have the same columns; raise Unfit for marks
    that are no ASCII characters.
    """
    first = contents[0]
    delimiter, quote = first.plain.delimiter, first.plain.quote
    if len(delimiter) != 1 or delimiter[0] >= _ASCII or delimiter in b"\r\n":
        raise Unfit(Why.DIALECT, "the delimiter is no ASCII character")
    return Shape(
        delimiter[0],
        quote[0] if quote else NOTHING,
        len(first.layout.names),
        plan.pipeline.csv.max_line_bytes,
    )
