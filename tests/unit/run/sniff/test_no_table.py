"""
Files that say nothing of a dialect: a plain sentence, and never an exception.
"""

from __future__ import annotations

import gzip
import os
import random

import pytest

from ingestd.run.sniff.proposal import sniffed
from tests.unit.run.sniff.sniff_kit import member, pipeline, put, sniff

JUNK = random.Random(7).randbytes(60_000)
MARKS = random.Random(7).choices(b"ab,;|\"'\\\n\t #%:", k=20_000)

DOUBTS = {
    "empty": ([b""], "every file is empty"),
    "blank lines": ([b"\n\r\n\n"], "too little"),
    "a mark alone": ([b"\xef\xbb\xbf"], "too little"),
    "one line": ([b"a,b,c\n"], "too little"),
    "one line without an end": ([b"a;b;c"], "too little"),
    "one record": ([b"1;2;3\n"], "too little"),
    "one line after another": ([b"a,b,c\n", b"a,b,c\n", b"a,b,c\n"], "too little"),
    "junk": ([JUNK], "no dialect reads it"),
    "junk in three files": ([JUNK] * 3, "no dialect reads it"),
    "nothing but marks": ([bytes(MARKS)], "no dialect reads it"),
    "every byte": ([bytes(range(256)) * 9], "no dialect reads it"),
    "prose": ([b"Dear Sir,\nyou ask, and I, too, ask.\nYours\n" * 9], "no dialect"),
    "a line without an end, and long": ([b"abc,def;" * 300_000], "too little"),
    "another kind": ([b"%PDF-1.7\n1 0 obj\n"], "the content is PDF, expected CSV"),
    "gzip, cut off": ([gzip.compress(b"a,b\n1,2\n" * 99)[:15]], "gzip"),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_what_tells_nothing_gets_a_sentence(tmp_path, name):
    """
    No proposal is made of nothing.
    """
    files, said = DOUBTS[name]

    found = sniff(tmp_path, *files)

    assert said in found.doubt
    assert ({}, None) == (found.change, found.schema)


@pytest.mark.parametrize("seed", range(12))
def test_any_bytes_get_an_answer(tmp_path, seed):
    """
    Whatever the bytes, something is said and nothing raised.
    """
    draw = random.Random(seed)
    some = [bytes(draw.choices(b"a1,;\"'\\\n\r \xe9\0", k=400)) for _ in range(2)]

    found = sniff(tmp_path, *some, draw.randbytes(500))

    assert found.doubt or found.records >= found.fit > 0


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    """
    What is wrong with it is a note; the rest is looked at.
    """
    found = sniff(tmp_path, b"%PDF-1.7\n", b"a;b\n1;x\n2;y\n")

    assert {"delimiter": ";"} == found.change
    assert 1 == found.files
    assert ("f0.csv: the content is PDF, expected CSV",) == found.notes


def test_a_file_that_is_gone_meanwhile_is_a_note(tmp_path):
    """
    Check runs beside whoever moves files.
    """
    members = put(tmp_path / "in", b"a,b\n1,2\n", b"a,b\n3,4\n")
    (tmp_path / "in" / "f0.csv").unlink()

    found = sniffed(pipeline(tmp_path), members)

    assert 1 == found.fit
    assert ("f0.csv: gone before it was read",) == found.notes


def test_columns_of_one_name_are_said(tmp_path):
    """
    The dialect is found, and why the engine would not take the file.
    """
    found = sniff(tmp_path, b"a;a;b\n1;2;3\n4;5;6\n")

    assert {"delimiter": ";"} == found.change
    assert ["a", "a_2", "b"] == list(dict(found.schema.columns))
    assert any("twice" in note for note in found.notes)


def test_few_files_are_looked_at(tmp_path):
    """
    Of ten thousand the first ones tell.
    """
    found = sniff(tmp_path, *[b"a;b\n1;2\n"] * 9)

    assert (3, 3) == (found.files, found.records)


def test_a_giant_is_looked_at_by_its_ends(tmp_path, monkeypatch):
    """
    20 GB cost less than a mebibyte of reading, and the footer is seen.
    """
    folder = tmp_path / "in"
    folder.mkdir()
    lines = b"".join(b"%d;%d,5;x\n" % (n, n) for n in range(20_000))
    with open(folder / "giant.csv", "wb") as file:
        file.write(b"a;b;c\n" + lines)
        file.truncate(20 << 30)
        file.seek(-len(lines), os.SEEK_END)
        file.write(lines + b"the end\n")
    amount, pread = [], os.pread

    def counted(fd, size, offset):
        data = pread(fd, size, offset)
        if os.fstat(fd).st_size > 1 << 30:
            amount.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", counted)

    found = sniffed(pipeline(tmp_path), (member(folder / "giant.csv"),))

    assert {"delimiter": ";", "decimal": ",", "skip_footer": 1} == found.change
    assert found.fit == found.records > 1_000
    assert 0 < sum(amount) < 1 << 20


def test_a_long_file_is_cut_at_a_record(tmp_path):
    """
    The record that an excerpt cuts does not count against any dialect.
    """
    record = b'7,1.5,"' + b"a\n" * 500 + b'"\n'

    found = sniff(tmp_path, b"a,b,c\n" + record * 400)

    assert {} == found.change
    assert found.fit == found.records > 100
