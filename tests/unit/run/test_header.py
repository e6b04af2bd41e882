"""
Where the records of a text begin, and what ends its lines.
"""

from __future__ import annotations

import pytest

from ingestd.config import Csv
from ingestd.run.header import look

# name: options, text, where its records begin, lines before them, CR alone ends lines
TEXTS = {
    "lf": ({}, b"a,b\n|1,2\n", 1, False),
    "crlf": ({}, b"a,b\r\n|1,2\r\n", 1, False),
    "cr": ({}, b"a,b\r|1,2\r", 1, True),
    "cr, and lf within quotes": ({}, b'a,b\r|1,"x\ny"\r', 1, True),
    "cr, and quotes in comments": (
        {"comment": "#"},
        b'# it"s\ra,b\r|#"\r1,"x\ny"\r',
        2,
        True,
    ),
    "cr, and what looks like a comment within quotes": (
        {"comment": "#"},
        b'a,b\r|1,"x\r\n#y"\r1,"\n"\r',
        1,
        True,
    ),
    "lf, and a cr in a name": ({}, b"a,b\rc\n|1,2\n", 1, False),
    "lf, and a quote in a comment": (
        {"comment": "#"},
        b"# it's\n# \"\na,b\n|1\r,2\n",
        3,
        False,
    ),
    "a preamble, cr, and lf within quotes": (
        {"skip_rows": 2},
        b'made\r\ra,b\r|1,"x\ny"\r',
        3,
        True,
    ),
    "a preamble, lf, and a cr in it": (
        {"skip_rows": 1},
        b"ma\rde\na,b\n|1,2\n",
        2,
        False,
    ),
    "newlines in names": ({}, b'"a\n\n",b\n|1,2\n', 3, False),
    "crs in names": ({}, b'"a\r",b\r|1,2\r', 2, True),
    "blank lines": ({}, b"\n\r\na,b\n|1,2\n", 3, False),
    "no newline": ({}, b"a,b|", 0, False),
    "a preamble and no header": (
        {"header": False, "skip_rows": 1},
        b"made\n|1,2\n",
        1,
        False,
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_records_begin_behind_the_header(name):
    """
    Whatever stands before it, and however lines end.
    """
    options, text, lines, returns = TEXTS[name]
    text, begin = text.replace(b"|", b""), text.index(b"|")

    found = look(text, len(text), Csv(**options))

    assert (begin, lines, returns) == (found.end, found.lines, found.dialect.returns)
