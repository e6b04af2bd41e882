"""
The careful reading against the reference reader, however a text is cut.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from ingestd.errors import Reason
from ingestd.run.faults import Fault
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import plain_for
from ingestd.run.text.sieve import HARD, Sieve, TooMany
from ingestd.run.text.unsound import Rules
from tests.fuzz.reference import lines_of
from tests.fuzz.sifting import MANY, expected, opened, sieved, sifted
from tests.fuzz.texts import bounded, dialects_and_texts, written

PLAIN = Dialect(b",", b'"')
SIZES = st.sampled_from([1, 2, 3, 5, 8, 13, 4096])


def rules_of(fields: int, **changes) -> Rules:
    return Rules(fields, MANY, **changes)


@bounded(100)
@given(dialects_and_texts(), st.integers(1, 3), st.booleans(), SIZES)
def test_any_bytes_are_rows_or_set_aside(pair, fields, whole_end, size):
    """
    Whatever the bytes and the windows: rows, rejects, places and reasons are those of
    the reference.
    """
    dialect, text = pair
    rules = rules_of(fields, whole_end=whole_end)

    found = sifted(text, dialect, rules, size)

    assert expected(text, dialect, rules) == found


@bounded(100)
@given(written(), SIZES)
def test_a_table_comes_back(case, size):
    """
    A table that was written in a dialect, in any way that the dialect allows, is what
    is read, and nothing of it is set aside.
    """
    dialect, table, text = case

    found = sifted(text, dialect, rules_of(len(table[0]) if table else 1), size)

    assert table == found.rows
    assert [] == found.aside


@bounded(80)
@given(written(), st.data())
def test_a_table_with_a_wrong_byte_loses_no_record(case, data):
    """
    Also of text that is nearly sound: a byte is dropped, put in or another one.
    """
    dialect, table, text = case
    assume(text)
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(
        st.sampled_from([b"", b'"', b"'", b"\\", b"\n", b"\r", b",", b"|"])
    )
    gone = data.draw(st.integers(0, 1))
    text = text[:at] + byte + text[at + gone :]
    rules = rules_of(len(table[0]))

    found = sifted(text, dialect, rules, data.draw(SIZES))

    assert expected(text, dialect, rules) == found


@bounded(80)
@given(dialects_and_texts(), st.integers(1, 3), st.data())
def test_nothing_is_carried_over_a_record_border(pair, fields, data):
    """
    Reading from any record border on gives what reading from the beginning gives there:
    slices, and re-readings, rest on it.
    """
    dialect, text = pair
    rules = rules_of(fields)
    borders = [line.start for line in lines_of(text, dialect)]
    assume(borders)
    start = data.draw(st.sampled_from(borders))

    whole = sifted(text, dialect, rules, 4096)
    head = sifted(text[:start], dialect, rules, 4096)
    tail = sifted(text, dialect, rules, 4096, start)

    assert whole.rows == head.rows + tail.rows
    assert whole.aside == head.aside + [
        (record + head.records, line + head.lines, *rest)
        for record, line, *rest in tail.aside
    ]


@bounded(80)
@given(dialects_and_texts(), st.integers(1, 3), st.data(), SIZES)
def test_a_text_in_slices_is_the_same_text(pair, fields, data, size):
    """
    Each slice takes the records that begin before its border, and begins where the one
    before it stopped; together they are the whole.
    """
    dialect, text = pair
    rules = rules_of(fields)
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=3)))
    written_whole, whole = sieved(text, dialect, rules, 4096)

    begin, pieces, aside, rows, lines = 0, [], [], 0, 0
    with opened(text) as fd:
        for until in [*borders, len(text)]:
            part = Sieve(dialect, plain_for(dialect, fd, 0, len(text)), rules)
            pieces += part.pieces(fd, begin, len(text), until=until, size=size)
            aside += [(a.record + rows + len(aside), a.raw) for a in part.aside]
            begin, rows, lines = part.stop, rows + part.rows, lines + part.lines

    assert (len(text), whole.rows, whole.lines) == (begin, rows, lines)
    assert [a.raw for a in whole.aside] == [raw for _, raw in aside]
    assert written_whole == b"".join(pieces)


def test_a_crlf_between_two_windows_is_one_line_end():
    """
    Where CR alone ends a line too, line numbers do not depend on the windows.
    """
    dialect = Dialect(b",", b'"', returns=True)
    text = b'a\r\n"b"x\r\nc,d\r\n'

    for size in range(1, 16):
        found = sifted(text, dialect, rules_of(1), size)
        assert [2, 3] == [line for _, line, *_ in found.aside], size


@pytest.mark.parametrize("end", [b"", b"\r", b"\\\n", b"\\\r"])
def test_only_a_line_end_ends_the_last_record(end):
    """
    Half a CRLF, or a newline that is escaped, ends no line: something was cut.
    """
    dialect = Dialect(b",", b'"', escape=b"\\")

    found = sifted(b"a,b\nc,d" + end, dialect, rules_of(2, whole_end=True), 100)

    assert [[b"a", b"b"]] == found.rows
    assert [Reason.NO_FINAL_NEWLINE] == [reason for *_, reason, _ in found.aside]


def test_an_escaped_return_is_kept():
    """
    The CR before a line end is part of it, unless it is escaped.
    """
    dialect = Dialect(b",", b'"', escape=b"\\")

    found = sifted(b"a,b\\\r\nc,d\r\ne,f\\\r", dialect, rules_of(2), 100)

    assert [[b"a", b"b\r"], [b"c", b"d"], [b"e", b"f\r"]] == found.rows


def test_a_quote_behind_an_escaped_one_is_out_of_place():
    """
    Two quotes are one only where the first one closes: a bare field's does not.
    """
    dialect = Dialect(b",", b'"', escape=b"\\")
    text = b'x\\""y,z",2\n'

    assert [Reason.BAD_QUOTE] == [
        reason for *_, reason, _ in sifted(text, dialect, rules_of(2), 100).aside
    ]


def test_a_null_mark_is_a_whole_field():
    """
    An escape and N are the null mark only if nothing else is in the field.
    """
    dialect = Dialect(b",", b'"', escape=b"\\", skip_blanks=True, escaped_null=True)
    text = b"\\N\rx,\\N\n  \\N,\\N\r\n"

    found = sifted(text, dialect, rules_of(2), 100)

    assert [[b"N\rx", b"\\N"], [b"\\N", b"\\N"]] == found.rows


def test_a_record_of_blanks_is_a_record():
    """
    Blanks that belong to no field leave an empty one, also at the very end.
    """
    dialect = Dialect(b",", b'"', skip_blanks=True)

    assert [[b""], [b""]] == sifted(b"  \n ", dialect, rules_of(1), 100).rows


LONG = Dialect(b",", b'"', comment=b"#", max_line_bytes=10)


@pytest.mark.parametrize("size", [1, 64, 200])
def test_a_line_without_an_end_is_passed(size):
    """
    Only its beginning is kept, and the next line is a record.
    """
    text = b"a,b\n" + b"x" * 300 + b"\nc,d\n"

    found = sifted(text, LONG, rules_of(2), size)

    assert [[b"a", b"b"], [b"c", b"d"]] == found.rows
    ((record, line, offset, reason, raw),) = found.aside
    assert (2, 2, 4, Reason.LINE_TOO_LONG) == (record, line, offset, reason)
    assert b"x" * 10 == raw[:10]


def test_rows_within_the_quotes_of_an_endless_line_are_not_invented():
    """
    Behind all that may be looked at a line end may be one in quotes: the file is at
    fault, and no row is made of a part of a field.
    """
    text = b"x" * 2 * HARD * 10 + b',"y\n1,2\n",z\n'

    with pytest.raises(Fault) as fault:
        sifted(text, LONG, rules_of(2), 16)

    assert Reason.LINE_TOO_LONG == fault.value.reason


def test_a_comment_without_an_end_is_no_record():
    """
    However long it is.
    """
    text = b"a,b\n#" + b"x" * 300 + b"\nc,d\n"

    for size in (1, 64, 200):
        found = sifted(text, LONG, rules_of(2), size)
        assert ([[b"a", b"b"], [b"c", b"d"]], []) == (found.rows, found.aside)


def test_a_quote_that_is_never_closed_is_a_fault():
    """
    If the text goes on for long behind it.
    """
    with pytest.raises(Fault) as fault:
        sifted(b'a,"' + b"x\n" * 200, LONG, rules_of(2), 16)

    assert Reason.BAD_QUOTE == fault.value.reason


def test_the_limit_is_the_number_of_rejects_allowed():
    """
    The next one raises, and is told.
    """
    with opened(b"1\n2\n3\n") as fd:
        sieve = Sieve(PLAIN, plain_for(PLAIN, fd, 0, 6), Rules(2, 2))
        with pytest.raises(TooMany) as raised:
            list(sieve.pieces(fd, 0, 6, size=1))

    assert 2 == len(sieve.aside)
    assert (3, b"3") == (raised.value.last.record, raised.value.last.raw)
