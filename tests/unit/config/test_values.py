"""
Sizes, locations and column types.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ingestd.config import format_size, is_numeric, parse_size
from ingestd.config.values import Mark, resolve


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, 0),
        (4096, 4096),
        (7, "7"),
        (7, "7B"),
        (1024, "1KiB"),
        (512 << 20, "512MiB"),
        (3 << 30, " 3 GiB "),
        (10_000_000, "10MB"),
        (1000, "1kB"),
        (1536, "1.5KiB"),
    ],
)
def test_a_size_is_a_number_or_text_with_a_unit(size, text):
    """
    Binary units count in 1024, decimal ones in 1000, a bare number in bytes.
    """
    assert size == parse_size(text)


@pytest.mark.parametrize("value", ["", "GiB", "1 XB", "-1MB", "1e3", "٣MB", True, 1.5])
def test_what_is_no_size_is_refused(value):
    """
    Nothing is guessed: an odd unit, sign, digit or type is an error.
    """
    with pytest.raises(ValueError, match="expected a size"):
        parse_size(value)


@given(st.integers(min_value=0, max_value=1 << 60))
def test_a_formatted_size_reads_back(size):
    """
    format_size is exact.
    """
    assert size == parse_size(format_size(size))


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/etc/in", "in"),
        ("/in", "../in"),
        ("/srv/in", "/srv/in/"),
        ("/srv/a b", "file:///srv/a%20b"),
        ("/srv/a%20b", "/srv/a%20b"),
        ("/srv/in", "file://localhost/srv/in"),
        ("s3://bucket/in", "s3://bucket/in"),
    ],
)
def test_a_location_is_resolved_against_the_folder(path, location):
    """
    Local places become absolute paths, only URLs are unquoted, others stay.
    """
    assert path == resolve(location, "/etc")


@pytest.mark.parametrize("location", ["", "ftp://host/x", "file://host/x", "a\0b"])
def test_a_location_that_nothing_can_read_is_refused(location):
    """
    Unknown schemes and other hosts are errors.
    """
    with pytest.raises(ValueError, match="expected"):
        resolve(location, "/etc")


@pytest.mark.parametrize(
    ("numeric", "column_type"),
    [
        (True, "int8"),
        (True, "uint64"),
        (True, "float32"),
        (True, "decimal(10,2)"),
        (False, "string"),
        (False, "bool"),
        (False, "timestamp(ns)"),
    ],
)
def test_numeric_types(numeric, column_type):
    """
    Integers, floats and decimals have sums.
    """
    assert numeric == is_numeric(column_type)


@pytest.mark.parametrize(
    "mark", [".", ",", "'", " ", "_", "\u00a0", "\u202f", "\u2019"]
)
def test_marks_that_people_have(mark):
    """
    Any one character between groups of digits, not only of ASCII.
    """
    assert mark == TypeAdapter(Mark).validate_python(mark)


@pytest.mark.parametrize(
    "mark", ["ab", "1", "\u0661", "e", "x", "+", "-", "\n", "\t", "\0"]
)
def test_what_could_be_part_of_a_number_is_no_mark(mark):
    """
    Nor is what ends a line, nor more than one character.
    """
    with pytest.raises(ValueError, match="no letter, digit or sign"):
        TypeAdapter(Mark).validate_python(mark)
