"""
Files as people have them, each with the keys that it needs beside the defaults.
"""

from __future__ import annotations

import bz2
import gzip
from datetime import UTC, date, datetime

import pytest

from tests.unit.run.sniff.sniff_kit import rows, sniff

NULLS = ("", "NA", "null")
TRUE, FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")

# name: files, the keys that change, the rows
SAMPLES = {
    "semicolons": ([b"a;b\n1;x\n2;y\n"], {"delimiter": ";"}, [(1, "x"), (2, "y")]),
    "tabs": ([b"a\tb\n1\tx\n2\ty\n"], {"delimiter": "\t"}, [(1, "x"), (2, "y")]),
    "pipes": ([b"a|b\n1|x\n2|y\n"], {"delimiter": "|"}, [(1, "x"), (2, "y")]),
    "double pipes": (
        [b"a||b\n1||x\n2||y\n"],
        {"delimiter": "||"},
        [(1, "x"), (2, "y")],
    ),
    "double colons": (
        [b"a::b\n1::x\n2::y\n"],
        {"delimiter": "::"},
        [(1, "x"), (2, "y")],
    ),
    "a tilde and a pipe": (
        [b"a~|~b\n1~|~x\n2~|~y\n"],
        {"delimiter": "~|~"},
        [(1, "x"), (2, "y")],
    ),
    "the byte 1": (
        [b"1\x01x\n2\x01y\n"],
        {"delimiter": "\x01", "header": False},
        [(1, "x"), (2, "y")],
    ),
    "colons under a header": (
        [b"id:n\n1:2\n3:4\n"],
        {"delimiter": ":"},
        [(1, 2), (3, 4)],
    ),
    "blanks between numbers": (
        [b"1 2\n3 4\n"],
        {"delimiter": " ", "header": False},
        [(1, 2), (3, 4)],
    ),
    "a run of marks that nobody has named": (
        [b"id<=>n\n1<=>2\n3<=>4\n"],
        {"delimiter": "<=>"},
        [(1, 2), (3, 4)],
    ),
    "single quotes around commas": (
        [b"a,b\n1,'x,y'\n2,'it''s'\n"],
        {"quote": "'"},
        [(1, "x,y"), (2, "it's")],
    ),
    "single quotes around everything": (
        [b"'a','b'\n'1','x'\n'2','y'\n"],
        {"quote": "'"},
        [(1, "x"), (2, "y")],
    ),
    "inches, no quotes": (
        [b'a\tb\n1\t5" pipe\n2\t6" "old" pipe\n'],
        {"delimiter": "\t", "quote": ""},
        [(1, '5" pipe'), (2, '6" "old" pipe')],
    ),
    "escaped quotes": (
        [b'a,b\n1,"say \\"x\\", y"\n2,z\n'],
        {"escape": "\\"},
        [(1, 'say "x", y'), (2, "z")],
    ),
    "escaped delimiters, no quotes": (
        [b"a\tb\n1\tx\\\ty\n2\tz\\\n!\n"],
        {"delimiter": "\t", "escape": "\\"},
        [(1, "x\ty"), (2, "z\n!")],
    ),
    "paths are no escapes": (
        [b"a;b\n1;C:\\new\n2;\\\\host\\x\n"],
        {"delimiter": ";"},
        [(1, "C:\\new"), (2, "\\\\host\\x")],
    ),
    "comments": (
        [b"# made\na,b\n1,x\n# pause\n2,y\n"],
        {"comment": "#"},
        [(1, "x"), (2, "y")],
    ),
    "comments of two characters": (
        [b"a,b\n// one, two, three\n1,x\n2,y\n"],
        {"comment": "//"},
        [(1, "x"), (2, "y")],
    ),
    "tags are no comments": ([b"a,b\n#x,1\n#y,2\nz,3\n"], {}, None),
    "a null word above values is no name": (
        [b"0,N/A\n" + b"1,true\n2,false\n" * 3],
        {"header": False, "nulls": (*NULLS, "N/A")},
        [(0, None), *[(1, True), (2, False)] * 3],
    ),
    "a preamble": (
        [b"Report\nof May, 2026\n\na,b,c\n1,x,u\n2,y,v\n"],
        {"skip_rows": 2},
        [(1, "x", "u"), (2, "y", "v")],
    ),
    "a preamble with a quote that is not closed": (
        [b'"Report\na,b\n1,x\n2,y\n3,"z"\n'],
        {"skip_rows": 1},
        [(1, "x"), (2, "y"), (3, "z")],
    ),
    "a preamble as wide as the records": (
        [b"Report,,\n,,\nday,n,x\n2026-01-01,1,2.5\n2026-01-02,2,3.5\n"],
        {"skip_rows": 2},
        [(date(2026, 1, 1), 1, 2.5), (date(2026, 1, 2), 2, 3.5)],
    ),
    "what a spreadsheet says of its marks": (
        [b"sep=;\r\na;b\r\n1;x\r\n2;y\r\n"],
        {"delimiter": ";", "skip_rows": 1},
        [(1, "x"), (2, "y")],
    ),
    "a footer": (
        [b"a,b,c\n1,x,u\n2,y,v\n2 rows\n"],
        {"skip_footer": 1},
        [(1, "x", "u"), (2, "y", "v")],
    ),
    "a footer of sums as wide as the records": (
        [b"a,b\n1,2.5\n2,3.5\nTotal,6.0\n"],
        {"skip_footer": 1},
        [(1, 2.5), (2, 3.5)],
    ),
    "a record that was cut is no footer": ([b"a,b,c\n1,2,x\n3,4,y\n5,6"], {}, None),
    "a bad record is no footer": ([b"a,b,c\n1,2,x\n3,4\n5,6,z\n7,8,z\n"], {}, None),
    "blanks after the delimiter": (
        [b'a, b\n1, "x, y"\n2, z\n'],
        {"skip_blanks": True},
        [(1, "x, y"), (2, "z")],
    ),
    "blanks after the delimiter, no quotes": (
        [b"a, b\n1, x\n2, y\n"],
        {"skip_blanks": True},
        [(1, "x"), (2, "y")],
    ),
    "no header": ([b"1,x\n2,y\n"], {"header": False}, [(1, "x"), (2, "y")]),
    "no header, words that come again": (
        [b"north,red\nsouth,blue\nnorth,green\n"],
        {"header": False},
        [("north", "red"), ("south", "blue"), ("north", "green")],
    ),
    "words alone tell of no header": ([b"a,b\nx,y\nz,u\n"], {}, None),
    "years are a header": ([b"place,2019,2020\nx,1,2\ny,3,4\n"], {}, None),
    "a null marker in numbers": (
        [b"a,b\n1,x\n-,y\n3,z\n"],
        {"nulls": (*NULLS, "-")},
        [(1, "x"), (None, "y"), (3, "z")],
    ),
    "several null markers": (
        [b"a,b,c\n1,N/A,x\n#N/A,2026-01-01,y\n3,None,None\n"],
        {"nulls": (*NULLS, "#N/A", "N/A", "None")},
        [(1, None, "x"), (None, date(2026, 1, 1), "y"), (3, None, None)],
    ),
    "a marker that is no word": (
        [b"a\tb\n1\t\\N\n2\tx\n"],
        {"delimiter": "\t", "nulls": (*NULLS, "\\N")},
        [(1, None), (2, "x")],
    ),
    "words are no null markers": ([b"a,b\nNone,1\nx,2\n-,3\n"], {}, None),
    "a decimal comma": (
        [b"a;b\n1;2,5\n2;3,25\n"],
        {"delimiter": ";", "decimal": ","},
        [(1, 2.5), (2, 3.25)],
    ),
    "a decimal comma, no header": (
        [b"1,5;2,5\n2,5;3,5\n"],
        {"delimiter": ";", "decimal": ",", "header": False},
        [(1.5, 2.5), (2.5, 3.5)],
    ),
    "thousands": (
        [b'a,b\n1,"1,234.50"\n2,"12,345,678"\n'],
        {"thousands": ","},
        [(1, 1234.5), (2, 12345678.0)],
    ),
    "thousands and a decimal comma": (
        [b"a;b\n1;1.234,50\n2;2,5\n"],
        {"delimiter": ";", "decimal": ",", "thousands": "."},
        [(1, 1234.5), (2, 2.5)],
    ),
    "thousands behind a narrow blank": (
        ["a;b\n1;1\u202f234,5\n2;2,5\n".encode()],
        {"delimiter": ";", "decimal": ",", "thousands": "\u202f"},
        [(1, 1234.5), (2, 2.5)],
    ),
    "yes and no": (
        [b"a,b\n1,yes\n2,no\n3,No\n"],
        {"true_values": (*TRUE, "yes"), "false_values": (*FALSE, "No", "no")},
        [(1, True), (2, False), (3, False)],
    ),
    "only yes": ([b"a,b\n1,yes\n2,yes\n"], {}, None),
    "days before months": (
        [b"a,b\n1,31/12/2026\n2,01/02/2026\n"],
        {"date_formats": ("%d/%m/%Y",)},
        [(1, date(2026, 12, 31)), (2, date(2026, 2, 1))],
    ),
    "months before days": (
        [b"a,b\n1,12/31/2026\n2,1/2/2026\n"],
        {"date_formats": ("%-m/%-d/%Y",)},
        [(1, date(2026, 12, 31)), (2, date(2026, 1, 2))],
    ),
    "one column tells for both": (
        [b"a,b\n31.12.2026,01.02.2026\n01.02.2026,03.04.2026\n"],
        {"date_formats": ("%d.%m.%Y",)},
        [
            (date(2026, 12, 31), date(2026, 2, 1)),
            (date(2026, 2, 1), date(2026, 4, 3)),
        ],
    ),
    "dates of two forms": (
        [b"a,b\n2026-01-01,31-Dec-2026\n2026-01-02,01-Jan-2027\n"],
        {"date_formats": ("iso", "%d-%b-%Y")},
        [
            (date(2026, 1, 1), date(2026, 12, 31)),
            (date(2026, 1, 2), date(2027, 1, 1)),
        ],
    ),
    "timestamps": (
        [b"a,b\n1,12/31/2026 11:59:01 PM\n2,01/02/2026 01:00:00 AM\n"],
        {"timestamp_formats": ("%m/%d/%Y %I:%M:%S %p",)},
        [(1, datetime(2026, 12, 31, 23, 59, 1)), (2, datetime(2026, 1, 2, 1))],
    ),
    "timestamps with an offset": (
        [b"a,b\n1,31/12/2026 12:00:00+0200\n2,01/02/2026 12:00:00Z\n"],
        {"timestamp_formats": ("%d/%m/%Y %H:%M:%S%z",)},
        [
            (1, datetime(2026, 12, 31, 10, tzinfo=UTC)),
            (2, datetime(2026, 2, 1, 12, tzinfo=UTC)),
        ],
    ),
    "days or months, nobody knows": ([b"a,b\n1,01/02/2026\n2,03/04/2026\n"], {}, None),
    "utf-16": (
        ["a\tb\r\n1\té\r\n2\ty\r\n".encode("utf-16")],
        {"delimiter": "\t", "encoding": "utf-16"},
        [(1, "é"), (2, "y")],
    ),
    "utf-16 without a mark": (
        ["a,b\n1,я\n2,y\n".encode("utf-16-be")],
        {"encoding": "utf-16-be"},
        [(1, "я"), (2, "y")],
    ),
    "utf-8 with a mark": ([b"\xef\xbb\xbfa,b\n1,x\n2,y\n"], {}, None),
    "western": (
        ["a,b\n1,café\n2,übel\n".encode("latin-1")],
        {"encoding": "cp1252"},
        [(1, "café"), (2, "übel")],
    ),
    "cyrillic": (
        ["имя;n\nИван Петров;1\nЖанна Щукина;2\n".encode("cp1251")],  # noqa: RUF001
        {"delimiter": ";", "encoding": "cp1251"},
        [("Иван Петров", 1), ("Жанна Щукина", 2)],
    ),
    "gzip, by content": (
        [gzip.compress(b"a;b\n1;x\n2;y\n")],
        {"delimiter": ";"},
        [(1, "x"), (2, "y")],
    ),
    "bzip2, by content": (
        [bz2.compress(b"a;b\n1;x\n2;y\n")],
        {"delimiter": ";"},
        [(1, "x"), (2, "y")],
    ),
    "cr alone": ([b"a;b\r1;x\r2;y\r"], {"delimiter": ";"}, [(1, "x"), (2, "y")]),
    "several files, one of them tells": (
        [b"a;b\n1;x\n", "a;b\n2;é\n".encode("cp1252"), b"a;b\n3;N/A\n"],
        {"delimiter": ";", "encoding": "cp1252"},
        [(1, "x"), (2, "é"), (3, "N/A")],
    ),
    "a column of one": ([b"name\nann\nbob\n"], {}, None),
    "a column of timestamps": (
        [b"2026-01-01 00:00:00\n2026-01-02 01:02:03\n"],
        {"header": False},
        [(datetime(2026, 1, 1),), (datetime(2026, 1, 2, 1, 2, 3),)],
    ),
    "what Germany exports": (
        [
            "Auszug vom 01.03.2026\r\n\r\nTag;Menge;Preis;frei;Text\r\n"
            "31.12.2026;1;1.234,50;ja;Öl\r\n01.02.2026;-;0,99;nein;„x“; y\r\n"
            "Summe: 2 Sätze\r\n".replace("„x“; y", '"„x“; y"').encode("cp1252")
        ],
        {
            "delimiter": ";",
            "skip_rows": 1,  # a blank line is skipped anyway
            "skip_footer": 1,
            "encoding": "cp1252",
            "nulls": (*NULLS, "-"),
            "true_values": (*TRUE, "ja"),
            "false_values": (*FALSE, "nein"),
            "decimal": ",",
            "thousands": ".",
            "date_formats": ("%d.%m.%Y",),
        },
        [
            (date(2026, 12, 31), 1, 1234.5, True, "Öl"),
            (date(2026, 2, 1), None, 0.99, False, "„x“; y"),
        ],
    ),
    "what a database dumps": (
        [b"1\tO'Neil\\\tx\t\\N\t2026-01-01 00:00:00\n2\t5\" a\\\\b\t3\t\\N\n"],
        {
            "delimiter": "\t",
            "quote": "",
            "escape": "\\",
            "header": False,
            "nulls": (*NULLS, "\\N"),
        },
        [
            (1, "O'Neil\tx", None, datetime(2026, 1, 1)),
            (2, '5" a\\b', 3, None),
        ],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_gets_the_keys_that_it_needs(tmp_path, name):
    """
    No key more, no key less; with them every record fits and is what the file says.
    """
    files, change, expected = SAMPLES[name]

    found = sniff(tmp_path, *files)

    assert change == found.change
    if expected is not None:
        assert len(expected) == found.records == found.fit
        assert expected == rows(tmp_path, found, *files)


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name][1]])
def test_a_proposal_once_configured_fits(tmp_path, name):
    """
    Whoever pastes what is proposed is told that it fits.
    """
    files, change, _ = SAMPLES[name]
    found = sniff(tmp_path, *files)

    again = sniff(tmp_path, *files, csv=change, schema=dict(found.schema.columns))

    assert ({}, None) == (again.change, again.schema)
    assert again.records == again.fit == found.fit
