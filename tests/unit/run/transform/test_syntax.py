"""
Where a message about an expression points to.
"""

from __future__ import annotations

import pytest

from ingestd.run.transform.check import checked
from ingestd.run.transform.sql.parse import parse
from ingestd.run.transform.syntax import ExpressionError
from ingestd.run.transform.tree import Column

SCOPE = {
    name: Column(name, kind)
    for name, kind in {
        "a": "int32",
        "b": "bool",
        "s": "string",
        "ts": "timestamp",
        "temp": "float64",
        "größe": "int32",
        "日": "int32",
    }.items()
}


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        checked(parse(text), text, SCOPE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tmep > -50", "tmep"),
        ("größe + tmep", "tmep"),
        ("'日本語' = s and 日 + tmep > 1", "tmep"),
        ("s = '\U0001f600' and tmep", "tmep"),
        ("a +\n  b + 1", "b"),
        ("a\t+ tmep", "tmep"),
        ("date_trunc('huor', ts)", "'huor'"),
        ("extract(huor from ts)", "huor"),
        ("ts at time zone 'Europe/Berln'", "'Europe/Berln'"),
        ("time_bucket(interval '5 parsecs', ts)", "interval"),
        ("1 + lowwer(s)", "lowwer"),
        ("a > 1 and now() > ts", "now"),
        ("a = 1 or current_date is null", "current_date"),
        ("lower(a)", "a)"),
        ("a + b", "b"),
        ("a = s", "="),
        ("(a + 1) * 2 < s", "<"),
        ("case when a then 1 end", "a then"),
        ("case when b then 1 else s end", "1 else"),
        ("cast(s as foo)", "foo"),
        ("s::foo", "foo"),
        ("cast(temp as varchar)", "varchar"),
        ("cast('2026-02-30' as date)", "'2026"),
        ("a b", "b"),
        ("a as b", "as"),
        ("a in (1, s)", "s"),
        ("round(temp, a)", "a)"),
        ("date_trunc('day', ts, 'UTC')", ", 'UTC'"),
        ("a ** 2", "**"),
        ("s ~ 'x'", "~"),
        ("'open", "'open"),
        ("s = 'it''s", "'s"),
        ("regexp_matches(s, 'a(')", "'a('"),
        ("s like 'x' escape 'ab'", "'ab'"),
        ("a > 99999999999999999999", "9999"),
    ],
)
def test_place(text, place):
    """
    A message points to the character where what is wrong begins, whatever is before it.
    """
    assert text.index(place) == refusal(text).at


@pytest.mark.parametrize(
    ("text", "line", "caret"),
    [
        ("tmep", "    tmep", "    ^"),
        ("größe + tmep", "    größe + tmep", "            ^"),
        ("日 + tmep", "    日 + tmep", "         ^"),
        ("a\t+ tmep", "    a\t+ tmep", "     \t  ^"),
        ("a > 1\n  and tmep", "      and tmep", "          ^"),
        ("s = 'e\u0301' and tmep", "    s = 'e\u0301' and tmep", "                ^"),
    ],
)
def test_caret(text, line, caret):
    """
    The caret stands below that character on a terminal: wide ones take two places,
    accents that follow a letter none, and tabs stay tabs.
    """
    assert [line, caret] == str(refusal(text)).split("\n")[-2:]


def test_cut_off():
    """
    Where something is missing at the end, the caret is behind the last word.
    """
    error = refusal("a > (1 + ")
    assert ("the expression is cut off", 8) == (error.message, error.at)


def test_long_expression():
    """
    A place is right far from the beginning, too.
    """
    text = " + ".join(["a"] * 60) + " + 1 2"
    assert len(text) - 1 == refusal(text).at


@pytest.mark.parametrize(
    "name", ["now", "random", "uuid", "current_timestamp", "today"]
)
def test_changing_functions(name):
    """
    A function that gives another answer when a batch is tried again is refused by name.
    """
    text = name if name == "current_timestamp" else f"{name}()"
    message = f"{name} is refused: a retry must give the same answer"
    assert message == refusal(f"{text} is null").message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tmep", "no column 'tmep'; did you mean 'temp'?"),
        ("flor(temp)", "no function flor; did you mean floor?"),
        ("sum(a)", "sum is of many rows; see [pipelines.aggregate.metrics]"),
        (
            "cast(a as int8)",
            "int8 is 8 bytes in SQL and 8 bits here; write bigint or tinyint",
        ),
        ("substr(s)", "expected substr(text, start) or substr(text, start, length)"),
        ("ts = '2026-02-30'", "no such moment: day is out of range for month"),
        ("ts + 1", "no + of timestamp and int32; expected interval '…'"),
    ],
)
def test_messages(text, message):
    """
    A message says what was expected, with the nearest name.
    """
    assert message == refusal(text).message


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-- nothing",
        "select 1",
        "a; b",
        "a in (select 1)",
        "(select a)",
        "a[1]",
        "{'x': a}",
        "[a]",
        "$1",
        "?",
        ":a",
        "a.b",
        "*",
        "count(*)",
        "sum(a) over ()",
        "a = any(b)",
        "x'41'",
        "e'a'",
        "$$a$$",
        '"a',
        "+a",
        ".5",
        "1.",
        "1_000",
        "0x1F",
        "interval '1 day'",
        "null",
        "if(b, 1, 2)",
        "a is distinct from 1",
        "s ilike 'x'",
        "s similar to 'x'",
        "trim(both 'x' from s)",
        "substring(s from 2)",
        "try_cast(s as int)",
        "coalesce()",
        "date_trunc(s, ts)",
        "s like s",
        "replace(s, s, 'x')",
        "s collate nocase",
        "lambda x: x",
        "(" * 200 + "a" + ")" * 200,
        "a" + " + a" * 3000,
        "not " * 300 + "b",
    ],
)
def test_refused(text):
    """
    What is not in the list is refused, never read as something else or in part.
    """
    refusal(text)
