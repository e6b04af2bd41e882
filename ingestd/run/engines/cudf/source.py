"""
What the rest of ``run`` calls a member's content, as the device wants it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ingestd.run.content import Content
from ingestd.run.engine import Plan
from ingestd.run.engines.cudf.cut import NOTHING, Shape
from ingestd.run.engines.cudf.device import Unfit, Why
from ingestd.run.engines.cudf.feed import Body


def body(content: Content) -> Body:
    """
    Return where the records of *content* are.
    """
    if content.data is not None:
        return Body(content.data, content.header.end, len(content.data))
    size = os.fstat(content.fd).st_size
    return Body(content.fd, content.header.end, size)


def shape(plan: Plan, contents: Sequence[Content]) -> Shape:
    """
    Return the marks of *contents*, which have the same columns; raise Unfit for marks
    that are no single ASCII character.
    """
    options = plan.pipeline.csv
    if len(options.delimiter) != 1 or not options.delimiter.isascii():
        raise Unfit(Why.DIALECT, "the delimiter is no single ASCII character")
    return Shape(
        ord(options.delimiter),
        ord(options.quote) if options.quote else NOTHING,
        len(contents[0].layout.names),
        options.max_line_bytes,
    )
