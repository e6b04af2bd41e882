"""
One file as data: what each engine makes of it, as rows or as a reason.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from ingestd.errors import Reason
from ingestd.model import Outcome
from tests.conformance.engine_kit import Bench, engine_fixture, frame_of  # noqa: F401 - fixture

ABC = {"a": "int64", "b": "float64", "c": "string"}
HEAD = b"a,b,c\n"
X = (1, 2.5, "x")
Y = (2, 3.5, "y")

GOOD = {
    "plain": (b"a,b,c\n1,2.5,x\n2,3.5,y\n", [X, Y]),
    "crlf": (b"a,b,c\r\n1,2.5,x\r\n2,3.5,y\r\n", [X, Y]),
    "no final newline": (b"a,b,c\n1,2.5,x\n2,3.5,y", [X, Y]),
    "crlf, no final newline": (b"a,b,c\r\n1,2.5,x\r\n2,3.5,y", [X, Y]),
    "byte order mark": (b"\xef\xbb\xbfa,b,c\n1,2.5,x\n2,3.5,y\n", [X, Y]),
    "columns in another order": (b"c,a,b\nx,1,2.5\ny,2,3.5\n", [X, Y]),
    "quoted header": (b'"a","b","c"\n1,2.5,x\n2,3.5,y\n', [X, Y]),
    "quoted fields": (b'a,b,c\n"1","2.5","x"\n2,3.5,y\n', [X, Y]),
    "delimiter in quotes": (b'a,b,c\n1,2.5,"x,y"\n', [(1, 2.5, "x,y")]),
    "newline in quotes": (b'a,b,c\n1,2.5,"x\ny"\n2,3.5,y\n', [(1, 2.5, "x\ny"), Y]),
    "blank line in quotes": (b'a,b,c\n1,2.5,"x\n\ny"\n', [(1, 2.5, "x\n\ny")]),
    "doubled quotes": (
        b'a,b,c\n1,2.5,"x""y"\n2,3.5,""""\n',
        [(1, 2.5, 'x"y'), (2, 3.5, '"')],
    ),
    "blank lines": (b"a,b,c\n\n1,2.5,x\n\n\n2,3.5,y\n\n", [X, Y]),
    "blank lines, crlf": (b"a,b,c\r\n\r\n1,2.5,x\r\n\r\n2,3.5,y\r\n\r\n", [X, Y]),
    "blank lines before the header": (b"\n\r\na,b,c\n1,2.5,x\n", [X]),
    "blank lines after quotes": (b'a,b,c\n1,2.5,"x"\n\n2,3.5,"y"\n\n', [X, Y]),
    "nulls": (b"a,b,c\nNA,null,\n,,NA\n", [(None, None, None), (None, None, None)]),
    "quoted nulls": (b'a,b,c\n1,2.5,"NA"\n1,2.5,""\n', [(1, 2.5, None)] * 2),
    "empty": (b"", []),
    "header alone": (b"a,b,c\n", []),
    "header alone, no newline": (b"a,b,c", []),
    "blanks before numbers": (b"a,b,c\n 1, 2.5,x\n", [X]),
    "plus signs": (b"a,b,c\n+1,+2.5,x\n", [X]),
    "infinities": (
        b"a,b,c\n1,inf,x\n1,-inf,x\n",
        [(1, float("inf"), "x"), (1, float("-inf"), "x")],
    ),
    "too large for a float": (b"a,b,c\n1,1e400,x\n", [(1, float("inf"), "x")]),
    "cr alone": (b"a,b,c\r1,2.5,x\r2,3.5,y\r", [X, Y]),
    "cr alone, no end": (b"a,b,c\r\r1,2.5,x\r2,3.5,y", [X, Y]),
    "cr alone, quoted": (b'a,b,c\r1,2.5,"x\ry"\r2,3.5,y\r', [(1, 2.5, "x\ry"), Y]),
    "crlf, cut in its end": (b"a,b,c\r\n1,2.5,x\r", [X]),
    "cr in a field": (b"a,b,c\n1,2.5,x\ry\n", [(1, 2.5, "x\ry")]),
    "cr at the end of a field": (
        b"c,a,b\nx\r,1,2.5\r\n\r,2,3.5\r\n",
        [(1, 2.5, "x\r"), (2, 3.5, "\r")],
    ),
    "cr before crlf": (b"a,b,c\r\n1,2.5,x\r\r\n", [(1, 2.5, "x\r")]),
    "non-ascii": ("a,b,c\n1,2.5,žluť\n".encode(), [(1, 2.5, "žluť")]),
}

BAD = {
    "short row": (HEAD + b"1,2.5,x\n2,3.5\n", Reason.TOO_FEW_FIELDS),
    "cut last row": (HEAD + b"1,2.5,x\n2", Reason.TOO_FEW_FIELDS),
    "long row": (HEAD + b"1,2.5,x,y\n", Reason.TOO_MANY_FIELDS),
    "short and long row": (HEAD + b"1,2.5,x,y\n1,2.5\n", Reason.TOO_MANY_FIELDS),
    "trailing delimiter": (HEAD + b"1,2.5,x,\n", Reason.TOO_MANY_FIELDS),
    "no integer": (HEAD + b"1.9,2.5,x\n", Reason.BAD_VALUE),
    "integer over 64 bit": (HEAD + b"9223372036854775808,2.5,x\n", Reason.BAD_VALUE),
    "blank after an integer": (HEAD + b"7 ,2.5,x\n", Reason.BAD_VALUE),
    "blank after a float": (HEAD + b"7,2.5 ,x\n", Reason.BAD_VALUE),
    "cr behind an integer": (HEAD + b"7\r,2.5,x\n", Reason.BAD_VALUE),
    "no float": (HEAD + b"1,2.5.6,x\n", Reason.BAD_VALUE),
    "stray quote": (HEAD + b'1,2.5,"x\n2,3.5,y\n', Reason.BAD_QUOTE),
    "quote in a field": (HEAD + b'1,2.5,x"y\n2,3.5,y\n', Reason.BAD_QUOTE),
    "text after a quote": (HEAD + b'1,2.5,"x"y\n2,3.5,y\n', Reason.BAD_QUOTE),
    "latin-1": (HEAD + b"1,2.5,\xe9\n", Reason.BAD_ENCODING),
    "latin-1 header": (b"a,b,\xe9\n1,2.5,x\n", Reason.BAD_ENCODING),
    "utf-16": ("a,b,c\n1,2.5,x\n".encode("utf-16"), Reason.BAD_ENCODING),
    "utf-16 without a mark": ("a,b,c\n1,2.5,x\n".encode("utf-16-le"), Reason.NUL_BYTE),
    "nul": (HEAD + b"1,2.5,x\0y\n", Reason.NUL_BYTE),
    "nul in quotes": (HEAD + b'1,2.5,"x\0y"\n', Reason.NUL_BYTE),
    "no header": (b"1,2.5,x\n2,3.5,y\n", Reason.NO_HEADER),
    "duplicate column": (b"a,b,c,a\n1,2.5,x,1\n", Reason.DUPLICATE_COLUMN),
    "only blank lines": (b"\n\n", Reason.NO_HEADER),
}


@pytest.fixture(name="bench")
def bench_fixture(engine, tmp_path):
    return Bench(engine, tmp_path, ABC)


@pytest.mark.parametrize("case", GOOD)
def test_good_content_gives_its_rows(bench, case):
    """
    Every record is a row, with the values that the file has.
    """
    content, expected = GOOD[case]

    rows, (result,) = bench.rows(content)

    assert expected == rows
    assert (Outcome.READ, "") == (result.outcome, result.reason)
    assert (len(expected), len(expected), 0) == (
        result.rows_in,
        result.rows_out,
        result.rows_rejected,
    )


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_quarantined_and_its_neighbours_are_read(bench, case):
    """
    One bad file never stops another, and none of its rows is written.
    """
    content, reason = BAD[case]
    good = HEAD + b"1,2.5,x\n"

    rows, results = bench.rows(good, content, good)

    assert [X, X] == rows
    assert ["", reason, ""] == [result.reason for result in results]
    assert Outcome.QUARANTINED == results[1].outcome
    assert (0, 0) == (results[1].rows_in, results[1].rows_out)
    assert results[1].detail


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_quarantined_when_few_columns_are_used(engine, tmp_path, case):
    """
    Fields are counted also where the parser would not look at them.
    """
    content, reason = BAD[case]
    bench = Bench(
        engine,
        tmp_path,
        ABC,
        {
            "aggregate": {
                "group_by": ["a"],
                "metrics": {"b": ["b", "max"], "c": ["c", "count"]}
                if reason in (Reason.BAD_ENCODING, Reason.BAD_VALUE)
                else {},
            }
        },
    )
    members = [
        bench.put(f"f{i}.csv", c)
        for i, c in enumerate([HEAD + b"1,2.5,x\n", content, HEAD + b"1,2.5,\n"])
    ]

    found = bench.read(*members)
    (part,) = bench.engine.combine(bench.plan, [found.partial])

    assert ["", reason, ""] == [result.reason for result in found.members]
    assert 2 == part.rows_in


TYPES = {
    "int8": ({"127": 127, "-128": -128}, ["128", "-129", "1.0", "x"]),
    "uint8": ({"255": 255}, ["256", "-1"]),
    "uint64": ({"18446744073709551615": 2**64 - 1}, ["18446744073709551616"]),
    "float32": (
        {"1.5": 1.5, "-.5": -0.5, "5.": 5.0, "1e3": 1e3},
        ["1,5", "0x10", "1_0"],
    ),
    "bool": (
        {"true": True, "True": True, "TRUE": True, "false": False, "FALSE": False},
        ["1", "0", "t", "yes"],
    ),
    "date": (
        {"2026-02-28": dt.date(2026, 2, 28), "0001-01-01": dt.date(1, 1, 1)},
        [
            "2026-02-30",
            "2026-2-8",
            "28/02/2026",
            "20260228",
            "2026-02- 8",
            "+026-01-28",
        ],
    ),
    "decimal(5,2)": (
        {"1.2": Decimal("1.20"), "-999.99": Decimal("-999.99"), "+5.": Decimal(5)},
        ["1.234", "1000", "1e2", "x", " 1"],
    ),
    "decimal(3,0)": ({"12": Decimal(12)}, ["1.5", "1000"]),
    "timestamp": (
        {
            "2026-02-28T01:02:03": dt.datetime(2026, 2, 28, 1, 2, 3),
            "2026-02-28 01:02:03": dt.datetime(2026, 2, 28, 1, 2, 3),
            "2026-02-28T01:02": dt.datetime(2026, 2, 28, 1, 2),
            "2026-02-28T01:02:03.5": dt.datetime(2026, 2, 28, 1, 2, 3, 500000),
            "2026-02-28T01:02:03.123456": dt.datetime(2026, 2, 28, 1, 2, 3, 123456),
        },
        [
            "2026-02-28T01:02:03.1234567",
            "2026-02-28T01:02:03Z",
            "2026-02-28T01:02:03+05:30",
            "2026-02-28",
            "2026-02-28T24:00:00",
            "2026-02-28T25:02:03",
            "2026-02-28T01:02:60",
            "2026-02-30T01:02:03",
            "2026-2-28T01:02:03",
            "2026-02-28T 1:02:03",
            "1700000000",
        ],
    ),
    "timestamp(tz)": (
        {
            "2026-02-28T01:02:03Z": dt.datetime(2026, 2, 28, 1, 2, 3, tzinfo=dt.UTC),
            "2026-02-28T01:02:03+05:30": dt.datetime(
                2026, 2, 27, 19, 32, 3, tzinfo=dt.UTC
            ),
            "2026-02-28 01:02:03.25-0100": dt.datetime(
                2026, 2, 28, 2, 2, 3, 250000, tzinfo=dt.UTC
            ),
        },
        ["2026-02-28T01:02:03", "2026-02-28T01:02:03 UTC"],
    ),
    "string": ({"007": "007", " x ": " x "}, []),
}
VALUES = [
    (t, text, value) for t, (good, _) in TYPES.items() for text, value in good.items()
]
MISFITS = [(t, text) for t, (_, bad) in TYPES.items() for text in bad]


@pytest.mark.parametrize(("column_type", "text", "expected"), VALUES)
def test_a_value_is_read_exactly(engine, tmp_path, column_type, text, expected):
    """
    Declared types take what is theirs, unchanged; nulls stay nulls.
    """
    bench = Bench(engine, tmp_path, {"k": "int64", "v": column_type})

    rows, _ = bench.rows(f"k,v\n1,{text}\n2,\n".encode())

    assert [(1, expected), (2, None)] == rows


@pytest.mark.parametrize(("column_type", "text"), MISFITS)
def test_a_value_that_does_not_fit_is_no_guess(engine, tmp_path, column_type, text):
    """
    Whatever stands before it, a value of another form is a bad_value with its place.
    """
    first = next(iter(TYPES[column_type][0]))
    bench = Bench(engine, tmp_path, {"k": "int64", "v": column_type})

    rows, (result,) = bench.rows(f'k,v\n1,{first}\n2,"{text}"\n'.encode())

    assert [] == rows
    assert Reason.BAD_VALUE == result.reason
    assert "record 2" in result.detail
    assert "'v'" in result.detail


def test_mixed_forms_of_timestamps_are_all_read(engine, tmp_path):
    """
    The form of the first value is an expectation, not a rule.
    """
    texts = list(TYPES["timestamp"][0])
    bench = Bench(engine, tmp_path, {"k": "int64", "v": "timestamp"})

    rows, _ = bench.rows(b"k,v\n" + b"".join(f"1,{t}\n".encode() for t in texts))

    assert [(1, value) for value in TYPES["timestamp"][0].values()] == rows


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("2026-02-28T01:02:03.123456789", 123456789),
        ("2026-02-28 01:02:03.5", 500000000),
    ],
)
def test_nanoseconds_are_kept(engine, tmp_path, text, nanoseconds):
    """
    timestamp(ns) has nine digits.
    """
    bench = Bench(engine, tmp_path, {"v": "timestamp(ns)", "k": "int64"})
    found = bench.read(bench.put("f.csv", f"v,k\n{text},1\n".encode()))

    value = frame_of(found.parts)["v"].dt.nanosecond()[0]
    assert nanoseconds == value


@pytest.mark.parametrize("text", ["1500-01-01T00:00:00", "2500-01-01T00:00:00"])
def test_nanoseconds_out_of_range_are_no_other_year(engine, tmp_path, text):
    """
    What an int64 of nanoseconds cannot hold is a bad value, not a wrapped one.
    """
    bench = Bench(engine, tmp_path, {"v": "timestamp(ns)", "k": "int64"})

    _, (result,) = bench.rows(f"v,k\n{text},1\n".encode())

    assert Reason.BAD_VALUE == result.reason


def test_a_long_record_is_refused(engine, tmp_path):
    """
    max_line_bytes holds for plain and quoted records alike.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"max_line_bytes": 1000}})
    long = b"x" * 2000

    _, results = bench.rows(
        HEAD + b"1,2.5," + long + b"\n1,2.5,x\n", HEAD + b'1,2.5,"' + long + b'"\n'
    )

    assert [Reason.LINE_TOO_LONG] * 2 == [result.reason for result in results]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_final_newline_can_be_required(engine, tmp_path, end):
    """
    With final_newline = "require" a last record without one may have been cut.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"final_newline": "require"}})

    _, (result,) = bench.rows(HEAD + b"1,2.5,x" + end)

    assert ("" if end else Reason.NO_FINAL_NEWLINE) == result.reason


def test_without_a_header_names_come_from_the_schema(engine, tmp_path):
    """
    header = false: the first record is data.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"header": False}})

    rows, results = bench.rows(b"1,2.5,x\n", b"", b"2,3.5,y\n\n1,2.5,x")

    assert [X, Y, X] == rows
    assert [1, 0, 2] == [result.rows_in for result in results]


def test_an_empty_field_is_a_value_when_it_marks_no_null(engine, tmp_path):
    """
    Without "" among the nulls an empty text is text, and an empty integer is none.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"nulls": ["NA"]}})

    rows, results = bench.rows(HEAD + b"1,2.5,\n1,NA,NA\n", HEAD + b",2.5,x\n")

    assert [(1, 2.5, ""), (1, None, None)] == rows
    assert ["", Reason.BAD_VALUE] == [result.reason for result in results]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("marker", ["NA", "-999", "nan", "true", "2026-01-01"])
@pytest.mark.parametrize(
    ("column_type", "value"),
    [
        ("int64", "1"),
        ("float64", "2.5"),
        ("bool", "false"),
        ("date", "2026-02-28"),
        ("string", "x"),
    ],
)
def test_a_marker_is_null_in_every_column(
    engine, tmp_path, column_type, value, marker, late
):
    """
    Also one that could be read as a value, and one that first comes late.
    """
    schema = {"v": column_type, "k": "string"}
    bench = Bench(engine, tmp_path, schema, {"csv": {"nulls": ["", marker]}})
    before = 2000 if late else 0
    content = "v,k\n" + f"{value},a\n" * before + f"{marker},a\n,a\n"

    rows, (result,) = bench.rows(content.encode())

    assert "" == result.reason
    assert [(None, "a")] * 2 == rows[before:]


def test_other_words_for_true_and_false(engine, tmp_path):
    """
    true_values and false_values are all there is.
    """
    words = {"true_values": ["yes"], "false_values": ["no"]}
    bench = Bench(engine, tmp_path, {"v": "bool", "k": "int64"}, {"csv": words})

    rows, results = bench.rows(b"v,k\nyes,1\nno,2\n,3\n", b"v,k\ntrue,1\n")

    assert [(True, 1), (False, 2), (None, 3)] == rows
    assert Reason.BAD_VALUE == results[1].reason


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters(engine, tmp_path, delimiter):
    """
    The delimiter is the configured one.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"delimiter": delimiter}})

    rows, _ = bench.rows((HEAD + b"1,2.5,x\n").replace(b",", delimiter.encode()))

    assert [X] == rows


def test_without_quotes_a_quote_is_text(engine, tmp_path):
    """
    quote = "" means none.
    """
    bench = Bench(engine, tmp_path, ABC, {"csv": {"quote": ""}})

    rows, _ = bench.rows(HEAD + b'1,2.5,"x\n2,3.5,y"z\n')

    assert [(1, 2.5, '"x'), (2, 3.5, 'y"z')] == rows


def test_one_column(engine, tmp_path):
    """
    With one column a blank line is no record, and a second field is one too many.
    """
    bench = Bench(engine, tmp_path, {"v": "int64"})

    rows, results = bench.rows(b"v\n1\n\n2\n", b"v\n1,2\n", b"v\n3\n")

    assert [(1,), (2,), (3,)] == rows
    assert ["", Reason.TOO_MANY_FIELDS, ""] == [result.reason for result in results]
