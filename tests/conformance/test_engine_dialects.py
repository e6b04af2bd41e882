"""
Dialects as data: each file, with its options, is the same rows on every engine.
"""

from __future__ import annotations

import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from ingestd.run import member_text
from tests.conformance.engine_kit import Bench, engine_fixture  # noqa: F401 - fixture

ABC = {"a": "int64", "b": "float64", "c": "string"}
X, Y = (1, 2.5, "x"), (2, 3.5, "y")
BIG = 60_000  # records of more than a mebibyte

# name: options, text, rows
DIALECTS = {
    "two-character delimiter": (
        {"delimiter": "||"},
        b"a||b||c\n1||2.5||x\n2||3.5||y\n",
        [X, Y],
    ),
    "two-character delimiter within quotes": (
        {"delimiter": "||"},
        b'a||b||c\n1||2.5||"x||x"\n2||3.5||"y"\n',
        [(1, 2.5, "x||x"), Y],
    ),
    "half a delimiter is text": (
        {"delimiter": "||"},
        b"a||b||c\n1||2.5||x|y\n2||3.5|||\n",
        [(1, 2.5, "x|y"), (2, 3.5, "|")],
    ),
    "a delimiter that is not ascii": (
        {"delimiter": "¦"},
        "a¦b¦c\n1¦2.5¦x\n2¦3.5¦é\n".encode(),
        [X, (2, 3.5, "é")],
    ),
    "the byte that stands for a long delimiter is in the text": (
        {"delimiter": "~|~"},
        b"a~|~b~|~c\n1~|~2.5~|~x\x1fx\n2~|~3.5~|~\x1e\n",
        [(1, 2.5, "x\x1fx"), (2, 3.5, "\x1e")],
    ),
    "escaped quotes": (
        {"escape": "\\"},
        b'a,b,c\n1,2.5,"x\\"y"\n2,3.5,"\\""\n',
        [(1, 2.5, 'x"y'), (2, 3.5, '"')],
    ),
    "an escaped escape closes nothing": (
        {"escape": "\\"},
        b'a,b,c\n1,2.5,"x\\\\"\n2,3.5,"y"\n',
        [(1, 2.5, "x\\"), Y],
    ),
    "escaped delimiter and newline outside quotes": (
        {"escape": "\\"},
        b"a,b,c\n1,2.5,x\\,y\n2,3.5,x\\\ny\n",
        [(1, 2.5, "x,y"), (2, 3.5, "x\ny")],
    ),
    "escaped letters are letters": (
        {"escape": "\\"},
        b'a,b,c\n1,2.5,\\x\n2,3.5,"\\y"\n',
        [X, Y],
    ),
    "escapes, and doubled quotes as well": (
        {"escape": "\\"},
        b'a,b,c\n1,2.5,"x""y"\n2,3.5,"\\"y"\n',
        [(1, 2.5, 'x"y'), (2, 3.5, '"y')],
    ),
    "escapes without quotes": (
        {"escape": "\\", "quote": ""},
        b'a,b,c\n1,2.5,x"y\\,\n2,3.5,"y"\n',
        [(1, 2.5, 'x"y,'), (2, 3.5, '"y"')],
    ),
    "an escaped null marker": (
        {"escape": "\\", "nulls": ["\\N"]},
        b'a,b,c\n\\N,\\N,\\N\n2,3.5,\\Nx\n3,4.5,N\n4,5.5,"\\N"\n',
        [(None, None, None), (2, 3.5, "Nx"), (3, 4.5, "N"), (4, 5.5, "N")],
    ),
    "the escape is the quote": (
        {"escape": '"'},
        b'a,b,c\n1,2.5,"x""y"\n',
        [(1, 2.5, 'x"y')],
    ),
    "single quotes": (
        {"quote": "'"},
        b"a,b,c\n1,2.5,'x,''y'\n2,3.5,\"y\n",
        [(1, 2.5, "x,'y"), (2, 3.5, '"y')],
    ),
    "comments": (
        {"comment": "#"},
        b"# made by hand\na,b,c\n1,2.5,x\n#1,2,3\n2,3.5,y\n# end",
        [X, Y],
    ),
    "comments with quotes and escapes in them": (
        {"comment": "#", "escape": "\\"},
        b'#"\na,b,c\n1,2.5,x\n# don\'t ," quote\n2,3.5,y\n# \\\n#,"a\n3,4.5,"z,z"\n',
        [X, Y, (3, 4.5, "z,z")],
    ),
    "what looks like a comment within quotes": (
        {"comment": "#"},
        b'a,b,c\n1,2.5,"x\n#y"\n2,3.5,"\n# ""y"\n',
        [(1, 2.5, "x\n#y"), (2, 3.5, '\n# "y')],
    ),
    "a comment mark of two characters": (
        {"comment": "//"},
        b"a,b,c\n//1,2.5,x\n1,2.5,/\n",
        [(1, 2.5, "/")],
    ),
    "a preamble": (
        {"skip_rows": 2},
        b'Report of "May\n\na,b,c\n1,2.5,x\n2,3.5,y\n',
        [X, Y],
    ),
    "a preamble, crlf": ({"skip_rows": 1}, b"made\r\na,b,c\r\n1,2.5,x\r\n", [X]),
    "a preamble, cr": ({"skip_rows": 1}, b"made\ra,b,c\r1,2.5,x\r", [X]),
    "a preamble without a header": (
        {"skip_rows": 1, "header": False},
        b"made\n1,2.5,x\n2,3.5,y\n",
        [X, Y],
    ),
    "a footer": (
        {"skip_footer": 2},
        b"a,b,c\n1,2.5,x\n2,3.5,y\ntotal,6\nthe end",
        [X, Y],
    ),
    "a footer before blank lines": (
        {"skip_footer": 1},
        b"a,b,c\n1,2.5,x\n2,3.5,y\n2 rows\n\n\n",
        [X, Y],
    ),
    "a footer, crlf": ({"skip_footer": 1}, b"a,b,c\r\n1,2.5,x\r\nend\r\n", [X]),
    "a footer that is all there is": ({"skip_footer": 3}, b"a,b,c\n1,2.5,x\nend\n", []),
    "blanks after the delimiter": (
        {"skip_blanks": True},
        b'a, b,  c\n1, 2.5, x\n2,  3.5,"y"\n3, 4.5,  "z, z"\n4, 5.5, a b \n',
        [X, Y, (3, 4.5, "z, z"), (4, 5.5, "a b ")],
    ),
    "blanks are text": ({}, b"a,b,c\n1, 2.5, x \n", [(1, 2.5, " x ")]),
    "cr alone": ({}, b"a,b,c\r1,2.5,x\r2,3.5,y\r", [X, Y]),
    "cr alone, newline in quotes": (
        {},
        b'a,b,c\r1,2.5,"x\ry"\r2,3.5,"x\r\ny"',
        [(1, 2.5, "x\ry"), (2, 3.5, "x\r\ny")],
    ),
    "utf-16 with a mark": (
        {"encoding": "utf-16"},
        "a,b,c\n1,2.5,x\n2,3.5,ž\n".encode("utf-16"),
        [X, (2, 3.5, "ž")],
    ),
    "utf-16-be without a mark": (
        {"encoding": "utf-16-be"},
        "a,b,c\r\n1,2.5,x\r\n".encode("utf-16-be"),
        [X],
    ),
    "utf-32": ({"encoding": "utf-32"}, "a,b,c\n1,2.5,x\n".encode("utf-32"), [X]),
    "latin-1": (
        {"encoding": "latin-1"},
        "a,b,c\n1,2.5,é\n".encode("latin-1"),
        [(1, 2.5, "é")],
    ),
    "cp1252": (
        {"encoding": "cp1252"},
        "a,b,c\n1,2.5,“€”\n".encode("cp1252"),
        [(1, 2.5, "“€”")],
    ),
    "shift-jis": (
        {"encoding": "shift_jis"},
        'a,b,c\n1,2.5,"表,ソ"\n'.encode("shift_jis"),
        [(1, 2.5, "表,ソ")],
    ),
    "ebcdic": ({"encoding": "cp037"}, "a,b,c\n1,2.5,x\n".encode("cp037"), [X]),
    "a mark and nothing else": ({}, b"\xef\xbb\xbfa,b,c\n", []),
    "all at once": (
        {
            "delimiter": "::",
            "quote": "'",
            "escape": "\\",
            "comment": "%",
            "skip_rows": 1,
            "skip_footer": 1,
            "encoding": "cp1252",
            "skip_blanks": True,
        },
        (
            "made €\na:: b::c\r\n%'\r\n\r\n1:: 2.5::  x\r\n2::3.5::'é\\'\r\n::'\r\nend"
        ).encode("cp1252"),
        [X, (2, 3.5, "é'\r\n::")],
    ),
}


def bench_of(engine, folder, options, **drift) -> Bench:
    return Bench(
        engine, folder, ABC, {"csv": options, "drift": {"bad_row": "fail"} | drift}
    )


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_read_exactly(engine, tmp_path, name):
    """
    Whatever the marks, the values are those of the file.
    """
    options, text, expected = DIALECTS[name]
    bench = bench_of(engine, tmp_path, options)

    rows, (result,) = bench.rows(text)

    assert expected == rows
    assert (Outcome.READ, "") == (result.outcome, result.reason)
    assert len(expected) == result.rows_in


@pytest.mark.parametrize(
    "name", [name for name in DIALECTS if name != "a footer that is all there is"]
)
def test_a_dialect_is_read_exactly_from_a_large_file(engine, tmp_path, name):
    """
    Also where text is not held in memory, and records cross the borders of windows.
    """
    options, text, expected = DIALECTS[name]
    encoding = options.get("encoding", "utf-8")
    mark = options.get("delimiter", ",")
    line = mark.join(("7", "1.5", "filler filler filler"))
    lines = text.decode(encoding)
    end = "\r" if "\r" in lines and "\n" not in lines.replace("\r\n", "\r") else "\n"
    end = "\r\n" if end == "\n" and "\r\n" in lines else end
    if name.startswith("cr alone"):
        end = "\r"
    header = lines.index("a") if options.get("header", True) else -1
    if header >= 0:
        at = lines.index(end, lines.index(mark)) + len(end)
    else:
        at = lines.index(end) + len(end)
    filler = (line + end) * BIG
    bench = bench_of(engine, tmp_path, options)

    rows, (result,) = bench.rows((lines[:at] + filler + lines[at:]).encode(encoding))

    assert "" == result.reason, result.detail
    assert [(7, 1.5, "filler filler filler")] * BIG == rows[:BIG]
    assert expected == rows[BIG:]


@pytest.mark.parametrize("many", [1, BIG])
@pytest.mark.parametrize(
    "options", [{}, {"quote": ""}, {"delimiter": "||"}, {"quote": "", "escape": "\\"}]
)
def test_a_return_at_the_end_of_a_field_is_kept(engine, tmp_path, options, many):
    """
    Some parsers take it off a bare field; with no quote to put it in, too.
    """
    mark = options.get("delimiter", ",").encode()
    quoted = b"y" if options.get("quote") is None else b'"y'
    lines = [b"c,a,b", b"x\r,1,2.5", quoted + b"\r,2,3.5\r"]
    text = b"\n".join([*lines, *[b"filler filler,7,1.5"] * many]) + b"\n"
    bench = bench_of(engine, tmp_path, options)

    rows, (result,) = bench.rows(text.replace(b",", mark))

    assert "" == result.reason, result.detail
    assert [(1, 2.5, "x\r"), (2, 3.5, quoted.decode() + "\r")] == rows[:2]
    assert [(7, 1.5, "filler filler")] * many == rows[2:]


def test_a_large_file_may_be_a_footer_and_nothing_else(engine, tmp_path):
    """
    Then there is no last record that would need a line end.
    """
    options = {"header": False, "skip_footer": 1, "final_newline": "require"}
    bench = bench_of(engine, tmp_path, options)

    rows, (result,) = bench.rows(b"x" * (2 << 20))

    assert ([], "", 0) == (rows, result.reason, result.rows_in)


WRONG = {
    "utf-8 for utf-16": (
        {},
        "a,b,c\n1,2.5,x\n".encode("utf-16"),
        Reason.BAD_ENCODING,
    ),
    "latin-1 for utf-8 with a mark": (
        {"encoding": "latin-1"},
        b"\xef\xbb\xbfa,b,c\n1,2.5,x\n",
        Reason.BAD_ENCODING,
    ),
    "utf-16-le for utf-16-be": (
        {"encoding": "utf-16-le"},
        "\ufeffa,b,c\n1,2.5,x\n".encode("utf-16-be"),
        Reason.BAD_ENCODING,
    ),
    "utf-8 for latin-1": (
        {},
        "a,b,c\n1,2.5,é\n".encode("latin-1"),
        Reason.BAD_ENCODING,
    ),
    "ascii for utf-8": (
        {"encoding": "ascii"},
        "a,b,c\n1,2.5,é\n".encode(),
        Reason.BAD_ENCODING,
    ),
    "cp1252 has no 0x81": (
        {"encoding": "cp1252"},
        b"a,b,c\n1,2.5,\x81\n",
        Reason.BAD_ENCODING,
    ),
    "utf-16, cut within a character": (
        {"encoding": "utf-16"},
        "a,b,c\n1,2.5,x".encode("utf-16")[:-1],
        Reason.BAD_ENCODING,
    ),
    "nothing behind the last escape": (
        {"escape": "\\"},
        b"a,b,c\n1,2.5,x\\",
        Reason.BAD_QUOTE,
    ),
    "only comments": ({"comment": "#"}, b"# a\n# b\n", Reason.NO_HEADER),
    "a preamble longer than the file": (
        {"skip_rows": 9},
        b"a,b,c\n1,2.5,x\n",
        Reason.NO_HEADER,
    ),
    "an escaped quote that closes": (
        {"escape": "\\"},
        b'a,b,c\n1,2.5,"x\\"\n',
        Reason.BAD_QUOTE,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_another_dialect_than_the_configured_one_is_no_garbage(engine, tmp_path, name):
    """
    The file is quarantined with its reason, and its neighbours are read.
    """
    options, text, reason = WRONG[name]
    bench = bench_of(engine, tmp_path, options)

    rows, (result,) = bench.rows(text)

    assert [] == rows
    assert (Outcome.QUARANTINED, reason) == (result.outcome, result.reason)


def test_a_lone_surrogate_is_no_text(engine, tmp_path):
    """
    An encoding may let one through; UTF-8 does not, and nothing but the row is lost.
    """
    bench = bench_of(
        engine, tmp_path, {"encoding": "raw_unicode_escape"}, bad_row="reject"
    )

    found = bench.read(bench.put("f.csv", b"a,b,c\n1,2.5,\\ud800\n1,2.5,x\n"))

    assert [Reason.BAD_ENCODING] == [reject.reason for reject in found.rejects]
    assert 1 == found.members[0].rows_out


def test_a_file_that_is_written_anew_while_it_is_decoded_is_changed(
    engine, tmp_path, monkeypatch
):
    """
    A large one is decoded into a copy, which nobody changes: the source must be asked.
    """
    bench = bench_of(engine, tmp_path, {"encoding": "latin-1"})
    member = bench.put("f.csv", b"a,b,c\n" + b"1,2.5,\xe9\n" * 200_000)
    spooled = member_text.spooled

    def spooled_meanwhile(*arguments):
        made = spooled(*arguments)
        (bench.root / "f.csv").write_bytes(b"a,b,c\n1,2.5,x\n")
        return made

    monkeypatch.setattr(member_text, "spooled", spooled_meanwhile)

    found = bench.read(member)

    assert [Outcome.CHANGED] == [result.outcome for result in found.members]
