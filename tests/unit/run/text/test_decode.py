"""
Text of any encoding: the same however it is cut, each byte's place told, bad bytes
costing their own record.
"""

from __future__ import annotations

import codecs

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from ingestd.run.faults import Fault
from ingestd.run.text import decode
from ingestd.run.text.decode import Transcript, check_mark, decoded
from tests.fuzz.texts import bounded

ALPHABETS = {
    "latin-1": "a,\né\xa0",
    "cp1252": "a,\n€“",
    "cp037": "a,\né\x85",
    "koi8-r": "a,\nжЯ",
    "utf-16": "a,\nž𝄞\ufeff",
    "utf-16-le": "a,\nž𝄞Ċ",
    "utf-16-be": "a,\nž𝄞Ċ",
    "utf-32": "a,\n𝄞",
    "utf-32-be": "a,\n𝄞",
    "shift_jis": "a,\n表ソ",
    "euc_jp": "a,\n表ソ",
    "big5": "a,\n功",
    "gb18030": "a,\n€𝄞功",
    "utf-7": "a,\n€ž",
    "iso2022_jp": "a,\n表ソ",
}
SWITCHING = ("utf-7", "iso2022_jp")
"""Here a place depends on what stands before it, and may be that of a switch."""
CASES = st.sampled_from(sorted(ALPHABETS)).flatmap(
    lambda name: st.tuples(st.just(name), st.text(ALPHABETS[name], max_size=20))
)


def transcribed(raw: bytes, encoding: str, piece: int) -> tuple[Transcript, bytes]:
    transcript = Transcript(encoding)
    before, decode.PIECE = decode.PIECE, piece
    try:
        pieces = list(transcript.pieces(lambda at, most: raw[at : at + most]))
    finally:
        decode.PIECE = before
    return transcript, b"".join(pieces)


@bounded(100)
@given(CASES, st.integers(1, 9))
def test_text_is_the_same_however_it_is_cut(case, piece):
    """
    Also where a border lies within a character.
    """
    encoding, text = case
    raw = text.encode(encoding)

    _, found = transcribed(raw, encoding, piece)

    assert text.removeprefix("\ufeff").encode() == found
    assert found == decoded(raw, encoding, final=True)


@bounded(100)
@given(CASES, st.integers(1, 9))
def test_each_line_is_where_it_lies_in_the_source(case, piece):
    """
    Offsets of rejects are those of the file's own encoding.
    """
    encoding, text = case
    assume(encoding not in SWITCHING and not text.startswith("\ufeff"))
    raw = text.encode(encoding)
    transcript, found = transcribed(raw, encoding, piece)

    for at, mark in enumerate(text):
        if mark == "\n":
            offset = len(text[: at + 1].encode())
            place = transcript.source_offset(offset, lambda a, n: found[a : a + n])
            behind = raw[place:]
            assert text[at + 1 :] == codecs.decode(behind, bare(encoding)), place


def bare(encoding: str) -> str:
    """
    Return the encoding of text in the middle, where no byte order mark stands.
    """
    return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)


@pytest.mark.parametrize("piece", [1, 2, 3, 64])
@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("ascii", b"a\nb\xff\nc\n"),
        ("cp1252", b"a\nb\x81\nc\n"),
        ("shift_jis", b"a\nb\xa0\nc\n"),
        (
            "utf-16-le",
            "a\nb".encode("utf-16-le") + b"\0\xd8" + "\nc\n".encode("utf-16-le"),
        ),
        ("utf-7", b"a\nb+2AA-\nc\n"),
        ("euc_jp", b"a\nb\xff\nc\n"),
    ],
)
def test_bytes_that_are_no_text_cost_their_own_line(encoding, raw, piece):
    """
    They become bytes that are no UTF-8, and the lines beside them are as they were.
    """
    _, found = transcribed(raw, encoding, piece)

    before, bad, after, rest = found.split(b"\n")
    assert (b"a", b"c", b"") == (before, after, rest)
    with pytest.raises(UnicodeDecodeError):
        bad.decode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "shift_jis", "utf-7"])
def test_a_character_that_is_cut_is_no_text(encoding):
    """
    Half a character at the end is not passed over.
    """
    raw = "a\n表".encode(encoding)[:-1].removesuffix(b"-")
    if encoding == "utf-7":
        raw = raw[:-1]

    _, found = transcribed(raw, encoding, 64)

    assert found.startswith(b"a\n")
    with pytest.raises(UnicodeDecodeError):
        found.decode()


@pytest.mark.parametrize(
    ("head", "encoding", "fits"),
    [
        (codecs.BOM_UTF8, "utf-8", True),
        (codecs.BOM_UTF16_LE, "utf-16", True),
        (codecs.BOM_UTF32_LE, "utf-16", False),
        (codecs.BOM_UTF32_LE + "a,b".encode("utf-32-le"), "utf-16", False),
        # The mark of UTF-16, and a NUL behind it.
        (codecs.BOM_UTF16_LE + "\0a,b".encode("utf-16-le"), "utf-16", True),
        (codecs.BOM_UTF16_LE + "\0a,b".encode("utf-16-le"), "utf-32", False),
        (codecs.BOM_UTF16_BE, "utf-16-le", False),
        (codecs.BOM_UTF8, "cp1252", False),
        (b"a,b", "utf-16", True),
    ],
)
def test_the_mark_of_another_encoding_is_a_fault(head, encoding, fits):
    """
    A byte order mark that fits, or none, says nothing.
    """
    if fits:
        check_mark(head, encoding)
    else:
        with pytest.raises(Fault):
            check_mark(head, encoding)
