"""
Text on the device: records that are plainly sound are taken, all others are left.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestd.run.engines.cudf.cut import NOTHING, Shape, cut, ends
from ingestd.run.engines.cudf.device import Unfit, Why
from ingestd.run.engines.cudf.feed import Body, chunks
from tests.conformance.device_kit import device_fixture  # noqa: F401 - fixture

QUOTE = ord('"')
LEFT = {
    "too few fields": b"a,b\nc\n",
    "too many fields": b"a,b\nc,d,e\n",
    "too many, then too few": b"a,b,c\nd\n",
    "a blank line": b"a,b\n\nc,d\n",
    "a NUL": b"a,b\0\n",
    "a return within": b"a\rb,c\n",
    "two returns": b"a,b\r\r\n",
    "no UTF-8": b"a,\xff\n",
    "UTF-8 that is cut": b"a,\xc3\n",
    "UTF-8 that is too long": b"a,\xc0\xaf\n",
    "a surrogate": b"a,\xed\xa0\x80\n",
    "beyond Unicode": b"a,\xf4\x90\x80\x80\n",
    "a byte that follows nothing": b"a,\x80\n",
    "a stray quote": b'a,"b\nc,d\n',
    "a quote within a field": b'a,b"c"\n',
    "text behind a quote": b'a,"b"c\n',
    "one quote": b'a,"\n',
    "three quotes": b'a,"""\n',
    "a record that is too long": b"a," + b"b" * 100 + b"\n",
}
TAKEN = {
    "plain": (b"a,b\nc,d\n", 2),
    "CRLF": (b"a,b\r\nc,d\r\n", 2),
    "quotes": (b'"a","b"\n"c,""d""","e\nf"\n', 2),
    "a return in quotes": (b'a,"b\r\nc"\n', 1),
    "empty fields": (b",\n,\n", 2),
    "empty quotes": (b'"",""\n', 1),
    "all of UTF-8": ("a,é\u0800\uffff\U00010000\U0010ffff\n".encode(), 1),
}


def count(device, text: bytes, fields: int = 2, quote: int = QUOTE) -> int:
    shape = Shape(ord(","), quote, fields, 80)
    body = Body(text, 0, len(text), len(text))
    return sum(
        cut(device, chunk, shape).count for chunk in chunks(device, [body], 1 << 16)
    )


@pytest.mark.parametrize("case", LEFT)
def test_what_is_not_plainly_sound_is_left(device, case):
    """
    Also as the second of two records, and whatever comes behind it.
    """
    for text in (LEFT[case], b"x,y\n" + LEFT[case], LEFT[case] + b"x,y\n"):
        with pytest.raises(Unfit) as caught:
            count(device, text)
        assert Why.TEXT == caught.value.why


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_sound_is_taken(device, case):
    """
    With as many records as there are.
    """
    text, records = TAKEN[case]

    assert records == count(device, text)


def test_without_quotes_a_quote_is_text(device):
    """
    It opens nothing.
    """
    assert 2 == count(device, b'a,"b\nc"d,e\n', quote=NOTHING)


def test_of_one_field_an_empty_line_is_left(device):
    """
    Nobody can tell an empty field from a blank line.
    """
    assert 2 == count(device, b"a\nb\n", fields=1)
    with pytest.raises(Unfit):
        count(device, b"a\n\nb\n", fields=1)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=40))
def test_utf8_is_told_as_python_tells_it(device, raw):
    """
    Byte by byte, with nothing but the bytes around it.
    """
    field = bytes(byte for byte in raw if byte not in b'\0\r\n,"')
    try:
        field.decode()
    except UnicodeDecodeError:
        with pytest.raises(Unfit):
            count(device, b"a," + field + b"\n")
    else:
        assert 1 == count(device, b"a," + field + b"\n")


def test_a_record_may_not_reach_over_a_members_end(device):
    """
    Two members of which only both together have closed quotes are two faults.
    """
    first, second = b'a,"b\n', b'c"\n'
    bodies = [Body(text, 0, len(text), len(text)) for text in (first, second)]

    (chunk,) = chunks(device, bodies, 1 << 16)
    records = cut(device, chunk, Shape(ord(","), QUOTE, 2, 80))

    with pytest.raises(Unfit) as caught:
        ends(device, chunk, records)

    assert Why.TEXT == caught.value.why
