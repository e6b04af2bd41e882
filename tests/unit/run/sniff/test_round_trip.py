"""
Random tables in random dialects: what is found of them reads the same table.

What no reader could tell is left out: a table of hardly any values, a null marker in a
column of text, a quote or an escape that never stands before a mark, days that are all
months as well, a text that begins with a quote, and whether words are a header above
nothing but words.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.unit.run.sniff.sniff_kit import rows, sniff

ROWS = 20
START = date(2026, 1, 31)
NULL = None


@dataclass(frozen=True)
class Style:
    """
    How a table is written.
    """

    delimiter: str
    quote: str
    escape: str
    all_quoted: bool
    header: bool
    end: str
    preamble: tuple[str, ...]
    footer: tuple[str, ...]
    comments: tuple[str, ...]
    blank: str
    encoding: str
    null: str
    decimal: str
    thousands: str
    words: tuple[str, str]
    day: str
    moment: str


STYLES = st.builds(
    Style,
    delimiter=st.sampled_from([",", ";", "\t", "|", "||", "::", "~|~", "^", "\x01"]),
    quote=st.sampled_from(['"', '"', "'", ""]),
    escape=st.sampled_from(["", "", "\\"]),
    all_quoted=st.booleans(),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    preamble=st.sampled_from([(), (), ("Report",), ("made for", "tests only")]),
    footer=st.sampled_from([(), (), ("end of file",), ("all", "20 rows")]),
    comments=st.sampled_from([(), (), ("# a note",), ("# don't", "#", "#a,b|c")]),
    blank=st.sampled_from(["", "", " "]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    null=st.sampled_from(["", "NA", "N/A", "-", "\\N", "#N/A", "None"]),
    decimal=st.sampled_from([".", ","]),
    thousands=st.sampled_from(["", "", ".", ",", "'"]),
    words=st.sampled_from(
        [("true", "false"), ("yes", "no"), ("J", "N"), ("on", "off")]
    ),
    day=st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y"]),
    moment=st.sampled_from(
        ["%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M"]
    ),
)
LETTERS = "abcdefg éüöß"
INTEGERS = st.integers(-(10**12), 10**12)
FLOATS = st.integers(-(10**9), 10**9).map(lambda n: n + 0.25)
SPANS = st.integers(0, 20_000)
COLUMNS = {
    "int": INTEGERS,
    "float": FLOATS,
    "bool": st.booleans(),
    "date": SPANS.map(lambda n: START + timedelta(days=n)),
    "moment": SPANS.map(
        lambda n: datetime(2026, 1, 31) + timedelta(minutes=n * 7),
    ),
    "text": st.text(LETTERS + ",;|:\"'.\n", min_size=1, max_size=12).map(
        lambda text: f"x{text.strip()}y"
    ),
}
SURE = {
    # One value of each kind tells how the others are written.
    "int": 7,
    "float": 1234567.25,
    "bool": True,
    "date": START,
    "moment": datetime(2026, 1, 31),
    "text": "xéy",
}


@st.composite
def tables(draw):
    """
    Draw the kinds of the columns and the rows; the first column is one of numbers.
    """
    others = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    kinds = ["int", *others]
    table = []
    for _ in range(draw(st.integers(ROWS, ROWS + 10))):
        record = [draw(COLUMNS[kind]) for kind in kinds]
        record[1:] = [
            NULL if kind != "text" and draw(st.integers(0, 9)) == 9 else value
            for kind, value in zip(kinds[1:], record[1:], strict=True)
        ]
        table.append(tuple(record))
    table.append(tuple(SURE[kind] for kind in kinds))
    table.append(
        tuple(
            not v if k == "bool" else SURE[k]
            for k, v in zip(kinds, table[-1], strict=True)
        )
    )
    return kinds, table


def shown(value, kind, style) -> str:
    """
    Return *value* as *style* writes it, without quotes.
    """
    if value is NULL:
        return style.null
    if kind == "float":
        whole, _, rest = f"{value:,.2f}".partition(".")
        return whole.replace(",", style.thousands) + style.decimal + rest
    if kind == "bool":
        return style.words[0] if value else style.words[1]
    if kind in ("date", "moment"):
        return value.strftime(style.day if kind == "date" else style.moment)
    return str(value)


def field(text, style) -> str:
    """
    Return *text* as a field of *style*; one that cannot be is no example.
    """
    if text == style.null == "\\N" and style.escape:
        return text
    marks = [style.delimiter, "\n", "\r", *filter(None, [style.quote, style.escape])]
    special = any(mark in text for mark in marks)
    if not style.quote:
        if style.escape:
            for mark in ("\\", style.delimiter[0], "\n"):
                text = text.replace(mark, f"\\{mark}")
        else:
            assume(not special)
        return text
    if not special and not style.all_quoted:
        return text
    if style.escape:
        text = text.replace("\\", "\\\\").replace(style.quote, f"\\{style.quote}")
    else:
        text = text.replace(style.quote, style.quote * 2)
    return style.quote + text + style.quote


def written(kinds, table, style) -> bytes:
    """
    Return *table* as a file.
    """
    between = style.delimiter + style.blank
    lines = [
        between.join(
            field(shown(value, kind, style), style)
            for value, kind in zip(record, kinds, strict=True)
        )
        for record in table
    ]
    for number, comment in enumerate(style.comments):
        lines.insert(3 * number + 2, comment)
    if style.header:
        names = [
            f"{kind}_{letter}" for kind, letter in zip(kinds, "abcdefg", strict=False)
        ]
        lines.insert(0, between.join(field(name, style) for name in names))
    lines = [*style.preamble, *lines, *style.footer]
    return (style.end.join(lines) + style.end).encode(style.encoding)


def can_be_told(content, style) -> bool:
    """
    Tell whether *content* says how it is written.
    """
    if style.thousands in (style.decimal, style.quote or None):
        return False
    # The reader takes an LF that soon for the end of a line.
    return not (style.end == "\r" and style.preamble and "\n" in content)


# Guesses: some table that tells too little can always be found, so CI draws the same.
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(tables(), STYLES)
def test_a_table_is_read_back(table, style):
    """
    Whatever the dialect, the rows are those that were written.
    """
    kinds, expected = table
    content = written(kinds, expected, style)
    assume(can_be_told(content.decode(style.encoding), style))
    # Which letters bytes above ASCII are, is a guess; all else is none.
    known = {"encoding": "cp1252"} if style.encoding == "cp1252" else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        found = sniff(folder, content, csv=known)

        assert (len(expected), "") == (found.fit, found.doubt)
        assert found.fit == found.records
        if found.schema is not None:
            assert expected == rows(folder, found, content, csv=known)
