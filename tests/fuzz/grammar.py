"""
Random expressions of the list, by category: most are well typed, the rest is refused.

In a production, ``<number>`` and the like are operands, ``<unit>`` and the like words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.fuzz.rows import WORDS, Chooser

NUMBER = (
    "<number> <operator> <number>",
    "<number> <operator> <number>",
    "<number> <operator> <literal>",
    "- <number>",
    "abs(<number>)",
    "round(<number>)",
    "round(<number>, <places>)",
    "round(<rounded>, <tens>)",
    "<whole>(<number>)",
    "mod(<number>, <number>)",
    "cast(<number> as <integer>)",
    "cast(<number> as <float>)",
    "cast(<number> as <decimal>)",
    "cast(b as <integer>)",
    "cast(b as <float>)",
    "text_int::<integer>",
    "text_float::<float>",
    "cast(text_decimal as <exact>)",
    "extract(<field> from <moment>)",
    "date_part('<field>', <moment>)",
    "dt - <day>",
)
CONDITION = (
    "<number> <comparison> <number>",
    "<text> <comparison> <text>",
    "<moment> <comparison> <moment>",
    "<condition> and <condition>",
    "<condition> or <condition>",
    "<condition> and <condition>",
    "not <condition>",
    "<number> is <no>null",
    "<moment> is <no>null",
    "<condition> is <no>null",
    "<condition> is <no>true",
    "<condition> is <no>false",
    "<number> <no>in (<number>, <number>, <number>)",
    "<text> <no>in (<text>, <text>, null)",
    "<count> <no>in (<literal>, <literal>)",
    "<number> <no>between <number> and <number>",
    "<moment> <no>between <moment> and <moment>",
    "<text> <no>like <like>",
    "regexp_matches(<text>, <pattern>)",
    "regexp_matches(<text>, <pattern>, 'i')",
    "cast(<truth> as bool)",
    "<date> <comparison> '2024-02-29'",
)
TEXT = (
    "<case>(<text>)",
    "<trim>(<text>)",
    "<trim>(<text>, <characters>)",
    "substr(<text>, <position>)",
    "substr(<text>, <position>, <position>)",
    "replace(<text>, <needle>, <by>)",
    "concat(<text>, <plain>, <text>)",
    "concat(<text>, null)",
    "<text> || <text>",
    "<text> || <plain>",
    "cast(<plain> as varchar)",
)
MOMENT = (
    "date_trunc('<unit>', <moment>)",
    "time_bucket(interval '<width>', <moment>)",
    "time_bucket(interval '1 day 6 hours', <date>)",
    "time_bucket(interval '<width>', ts, timestamp '2001-02-03 04:05:06')",
    "<moment> at time zone '<zone>'",
    "tz at time zone '<zone>'",
    "ts at time zone '<zone>'",
    "<moment> <sign> interval '<shift>'",
    "dt <sign> <days>",
    "cast(<moment> as <temporal>)",
    "text_date::<temporal>",
    "text_moment::<clock>",
)
CHOICE = (
    "case when <condition> then {0} else {0} end",
    "case when <condition> then {0} when <condition> then {0} end",
    "case <count> when <literal> then {0} else {0} end",
    "coalesce({0}, {0})",
    "coalesce({0}, {0}, {0})",
)
PRODUCTIONS = {
    name: (*own, *(choice.format(f"<{name}>") for choice in CHOICE))
    for name, own in {
        "number": NUMBER,
        "condition": CONDITION,
        "text": TEXT,
        "moment": MOMENT,
    }.items()
}
INTEGERS = ("i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64")
_COLUMNS = (*INTEGERS, "f32", "f64", "g64", "d4", "d18", "d38", "d0")
LEAVES = {
    "number": (*_COLUMNS, *_COLUMNS, *["<literal>"] * 6),
    "condition": ("b", "c", "true", "false", "cast(null as bool)"),
    "text": ("s", "t", "s", "t", "<word>"),
    "moment": (
        *("ts", "us", "dt", "tz", "ns", "date '2024-02-29'"),
        "timestamp '1969-12-31 23:59:59.5'",
        "timestamptz '2026-03-29 02:30:00+02'",
    ),
}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


VOCABULARY = {
    "operator": ("+", "-", "*", "/", "//", "%", "+", "-", "*"),
    "comparison": ("=", "<>", "<", "<=", ">", ">=", "!=", "=="),
    "literal": (
        *("0", "1", "2", "-1", "3", "7", "10", "100", "127", "128", "-128", "255"),
        *("1000", "40000", "2147483647", "3000000000", "9223372036854775807"),
        *("0.5", "1.25", "0.05", "-2.5", "12345.678", "1e3", "1.5e-3"),
        "cast(null as int)",
    ),
    "places": ("-1", "0", "1", "2", "3", "5"),
    "tens": ("-4", "-3", "-2", "-1", "0"),
    "rounded": (*INTEGERS, "f32", "f64", "d18"),
    "whole": ("floor", "ceil", "ceiling"),
    "integer": (
        *("tinyint", "smallint", "int", "bigint"),
        *("utinyint", "uint16", "uint32", "ubigint"),
    ),
    "float": ("real", "double"),
    "decimal": tuple(f"decimal({p})" for p in ("4,2", "10,3", "18,6", "38,10", "5,0")),
    "exact": tuple(f"decimal({p})" for p in ("4,2", "18,6", "38,10")),
    "field": (
        *("year", "isoyear", "quarter", "month", "week", "day", "doy", "dow"),
        *("isodow", "hour", "minute", "second", "millisecond", "microsecond", "epoch"),
    ),
    "day": ("dt", "ts::date"),
    "no": ("", "", "not "),
    "count": INTEGERS,
    "truth": (*INTEGERS, "f64", "d18", "text_bool"),
    "date": ("ts", "dt", "us"),
    "like": (
        *map(quoted, ("%", "", "a%", "%c", "%b%", "a_c", "_", "%\u00e9_", "a%c")),
        *("'__%'", "'%!%%' escape '!'", "'%!_%' escape '!'", "'%!!%' escape '!'"),
    ),
    "pattern": tuple(
        map(
            quoted,
            (
                *(r"^a", r"b.c$", r"[a-c]+\d?", r"(?:ab|\.)c", r"\s", r"\w{2,3}"),
                *(r"^$", r"x\ny", r"[^a-z ]", r"a*?b", r"\bb", "\u00e9", r"\W\w"),
                r"[\d\s_-]",
            ),
        )
    ),
    "case": ("lower", "upper"),
    "trim": ("trim", "ltrim", "rtrim"),
    "characters": tuple(map(quoted, ("a", "ac", " ", "x\u00e9"))),
    "position": (*map(str, range(-4, 7)), "i8", "u8", "i32"),
    "needle": tuple(map(quoted, ("a", "bc", "\u00e9", "", "$1", "."))),
    "by": tuple(map(quoted, ("", "x", "$1", "aa"))),
    "plain": (*INTEGERS, "d18", "d0", "b", "dt", "ts", "tz", "ns", "s"),
    "word": tuple(map(quoted, WORDS)),
    "unit": (
        *("microsecond", "millisecond", "second", "minute", "hour", "day", "week"),
        *("month", "quarter", "year", "decade", "century", "millennium"),
    ),
    "width": (
        *("15 minutes", "1 hour", "7 days", "36 hours", "1 week", "10 seconds"),
        *("1 month", "5 months", "1 year", "250 milliseconds", "90 minutes"),
    ),
    "shift": ("1 hour", "7 days", "-1 month", "13 months", "1 year 1 day 90 minutes"),
    "zone": (
        *("Europe/Berlin", "America/New_York", "Asia/Kolkata"),
        *("Australia/Lord_Howe", "America/Sao_Paulo"),
    ),
    "sign": ("+", "-"),
    "days": ("1", "-1", "400", "-366", "i8", "i16"),
    "temporal": ("date", "timestamp", "timestamptz", "timestamp_ns"),
    "clock": ("timestamp", "timestamptz"),
}


class Dice:
    """
    Choices from pseudo-random numbers.
    """

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        self.pick = dice.choice
        self.number = dice.randint


def expression(chooser: Chooser, depth: int) -> str:
    """
    Return an expression of at most *depth* levels.
    """
    return _made(chooser, chooser.pick(tuple(PRODUCTIONS)), depth)


def _made(chooser: Chooser, category: str, depth: int) -> str:
    if depth <= 0 or chooser.number(0, 4) == 0:
        return _filled(chooser, chooser.pick(LEAVES[category]), depth)
    return _filled(chooser, chooser.pick(PRODUCTIONS[category]), depth)


def _filled(chooser: Chooser, template: str, depth: int) -> str:
    fill: Callable[[re.Match[str]], str] = lambda match: _part(  # noqa: E731
        chooser, match[1], depth
    )
    return re.sub(r"<(\w+)>", fill, template)


def _part(chooser: Chooser, name: str, depth: int) -> str:
    if name not in PRODUCTIONS:
        return _filled(chooser, chooser.pick(VOCABULARY[name]), depth)
    found = _made(chooser, name, depth - 1)
    # Without marks, the order of operations is at stake as well.
    return found if chooser.number(0, 3) == 0 else f"({found})"
