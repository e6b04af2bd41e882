"""
A case for the splitter from any bytes, and what must hold of it.

The bytes choose a dialect, what is expected of the records, windows, borders, and
pieces of text that mean something in the dialect: so most changes of a byte are another
text that is nearly sound.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestd.run.text.count import count
from ingestd.run.text.dialect import Dialect
from ingestd.run.text.emit import plain_for
from ingestd.run.text.sieve import Sieve
from ingestd.run.text.unsound import Rules
from tests.fuzz.reference import lines_of
from tests.fuzz.sifting import MANY, expected, opened, plain_rows, sieved, sifted
from tests.fuzz.texts import marks_of, some_dialects

HEAD = 6
SIZES = (1, 2, 3, 5, 8, 13, 64, 4096)


@dataclass(frozen=True, slots=True)
class Split:
    """
    A *text*, how it is looked at, and *borders* between its slices.
    """

    dialect: Dialect
    rules: Rules
    size: int
    borders: tuple[int, ...]
    text: bytes


def split_of(data: bytes) -> Split:
    """
    Return the case that *data* stands for; each has one.
    """
    head, body = data[:HEAD].ljust(HEAD, b"\0"), data[HEAD:]
    dialects = some_dialects()
    dialect = dialects[int.from_bytes(head[:2]) % len(dialects)]
    pieces = marks_of(dialect)
    text = b"".join(pieces[byte % len(pieces)] for byte in body)
    rules = Rules(1 + head[2] % 4, MANY, whole_end=head[2] > 127)
    borders = sorted({place * len(text) // 256 for place in head[4:HEAD]})
    size = SIZES[head[3] % len(SIZES)]
    return Split(dialect, rules, size, tuple(borders), text)


def check(split: Split) -> None:
    """
    Raise AssertionError unless the records of *split* are those of the reference: read
    in windows, in slices, and counted.
    """
    dialect, text, rules = split.dialect, split.text, split.rules
    wanted = expected(text, dialect, rules)
    assert wanted == sifted(text, dialect, rules, split.size)
    _check_slices(split)
    _check_count(split)


def _check_slices(split: Split) -> None:
    """
    Slices lose and double nothing, wherever their borders lie.
    """
    dialect, text, rules = split.dialect, split.text, split.rules
    written, whole = sieved(text, dialect, rules, MANY)
    begin, pieces, raws, rows, lines = 0, [], [], 0, 0
    with opened(text) as fd:
        for until in (*split.borders, len(text)):
            part = Sieve(dialect, plain_for(dialect, fd, 0, len(text)), rules)
            pieces += part.pieces(fd, begin, len(text), until=until, size=split.size)
            raws += [(aside.offset, aside.raw) for aside in part.aside]
            begin, rows, lines = part.stop, rows + part.rows, lines + part.lines
    assert (len(text), whole.rows, whole.lines) == (begin, rows, lines)
    assert [(aside.offset, aside.raw) for aside in whole.aside] == raws
    assert written == b"".join(pieces)


def _check_count(split: Split) -> None:
    """
    A text that the count calls clean has so many records, each of the right length, and
    nothing else: a parser may have it as it is.
    """
    dialect, text, fields = split.dialect, split.text, split.rules.fields
    if not dialect.plain:
        return
    for exact in (False, True):
        found = count(text, 0, len(text), dialect, fields, exact=exact)
        if not found.clean:
            continue
        lines = list(lines_of(text, dialect))
        assert found.records == len(lines), exact
        assert all(line.sound and line.fields is not None for line in lines), exact
        # Sums alone may take a short and a long record for two that are right.
        if found.exact:
            assert {fields} >= {len(line.fields or ()) for line in lines}
            kept = [line.fields for line in lines]
            assert kept == plain_rows(_ended(text), dialect)


def _ended(text: bytes) -> bytes:
    return text if not text or text.endswith(b"\n") else text + b"\n"
