"""
A file's header beside the schema: what is taken for what, and what is said of it.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestd.config import Drift
from ingestd.errors import Reason
from ingestd.model import UNTYPED, Schema
from ingestd.run.faults import Fault
from ingestd.run.layout import layout, named

RENAME = Drift(duplicate_column="rename")

NAMES = {
    "all different": ("a,b", "a,b", ""),
    "twice": ("a,b,a", "a,b,a_2", "another 'a' is 'a_2'"),
    "thrice": ("a,a,a", "a,a_2,a_3", "another 'a' is 'a_2'; another 'a' is 'a_3'"),
    "the number is a column's": ("a,a_2,a", "a,a_2,a_3", "another 'a' is 'a_3'"),
    "the number is a later column's": ("a,a,a_2", "a,a_3,a_2", "another 'a' is 'a_3'"),
    "two that are numbered alike": (
        "a,a,a_2,a_2",
        "a,a_3,a_2,a_2_2",
        "another 'a' is 'a_3'; another 'a_2' is 'a_2_2'",
    ),
    "without a name": (",a", "column_1,a", "column 1 has no name, it is 'column_1'"),
    "blanks alone": ("a, ", "a,column_2", "column 2 has no name, it is 'column_2'"),
    "several without": (
        ",,a",
        "column_1,column_2,a",
        (
            "column 1 has no name, it is 'column_1'; "
            "column 2 has no name, it is 'column_2'"
        ),
    ),
    "the place is a column's": (
        "column_2,",
        "column_2,column_2_2",
        "column 2 has no name, it is 'column_2_2'",
    ),
    "case differs": ("a,A", "a,A", ""),
}


def split(text):
    return tuple(text.split(","))


@pytest.mark.parametrize("case", NAMES)
def test_each_column_has_a_name_of_its_own(case):
    """
    Numbers never hide a name that the header has.
    """
    header, expected, notes = NAMES[case]

    names, said = named(split(header), RENAME)

    assert split(expected) == names
    assert notes == "; ".join(said)


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "A", "", " ", "column_2"])))
def test_names_are_different_and_first_ones_stay(header):
    """
    For every header: as many names, each once, and each name that was there is there.
    """
    names, _ = named(tuple(header), RENAME)

    assert len(header) == len(set(names))
    assert {name for name in header if name.strip()} <= set(names)
    for place, name in enumerate(header):
        if name.strip() and name not in header[:place]:
            assert name == names[place]


SOURCES = {
    "equal": ("a,b", "a,b", "a,b", ""),
    "another order": ("b,a", "a,b", "a,b", ""),
    "another case": ("A,B", "a,b", "A,B", ""),
    "blanks around": (" a,b\t", "a,b", " a,b\t", ""),
    "blanks in the schema": ("a,b", " a,b ", "a,b", ""),
    "more than lower case": ("STRASSE", "straße", "STRASSE", ""),
    "missing": ("a", "a,b", "a,", ""),
    "new": ("a,x,b", "a,b", "a,b", "x"),
    "two of the file": ("A,a ,b", "a,b", ",b", "A,a "),
    "beside the equal one": ("A,a", "a,b", "a,", "A"),
    "two of the schema": ("A ,b", "a,A,b", ",,b", "A "),
    "two of the schema, both there": ("A,a", "a,A", "a,A", ""),
    "two of the schema, one there": ("a, A", "a,A", "a,", " A"),
}


@pytest.mark.parametrize("case", SOURCES)
def test_a_column_is_taken_for_the_one_that_is_meant(case):
    """
    An equal name first; then one of another spelling, where nothing else can be meant.
    """
    header, columns, sources, extras = SOURCES[case]

    found = layout(split(header), split(columns), Drift())

    assert split(header) == found.names
    assert tuple(zip(split(columns), split(sources), strict=True)) == found.sources
    assert tuple(name for name in split(extras) if name) == found.extras


def test_only_equal_names_match_where_case_does():
    """
    Then blanks count as well.
    """
    found = layout(("A", " b", "c"), ("a", "b", "c"), Drift(match_case=True))

    assert (("a", ""), ("b", ""), ("c", "c")) == found.sources
    assert ("A", " b") == found.extras


FAULTS = {
    Reason.DUPLICATE_COLUMN: (
        "a,a,b,b",
        Drift(),
        "the header has 'a', 'b' twice",
    ),
    Reason.MISSING_COLUMN: (
        "a,x",
        Drift(missing_column="fail"),
        "the header lacks 'b', and has 'x' instead",
    ),
    Reason.NEW_COLUMN: (
        "a,b,x",
        Drift(new_column="fail"),
        "the header has 'x', the schema does not",
    ),
    Reason.NO_HEADER: (
        "1,2.5",
        Drift(new_column="rescue"),
        (
            "the first record, '1', '2.5', names not one column of the schema: "
            "probably no header, or another delimiter"
        ),
    ),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_what_is_not_allowed_is_a_fault(reason):
    """
    With the names, so that the operator need not open the file.
    """
    header, drift, detail = FAULTS[reason]

    with pytest.raises(Fault) as caught:
        layout(split(header), ("a", "b"), drift)

    assert (reason, detail) == (caught.value.reason, caught.value.detail)


def test_a_file_of_nulls_is_never_made():
    """
    Whatever becomes of new columns: without one known column there is no file to read.
    """
    for new_column in ("ignore", "add", "rescue", "fail"):
        with pytest.raises(Fault) as caught:
            layout(("x",), ("a", "b"), Drift(new_column=new_column))
        assert Reason.NO_HEADER == caught.value.reason


def test_long_headers_make_short_notes():
    """
    A few names, and how many more; of long names the beginning.
    """
    header = tuple(f"c{n}" for n in range(9)) + ("x" * 99, "A")

    note = layout(header, ("a", "b"), Drift()).note

    assert (
        "'c0', 'c1', 'c2', 'c3', 'c4', and 5 more left out; no 'b', null instead; "
        "'A' taken for 'a'"
    ) == note
    assert f"'{'x' * 60}…'" in layout(("x" * 99, "a"), ("a",), Drift()).note


def test_types_go_by_the_files_own_names():
    """
    As the reader needs them: text for what the schema lacks.
    """
    schema = Schema((("a", "int64"), ("b", "date"), ("n", UNTYPED)))

    found = layout(("x", "A", "n"), schema.names, Drift()).stored(schema)

    assert {"x": "string", "A": "int64", "n": UNTYPED} == found
