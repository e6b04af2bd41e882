"""
Lines of JSON as data: what each is read as, or why it is set aside.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from ingestd.errors import Reason

# name: a column's type, JSON values, what they are
VALUES = {
    "integers are exact": (
        "int64",
        ["9007199254740993", "-9223372036854775808", "-0", '"12"', "null"],
        [9007199254740993, -9223372036854775808, 0, 12, None],
    ),
    "unsigned integers are exact": (
        "uint64",
        ["18446744073709551615"],
        [18446744073709551615],
    ),
    "decimals are never floats": (
        "decimal(20,2)",
        ["1.10", "123456789012345678.91", "7", '"-1.1"', "1.100"],
        [
            Decimal(text)
            for text in ("1.10", "123456789012345678.91", "7", "-1.1", "1.1")
        ],
    ),
    "floats": (
        "float64",
        ["1", "1.5", "1e3", "-1E-2", '"2.5"', "1e400", '"nan"'],
        [1.0, 1.5, 1000.0, -0.01, 2.5, float("inf"), float("nan")],
    ),
    "booleans, and their words": (
        "bool",
        ["true", "false", "null", '"TRUE"', '"False"'],
        [True, False, None, True, False],
    ),
    "dates": ("date", ['"2026-02-28"', "null"], [date(2026, 2, 28), None]),
    "timestamps": (
        "timestamp(tz)",
        ['"2026-02-28T01:02:03Z"', '"2026-02-28T03:02:03.5+02:00"'],
        [
            datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC),
            datetime(2026, 2, 28, 1, 2, 3, 500000, tzinfo=UTC),
        ],
    ),
    "strings are what they say": (
        "string",
        ['""', '"NA"', '"null"', '" a "', '"a,b\\"c\\\\"', '"\\r\\n"'],
        ["", "NA", "null", " a ", 'a,b"c\\', "\r\n"],
    ),
    "escapes are characters": (
        "string",
        ['"\\u00e9\\ud83d\\ude00\\/\\t"', '"žluť"', '"\\u2028"'],
        ["é😀/\t", "žluť", "\u2028"],
    ),
    "other values of a string are their text": (
        "string",
        ["1.10", "true", '{"a" : [1.0, "x\\"y"]}', "[]", "null"],
        ["1.10", "true", '{"a" : [1.0, "x\\"y"]}', "[]", None],
    ),
}

# name: a column's type, JSON values that it does not take
REFUSED = {
    "an integer with a point": ("int64", "1.0"),
    "an integer with an exponent": ("int64", "1e3"),
    "an integer beyond 64 bit": ("int64", "9223372036854775808"),
    "a text for an integer": ("int64", '"x"'),
    "an empty text for an integer": ("int64", '""'),
    "a boolean for an integer": ("int64", "true"),
    "an integer for a boolean": ("bool", "1"),
    "a digit that a decimal would lose": ("decimal(10,2)", "1.105"),
    "an object for an integer": ("int64", '{"a":1}'),
    "an array for a float": ("float64", "[1]"),
    "an array for a timestamp": ("timestamp", "[2026]"),
    "a number for a date": ("date", "20260228"),
}

# name: a line of bytes, the reason
UNSOUND = {
    "no JSON": (b"x,y", Reason.BAD_JSON),
    "an array": (b'[{"v":1}]', Reason.BAD_JSON),
    "a bare value": (b"7", Reason.BAD_JSON),
    "half an object": (b'{"v":1', Reason.BAD_JSON),
    "two objects": (b'{"v":1}{"v":2}', Reason.BAD_JSON),
    "something behind": (b'{"v":1} x', Reason.BAD_JSON),
    "a trailing comma": (b'{"v":1,}', Reason.BAD_JSON),
    "quotes of another kind": (b"{'v':1}", Reason.BAD_JSON),
    "NaN": (b'{"v":NaN}', Reason.BAD_JSON),
    "-Infinity in what nobody reads": (b'{"v":1,"w":[-Infinity]}', Reason.BAD_JSON),
    "a zero in front": (b'{"v":01}', Reason.BAD_JSON),
    "a control character": (b'{"v":"\x01"}', Reason.BAD_JSON),
    "a tab in a string": (b'{"v":"\t"}', Reason.BAD_JSON),
    "a key twice": (b'{"v":1,"w":1,"v":2}', Reason.DUPLICATE_COLUMN),
    "a key twice, once escaped": (b'{"v":1,"\\u0076":2}', Reason.DUPLICATE_COLUMN),
    "a key twice, with blanks": (b'{"v" : 1,"v":":"}', Reason.DUPLICATE_COLUMN),
    "a key twice, with a tab": (b'{"v"\t:":","v":2}', Reason.DUPLICATE_COLUMN),
    "a key twice, nested ones too": (
        b'{"w":{"a":1},"v":1,"w":[]}',
        Reason.DUPLICATE_COLUMN,
    ),
    "no UTF-8": (b'{"v":"\xff"}', Reason.BAD_ENCODING),
    "no UTF-8 in what nobody reads": (b'{"v":1,"w":"\xe9"}', Reason.BAD_ENCODING),
    "half a character": (b'{"v":"\\ud800"}', Reason.BAD_ENCODING),
    "a NUL byte": (b'{"v":"\0"}', Reason.NUL_BYTE),
    "a NUL character": (b'{"v":"\\u0000"}', Reason.NUL_BYTE),
    "nested too deep": (
        b'{"v":' + b"[" * 5000 + b"]" * 5000 + b"}",
        Reason.BAD_JSON,
    ),
    "too long": (b'{"v":"' + b"x" * 20000 + b'"}', Reason.LINE_TOO_LONG),
    "far too long": (b'{"v":"' + b"x" * 400000 + b'"}', Reason.LINE_TOO_LONG),
}

# name: drift, lines, rows of the columns a and b, what is said
KEYS = {
    "the order of keys does not matter": (
        {},
        [b'{"a":1,"b":"x"}', b'{"b":"y","a":2}'],
        [(1, "x"), (2, "y")],
        "",
    ),
    "a key that is not there is null": (
        {},
        [b'{"a":1}', b'{"b":"y"}', b"{}"],
        [(1, None), (None, "y"), (None, None)],
        "",
    ),
    "a column that no record has": (
        {},
        [b'{"a":1}', b'{"a":2}'],
        [(1, None), (2, None)],
        "no 'b', null instead",
    ),
    "keys that the schema lacks": (
        {},
        [b'{"a":1,"b":"x","c":7}', b'{"d":null,"a":2,"b":"y"}'],
        [(1, "x"), (2, "y")],
        "'c', 'd' left out",
    ),
    "case and blanks": (
        {},
        [b'{"A":1," B ":"x"}', b'{"A":1,"a":2,"B":"y"}', b'{"A":1,"a ":2,"b":"z"}'],
        [(1, "x"), (2, "y"), (None, "z")],
        "'A', 'a ' left out",
    ),
    "case, where it matters": (
        {"match_case": True},
        [b'{"A":1,"b":"x"}', b'{"a":2}'],
        [(None, "x"), (2, None)],
        "'A' left out",
    ),
    "blanks around everything": (
        {},
        [b'  { "a" : 1 ,\t"b" : "x" } \r', b"", b" \t\r", b'{"a":2,"b":"y"}\r'],
        [(1, "x"), (2, "y")],
        "",
    ),
    "a key with a dot": (
        {},
        [b'{"a":1,"b":"x","a.c":2}'],
        [(1, "x")],
        "'a.c' left out",
    ),
    "an escaped key": ({}, [b'{"\\u0061":1,"b":"x"}'], [(1, "x")], ""),
}
