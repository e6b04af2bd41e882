"""
Lines of JSON become rows: the fast way and the careful way give the same.
"""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Drift
from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.jsonl import columns as of_columns
from ingestd.run.jsonl import sieve as of_sieve
from ingestd.run.jsonl import values
from ingestd.run.jsonl.columns import Columns
from ingestd.run.jsonl.rows import Rows
from ingestd.run.jsonl.sieve import LineSieve
from ingestd.run.text.unsound import Rules

AB = ("a", "b")
UNIFORM = [
    b'{"a":1,"b":"x"}',
    b'{"b":"x","a":null}',
    b'{"a":1.10,"b":"q\\"\\n"}',
    b' { "a": true, "b": ",\xc3\xa9" } ',
]
# As many objects as lines, in lines that begin and end with braces.
APART = [
    [b'{"a":1,"b":2}{"a":1,"b":2}', b'{"a":1,', b'"b":2}'],
    [b'{"a":1,"b":2} {"a":1,"b":2}', b""],
    [b'{"a":', b'{},"b":2}', b'{"a":1,"b":2}{"a":1,"b":2}'],
    [b'{"a":[{},', b'{}],"b":2}{"a":1,"b":2}'],
]
OTHERS = [
    b'{"a":1}',
    b'{"a":1,"b":2,"c":3}',
    b'{"a":1,"b":2,"a":3}',
    b'{"a" :1,"b":2}',
    b'{"a":1,"b":"\\u0000"}',
    b'{"a":1,"b":[',
    b"",
]


def rows_of(lines, drift=None) -> list[bytes] | None:
    rows = Rows(Columns(AB, drift or Drift()))
    return rows.uniform(b"\n".join(lines), lines)


@pytest.mark.parametrize("rescue", [False, True])
def test_lines_that_are_alike_are_read_at_once(rescue):
    """
    Into the rows that each gives by itself.
    """
    drift = Drift(new_column="rescue" if rescue else "ignore")
    alone = Rows(Columns(AB, drift))
    expected = [alone.row(line, apart=True) for line in UNIFORM]
    assert expected == rows_of(UNIFORM, drift)
    assert expected[:1] == rows_of(UNIFORM[:1], drift)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("place", [0, 2])
def test_one_line_that_is_not_has_all_looked_at_one_by_one(other, place):
    """
    No row is made of it in passing.
    """
    lines = [*UNIFORM[:place], other, *UNIFORM[place:]]
    assert rows_of(lines) is None


@pytest.mark.parametrize("lines", APART)
def test_an_object_is_on_one_line_and_alone(lines):
    """
    As many objects as lines are not yet one on each.
    """
    assert rows_of(lines) is None


def test_keys_that_data_made_are_bounded(monkeypatch):
    """
    A schema of thousands of columns is nobody's intent.
    """
    monkeypatch.setattr(of_columns, "_MOST_KEYS", 3)
    columns = Columns((), Drift(new_column="add"))
    for number in range(3):
        columns.row(values.object_of(b'{"k%d":1}' % number))
    with pytest.raises(Fault) as error:
        columns.row(values.object_of(b'{"k3":1}'))
    assert Reason.NEW_COLUMN == error.value.reason


def test_a_column_that_ingestd_adds_is_not_added():
    """
    As in a header of CSV.
    """
    columns = Columns((), Drift(new_column="add"), ("_file",))
    with pytest.raises(Fault, match="_file"):
        columns.row(values.object_of(b'{"_file":1}'))


@given(
    lines=st.lists(st.sampled_from([*UNIFORM, *OTHERS, b"\xff", b"x" * 60, b"\r"])),
    size=st.integers(1, 200),
    newline=st.booleans(),
    require=st.booleans(),
)
def test_rows_and_rejects_do_not_depend_on_windows(lines, size, newline, require):
    """
    Nor on how the text is cut between two lines.
    """
    text = b"\n".join(lines) + b"\n" * newline
    rules = Rules(2, 1000, whole_end=require)

    def read(start, until, window):
        sieve = LineSieve(Rows(Columns(AB, Drift())), rules, 40, first=False)
        out = b"".join(sieve.pieces(text, start, len(text), until=until, size=window))
        return out, sieve

    expected, whole = read(0, None, 1 << 20)
    found, small = read(0, None, size)
    assert expected == found
    assert whole.aside == small.aside
    assert (whole.rows, whole.lines) == (small.rows, small.lines)
    border = text.find(b"\n", min(size, len(text))) + 1
    first, one = read(0, border, size)
    second, two = read(border, None, size)
    assert expected == first + second
    assert (whole.rows, whole.lines) == (one.rows + two.rows, one.lines + two.lines)
    assert [a.raw for a in whole.aside] == [a.raw for a in (*one.aside, *two.aside)]


@given(st.dictionaries(st.text(), st.text() | st.integers(), max_size=4), st.randoms())
def test_a_key_twice_is_found_however_it_is_written(record, choice: random.Random):
    """
    And no key is taken for one that stands twice.
    """
    pairs = [
        f"{json.dumps(key, ensure_ascii=choice.random() < 1 / 2)}"
        f"{choice.choice(['', ' ', chr(9)])}:{json.dumps(value)}"
        for key, value in record.items()
    ]
    line = "{" + ",".join(pairs) + "}"
    assert record.keys() == values.object_of(line.encode()).keys()
    if pairs:
        twice = "{" + ",".join([*pairs, choice.choice(pairs)]) + "}"
        with pytest.raises(values.Unfit) as error:
            values.object_of(twice.encode())
        assert Reason.DUPLICATE_COLUMN == error.value.reason


def test_lines_that_come_to_nothing_are_noticed(monkeypatch):
    """
    Each is a row or a reject, by a count that knows no JSON.
    """
    monkeypatch.setattr(of_sieve, "filled_lines", lambda text: text.count(b"\n") + 1)
    sieve = LineSieve(Rows(Columns(AB, Drift())), Rules(2, 1000), 1000)
    text = b"\n".join(UNIFORM) + b"\n"
    with pytest.raises(Fault) as error:
        list(sieve.pieces(text, 0, len(text)))
    assert Reason.ROW_COUNT == error.value.reason
