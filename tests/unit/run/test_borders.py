"""
Where a growing file's records end, in data that stops anywhere.
"""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Csv
from ingestd.growing import Begun, Whole
from ingestd.run.borders import CsvBorders
from ingestd.run.jsonl.borders import LineBorders

HEADER = b"id,text\n"


def borders(**options):
    """The borders of CSV with *options*."""
    return CsvBorders(Csv(**options))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Whole(0, 0, 0)),
        (b"1,a", Whole(0, 0, 0)),
        (b"1,a\n", Whole(4, 1, 1)),
        (b"1,a\n2,b", Whole(4, 1, 1)),
        (b'1,"a\nb', Whole(0, 0, 0)),
        (b'1,"a\nb"\n2', Whole(8, 1, 2)),
        (b'1,"a\n\n', Whole(0, 0, 0)),
        (b"\n\n1,a\n", Whole(6, 1, 3)),
        (b'1,a"b\n2,c\n3', Whole(10, 2, 2)),
        (b'1,"a"b\n2,c\n', Whole(11, 2, 2)),
        (b"1,a\r\n2,b\r", Whole(5, 1, 1)),
    ],
)
def test_only_whole_records_are_taken(data, expected):
    """A record whose end was not written yet waits, quoted line ends and all."""
    assert expected == borders().whole(data, final=False)


def test_the_last_record_of_a_file_that_is_done_needs_no_line_end():
    """Nothing more will come."""
    assert Whole(7, 2, 1) == borders().whole(b"1,a\n2,b", final=True)


@pytest.mark.parametrize("data", [b"", b"id,t", b"id,text", b'"id\n'])
def test_a_header_that_was_not_written_whole_is_waited_for(data):
    """Half a header would name other columns."""
    assert borders().begin(data, None, final=False) is None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_is_in_front_of_the_records_is_kept_as_it_is(mark):
    """Byte order mark, preamble and header go in front of every stretch."""
    front = mark + b"made by x\n" + HEADER
    found = borders(skip_rows=1).begin(front + b"1,a\n", None, final=False)
    assert Begun(front, len(front), 2) == found


def test_a_header_is_remembered_where_the_writer_goes_on_without():
    """After a rotation some write it again, and some do not."""
    again = borders().begin(HEADER + b"1,a\n", HEADER, final=False)
    without = borders().begin(b"1,a\n", HEADER, final=False)
    assert Begun(HEADER, 8, 1) == again
    assert Begun(HEADER, 0, 0) == without


def test_a_changed_header_is_a_header():
    """A column more is drift, and no row."""
    found = borders().begin(b"id,text,more\n1,a,b\n", HEADER, final=False)
    assert Begun(b"id,text,more\n", 13, 1) == found


FIELD = st.text(st.sampled_from('ab,"\n é'), max_size=6)


@given(
    rows=st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 200), max_size=5),
)
def test_however_it_is_written_the_records_are_the_same(rows, cuts):
    """Taken in pieces, at any moment, a file has the records that it has as a whole."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    data = out.getvalue().encode()
    whole = borders().whole(data, final=False)
    at = records = ended = 0
    for cut in sorted(min(cut, len(data)) for cut in (*cuts, len(data))):
        some = borders().whole(data[at:cut], final=False)
        at, records, ended = at + some.size, records + some.records, ended + some.lines
    assert whole == Whole(at, records, ended)
    assert len(data) == whole.size
    # A row of one empty field is a blank line to the reader.
    assert len([r for r in rows if r != ("",)]) == whole.records


@pytest.mark.parametrize(
    ("data", "final", "expected"),
    [
        (b"", False, Whole(0, 0, 0)),
        (b'{"a":1}', False, Whole(0, 0, 0)),
        (b'{"a":1}', True, Whole(7, 1, 0)),
        (b'{"a":"\\n"}\n\n{"a"', False, Whole(12, 1, 2)),
        (b"no\r\n{}\r\n{}", True, Whole(10, 3, 2)),
    ],
)
def test_lines_of_json_are_records(data, final, expected):
    """Blank ones are none; a line that was not written whole waits."""
    assert expected == LineBorders(Csv()).whole(data, final=final)


@pytest.mark.parametrize(
    ("data", "final", "expected"),
    [
        (b"", False, None),
        (b"\xef\xbb", False, None),
        (b"\xef\xbb", True, Begun(b"", 0, 0)),
        (b"\xef\xbb\xbf{", False, Begun(b"", 3, 0)),
        (b"{", False, Begun(b"", 0, 0)),
    ],
)
def test_json_has_no_header(data, final, expected):
    """A byte order mark may be in front of its first line."""
    assert expected == LineBorders(Csv()).begin(data, None, final=final)
